"""Short definitions of operations: adds the responses that all operations share."""

from typing import Any

from platewire.web.api.operation import Handler, Operation, ResponseSpec
from platewire.web.problem import Problem

ROOT = "/api/v1"


def described_get(
    path: str, handler: Handler, tag: str, summary: str, answer: ResponseSpec, **more: Any
) -> Operation:
    return described("GET", path, handler, tag, summary, {200: answer}, **more)


def described(
    method: str,
    path: str,
    handler: Handler,
    tag: str,
    summary: str,
    answers: dict[int, ResponseSpec],
    **more: Any,
) -> Operation:
    problems = {400: ResponseSpec("Invalid parameter", Problem, "application/problem+json")}
    if more.get("parts"):
        problems[404] = ResponseSpec("Not found", Problem, "application/problem+json")
    return Operation(
        method=method,
        path=ROOT + path,
        name=handler.__name__,
        tag=tag,
        summary=summary,
        handler=handler,
        answers={**answers, **more.pop("also", {}), **problems},
        **more,
    )
