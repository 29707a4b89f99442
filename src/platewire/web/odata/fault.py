"""Errors in the OData format (JSON format 4.01, 21.1)."""

import msgspec
from starlette.responses import Response

HEADERS = {"odata-version": "4.0", "cache-control": "no-store"}


class Fault(Exception):
    """Ends the request. `target` is the invalid option or property."""

    def __init__(self, status: int, message: str, *, target: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.target = target


def bad_request(target: str, message: str) -> Fault:
    return Fault(400, message, target=target)


def answer(fault: Fault) -> Response:
    error = {"code": str(fault.status), "message": str(fault)}
    if fault.target:
        error["target"] = fault.target
    body = msgspec.json.encode({"error": error})
    return Response(body, fault.status, HEADERS, "application/json")
