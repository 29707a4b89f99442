"""Common responses of the handlers: JSON, the URL of the next page, 404."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from starlette.responses import Response

from platewire.web.problem import ProblemError

_encode = msgspec.json.Encoder().encode


def json(answer: object, status: int = 200) -> Response:
    return Response(_encode(answer), status, {"cache-control": "no-store"}, "application/json")


def next_page(path: str, query: Struct, direction: str, seq: int | str) -> str:
    given = {**msgspec.structs.asdict(query), direction: seq}
    parameters = {
        name: _spelled(value) for name, value in given.items() if value not in (None, False)
    }
    return f"{path}?{urlencode(parameters)}"


def _spelled(value: Any) -> str:
    return "true" if value is True else str(value)


def absent(name: str, detail: str) -> ProblemError:
    return ProblemError(404, "Not found", detail, parameter=name)
