"""Steps of a check: each ends in time, and one that fails says which promise it broke."""

import asyncio
from collections.abc import Awaitable
from typing import NoReturn, TypeVar

STEP_SECONDS = 20.0
"""Longest time of one step. Much more than any takes, also on a busy machine."""

Result = TypeVar("Result")


async def step(what: str, work: Awaitable[Result]) -> Result:
    """AssertionError names `what` if it takes longer than `STEP_SECONDS`."""
    try:
        async with asyncio.timeout(STEP_SECONDS):
            return await work
    except TimeoutError as error:
        raise AssertionError(f"{what}: not done within {STEP_SECONDS:g} s") from error


def expect(holds: bool, promise: str, seen: str) -> None:
    if not holds:
        broken(promise, seen)


def broken(promise: str, seen: str, cause: BaseException | None = None) -> NoReturn:
    raise AssertionError(f"{promise}; {seen}") from cause
