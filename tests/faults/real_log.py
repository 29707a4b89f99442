"""A log on the disk, a delivery on it, and a third party that can be away; in real time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from platewire.delivery import Delivery
from platewire.errors import Unavailable
from platewire.eventlog.deliveries.records import DeadLetter, DeadQuery
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Entry
from platewire.outputs.output import Output, OutputSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock


class Receiver(Output):
    """An `Output` and what reached it; tells whoever waits. `away` makes it fail."""

    def __init__(self, *, lanes: int = 4, batch: int = 1) -> None:
        self.lanes = lanes
        self.batch = batch
        self.away = False
        self.got: list[Entry] = []
        self._seen: set[int] = set()
        self._came = asyncio.Condition()

    @property
    def seqs(self) -> list[int]:
        return [entry.event.seq for entry in self.got]

    async def connect(self) -> None:
        if self.away:
            raise Unavailable("nobody is there")

    async def send(self, entries: Sequence[Entry]) -> None:
        await self.connect()
        async with self._came:
            self.got += entries
            self._seen |= {entry.event.seq for entry in entries}
            self._came.notify_all()

    async def close(self) -> None:
        pass

    async def until(self, *seqs: int) -> None:
        """Until all of these have come."""
        async with asyncio.timeout(60), self._came:
            await self._came.wait_for(lambda: self._seen.issuperset(seqs))


class Whole:
    """The log's clock, which says what retention takes, is turned by hand."""

    def __init__(self, log: SqliteLog, log_clock: FakeClock, **settings: Any) -> None:
        self.log = log
        self.log_clock = log_clock
        self.clock = SystemClock()
        self.board = Board(self.clock)
        self.receiver = Receiver()
        raw = {"name": "gate", "start": "beginning", **settings}
        self.settings = msgspec.convert(raw, OutputSettings)

    @contextlib.asynccontextmanager
    async def delivering(self) -> AsyncIterator[Delivery]:
        delivery = Delivery(
            self.settings,
            self.receiver,
            self.log,
            clock=self.clock,
            board=self.board,
            uniform=lambda: 0.0,
        )
        task = asyncio.create_task(delivery.run())
        try:
            yield delivery
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def letters(self) -> Sequence[DeadLetter]:
        return await self.log.deliveries.dead_letters("gate", DeadQuery(), 1000)


@contextlib.asynccontextmanager
async def whole(folder: Any, settings: dict[str, Any], **log: Any) -> AsyncIterator[Whole]:
    """`settings` are the output's, `log` those of the log."""
    clock = FakeClock()
    opened = await SqliteLog.open(LogSettings(folder=folder, **log), clock, Board(clock))
    try:
        yield Whole(opened, clock, **settings)
    finally:
        await opened.close()
