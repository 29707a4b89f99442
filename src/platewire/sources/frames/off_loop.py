"""Runs blocking work of one source on one named thread, so that the event loop is not blocked."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

A = TypeVarTuple("A")
R = TypeVar("R")


class OffLoop:
    """Runs calls one after the other on its thread."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self._executor = executor

    def __call__(self, work: Callable[[*A], R], *arguments: *A) -> Awaitable[R]:
        return asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)


@contextlib.contextmanager
def off_loop(name: str) -> Iterator[OffLoop]:
    """The thread lives as long as the block; work under way is not waited for."""
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
    try:
        yield OffLoop(executor)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
