"""API errors as RFC 9457 problem documents, and as HTML pages for browsers."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error in the form of RFC 9457 (`application/problem+json`)."""

    title: Annotated[str, Meta(description="Short summary of the type of problem")]
    status: Annotated[int, Meta(description="The HTTP status")]
    detail: Annotated[str, Meta(description="What is wrong in this request, and what to do")] = ""
    parameter: Annotated[str, Meta(description="The parameter, header or field that is wrong")] = ""


class ProblemError(Exception):
    """Ends the request with this problem."""

    def __init__(
        self, status: int, title: str, detail: str, *, parameter: str = "", **headers: str
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(title=title, status=status, detail=detail, parameter=parameter)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def problem_response(error: ProblemError) -> Response:
    return Response(
        msgspec.json.encode(error.problem),
        error.problem.status,
        {"cache-control": "no-store", **error.headers},
        "application/problem+json",
    )


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks, outside the API."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get(
        "accept", ""
    )
