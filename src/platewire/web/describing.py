"""One operation in few words: what all have in common is said here."""

from typing import Any

from platewire.web.operation import Answer, Handler, Operation
from platewire.web.problem import Problem

ROOT = "/api/v1"


def described_get(
    path: str, handler: Handler, tag: str, summary: str, answer: Answer, **more: Any
) -> Operation:
    return described("GET", path, handler, tag, summary, {200: answer}, **more)


def described(
    method: str,
    path: str,
    handler: Handler,
    tag: str,
    summary: str,
    answers: dict[int, Answer],
    **more: Any,
) -> Operation:
    problems = {400: Answer("A parameter is wrong", Problem, "application/problem+json")}
    if more.get("parts"):
        problems[404] = Answer("There is no such thing", Problem, "application/problem+json")
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
