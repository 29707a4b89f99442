"""The log's two ways to its file: the thread that writes, and the one that reads older entries."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import apsw

from platewire.database.connection import explained
from platewire.errors import LogError
from platewire.eventlog.deliveries.pending import PendingDeliveries
from platewire.eventlog.opening import OpenedLog
from platewire.eventlog.store import Append, Lazy, Task
from platewire.eventlog.writer import Group, Writer

T = TypeVar("T")


class Threads:
    """Used on one event loop; `on_commit` is called there, once per group of writes."""

    def __init__(
        self, opened: OpenedLog, reading: ThreadPoolExecutor, on_commit: Callable[[Group], None]
    ) -> None:
        self._path = opened.path
        self._reading = reading
        self._closed = False
        self.reader = opened.reader
        self.writer = Writer(opened.store, opened.path, on_commit)

    async def submit(self, job: Append | Task) -> Any:
        # Once given to the writer it is written, also when the caller is canceled meanwhile.
        return await self.writer.submit(job)

    async def write(self, run: Callable[[apsw.Connection], T]) -> T:
        """Runs it on the writer thread, in a transaction; durable before it returns."""
        result: T = await self.submit(Task(run))
        return result

    def write_lazily(self, lazy: Lazy) -> None:
        """With the next commit."""
        self.writer.write_lazily(lazy)

    def write_pending(self, pending: PendingDeliveries) -> None:
        """With the next commit."""
        self.write_lazily(Lazy(deliveries=pending))

    async def read(self, query: Callable[..., T], *arguments: object) -> T:
        """Runs the query on the reader thread."""
        if self._closed:
            raise LogError(f"the event log {self._path} is closed")
        loop = asyncio.get_running_loop()
        with explained(self._path):
            return await loop.run_in_executor(self._reading, self.reader.run, query, *arguments)

    async def close(self) -> None:
        self._closed = True
        # The writer last: it then leaves one file that stands alone, without a journal.
        self._reading.shutdown()
        self.reader.close()
        await self.writer.close()
