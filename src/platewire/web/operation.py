"""One operation of the API: its place, its words, its types and its handler, and how it is called.

Checks come first and are the same for all: unknown, repeated or ill-typed parameters end the
request with a problem that names the parameter. Handlers only see values that fit their types.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from platewire.web.context import WebContext
from platewire.web.problem import ProblemError
from platewire.web.shapes import Nothing

BODY_BYTES_MAX = 64 * 1024

Q = TypeVar("Q", bound=Struct)


@dataclass(frozen=True, slots=True)
class Call(Generic[Q]):
    """One request to one operation, checked."""

    query: Q
    path: Mapping[str, Any]
    body: Any
    headers: Headers


@dataclass(frozen=True, slots=True)
class Answer:
    """One status an operation may answer with."""

    description: str
    type: Any = None
    """The type of the JSON body; None where there is none or it is no JSON."""
    media: str = "application/json"
    """Several, where there is no type, are separated by a comma and a space."""


Handler = Callable[[WebContext, Call[Any]], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    method: str
    path: str
    name: str
    """The operationId of OpenAPI."""
    summary: str
    tag: str
    handler: Handler
    answers: Mapping[int, Answer]
    query: type[Struct] = Nothing
    parts: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    """Type and description of each part in braces of the path."""
    body: type[Struct] | None = None
    upload: str = ""
    """Media type of a body that is no JSON and of any size; the handler gets it as it comes."""


async def call(operation: Operation, context: WebContext, request: Request) -> Response:
    checked: Call[Any] = Call(
        query=_query(operation.query, request),
        path={name: _part(operation, name, value) for name, value in request.path_params.items()},
        body=await _body(operation, request),
        headers=request.headers,
    )
    return await operation.handler(context, checked)


def _query(type_: type[Struct], request: Request) -> Struct:
    pairs = request.query_params.multi_items()
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise bad_parameter(twice, f"parameter {twice!r} is given more than once")
    try:
        return msgspec.convert(values, type_, strict=False)
    except msgspec.ValidationError as error:
        raise _explained(error, values, type_) from error


def _explained(
    error: msgspec.ValidationError, values: Mapping[str, str], type_: type[Struct]
) -> ProblemError:
    known = ", ".join(type_.__struct_fields__) or "none"
    if unknown := [name for name in values if name not in type_.__struct_fields__]:
        return bad_parameter(unknown[0], f"unknown parameter {unknown[0]!r}; known: {known}")
    name = _named(error)
    expected = str(error).partition(" - at ")[0]
    return bad_parameter(name, f"parameter {name} = {values.get(name)!r}: {expected}")


def _named(error: msgspec.DecodeError) -> str:
    found = re.search(r"at `\$\.([^`]+)`", str(error))
    return found.group(1) if found else ""


def _part(operation: Operation, name: str, value: str) -> Any:
    type_, _ = operation.parts[name]
    try:
        return msgspec.convert(value, type_, strict=False)
    except msgspec.ValidationError as error:
        raise bad_parameter(name, f"{name} = {value!r} in the path: {error}") from error


async def _body(operation: Operation, request: Request) -> Any:
    if operation.body is None and not operation.upload:
        return None
    wanted = operation.upload or "application/json"
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != wanted:
        what = "JSON" if not operation.upload else wanted
        raise ProblemError(
            415,
            "Wrong content type",
            f"the body must be {what}: send Content-Type: {wanted}, not {media!r}",
            parameter="Content-Type",
        )
    if operation.upload:
        return request.stream()
    try:
        return msgspec.json.decode(await limited_body(request), type=operation.body)
    except msgspec.DecodeError as error:
        raise bad_parameter(_named(error), f"the body does not fit: {error}") from error


async def limited_body(request: Request) -> bytes:
    """The whole body; a problem when it is longer than BODY_BYTES_MAX."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise ProblemError(
                413, "Body too long", f"send at most {BODY_BYTES_MAX} bytes", parameter="body"
            )
    return body


def bad_parameter(name: str, detail: str) -> ProblemError:
    return ProblemError(400, "Bad parameter", detail, parameter=name)
