"""One operation of the API: its place, its words, its types and its handler, and how it is called.

Checks come first and are the same for all: unknown, repeated or ill-typed parameters end the
request with a problem that names the parameter. Handlers only see values that fit their types.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from platewire.runtime import wrong_value
from platewire.runtime.site_time import parse_time
from platewire.web.api.shapes import Nothing
from platewire.web.context import WebContext
from platewire.web.problem import ProblemError

BODY_BYTES_MAX = 64 * 1024
"""Bytes of a JSON body, at most: above any request of this API, a bound on memory."""
BODY_SECONDS = 15.0
"""For all of such a body."""
PATTERNS = {"^[0-9a-f]{64}$": "use 64 hex digits in lower case"}
"""Rules in words for parameters, by their pattern."""

Q = TypeVar("Q", bound=Struct)


@dataclass(frozen=True, slots=True)
class Call(Generic[Q]):
    """One request to one operation, checked."""

    query: Q
    path: Mapping[str, Any]
    body: Any
    headers: Headers
    holder: str = ""
    """By which token it came; empty where none is needed."""
    head: bool = False
    """Nothing but the head of the answer is wanted."""


@dataclass(frozen=True, slots=True)
class ResponseSpec:
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
    answers: Mapping[int, ResponseSpec]
    query: type[Struct] = Nothing
    parts: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    """Type and description of each part in braces of the path."""
    body: type[Struct] | None = None
    upload: tuple[str, ...] = ()
    """Media types of a body that is no JSON and of any size; the handler gets it as it comes."""


async def call(operation: Operation, context: WebContext, request: Request) -> Response:
    checked: Call[Any] = Call(
        query=_query(operation.query, request),
        path={name: _part(operation, name, value) for name, value in request.path_params.items()},
        body=await _body(operation, request),
        headers=request.headers,
        holder=getattr(request.state, "holder", ""),
        head=request.method == "HEAD",
    )
    return await operation.handler(context, checked)


def _query(type_: type[Struct], request: Request) -> Struct:
    pairs = request.query_params.multi_items()
    values: dict[str, Any] = dict(pairs)
    several = _repeatable(type_)
    names = [name for name, _ in pairs if name not in several]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise bad_parameter(twice, f"parameter {twice!r} is given more than once")
    for name in several & values.keys():
        values[name] = [value for given, value in pairs if given == name]
    try:
        return msgspec.convert(values, type_, strict=False)
    except msgspec.ValidationError as error:
        raise _explained(error, values, type_) from error


@lru_cache
def _repeatable(type_: type[Struct]) -> frozenset[str]:
    """Parameters that may be given more than once: those of a tuple."""
    hints = get_type_hints(type_)
    return frozenset(name for name, hint in hints.items() if get_origin(hint) is tuple)


def _explained(
    error: msgspec.ValidationError, values: Mapping[str, Any], type_: type[Struct]
) -> ProblemError:
    known = ", ".join(type_.__struct_fields__) or "none"
    if unknown := [name for name in values if name not in type_.__struct_fields__]:
        return bad_parameter(unknown[0], f"unknown parameter {unknown[0]!r}; known: {known}")
    wrong = wrong_value.find(error, values, type_)
    if not wrong.path:
        missing = wrong_value.missing_field(error)
        return bad_parameter("", f"missing parameter {missing!r}; known: {known}")
    name = wrong.path.partition("[")[0]
    return bad_parameter(name, f"parameter {name}: {wrong_value.words(wrong, PATTERNS)}")


def _part(operation: Operation, name: str, value: str) -> Any:
    type_, _ = operation.parts[name]
    try:
        return msgspec.convert(value, type_, strict=False)
    except msgspec.ValidationError as error:
        wrong = wrong_value.find(error, value, type_)
        said = wrong_value.words(wrong, PATTERNS)
        raise bad_parameter(name, f"{name} in the path: {said}") from error


async def _body(operation: Operation, request: Request) -> Any:
    if operation.body is None and not operation.upload:
        return None
    wanted = operation.upload or ("application/json",)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in wanted:
        kinds = " or ".join(wanted)
        what = "JSON" if not operation.upload else kinds
        raise ProblemError(
            415,
            "Wrong content type",
            f"the body must be {what}: send Content-Type: {kinds}, not {media!r}",
            parameter="Content-Type",
        )
    if operation.upload:
        return request.stream()
    text = await limited_body(request)
    try:
        return msgspec.json.decode(text, type=operation.body)
    except msgspec.ValidationError as error:
        raise _explained_body(error, _json(text), operation.body) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(error, text) from error


def _json(text: bytes) -> Any:
    """The whole body; a type error may precede malformed bytes."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(error, text) from error


def _not_json(error: Exception, text: bytes) -> ProblemError:
    return bad_parameter("", f"the body is not JSON: {wrong_value.malformed(error, text)}")


def _explained_body(error: msgspec.ValidationError, data: Any, type_: Any) -> ProblemError:
    wrong = wrong_value.find(error, data, type_)
    if not wrong.path and not isinstance(data, dict):
        return bad_parameter("", "the body must be a JSON object")
    where = f"`{wrong.path}`" if wrong.path else "the body"
    if name := wrong_value.unknown_field(error):
        return bad_parameter(wrong.path, f"unknown field `{name}` in {where}")
    if name := wrong_value.missing_field(error):
        return bad_parameter(wrong.path, f"the required field `{name}` is missing in {where}")
    said = wrong_value.words(wrong, PATTERNS, wrong_value.OBJECT)
    return bad_parameter(wrong.path, f"{where}: {said}")


async def limited_body(request: Request) -> bytes:
    """The whole body; a problem when it is longer than BODY_BYTES_MAX, or takes too long."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_BYTES_MAX:
                    raise ProblemError(
                        413,
                        "Body too long",
                        f"send at most {BODY_BYTES_MAX} bytes",
                        parameter="body",
                    )
    except TimeoutError as error:
        took = f"the body was incomplete after {BODY_SECONDS:g} s; send it at once"
        raise ProblemError(408, "Body too slow", took, parameter="body") from error
    return body


def time_of(
    context: WebContext, name: str, text: str | None, *, end: bool = False
) -> datetime | None:
    """A time as people write it (see `runtime.site_time`), in UTC; a problem that names it."""
    if text is None:
        return None
    try:
        return parse_time(text, ZoneInfo(context.site.time_zone), context.clock.now(), end=end)
    except ValueError as error:
        raise bad_parameter(name, f"{name}: {error}") from error


def bad_parameter(name: str, detail: str) -> ProblemError:
    return ProblemError(400, "Bad parameter", detail, parameter=name)
