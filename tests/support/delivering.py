"""An output that does as it is told, and a delivery on a log in memory and a clock to turn."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from platewire.delivery import Delivery
from platewire.errors import Unavailable
from platewire.model import Entry, Event
from platewire.outputs.output import Output, OutputSettings
from platewire.runtime.status import Board, PartStatus, State
from platewire.testing.clock import FakeClock
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events

Says = BaseException | None


class Told(Output):
    """An `Output`. What `says` holds is raised by one send each; None and nothing is delivered."""

    def __init__(self, clock: FakeClock, *says: Says, batch: int = 1, lanes: int = 1) -> None:
        self._clock = clock
        self.batch = batch
        self.lanes = lanes
        self.says: deque[Says] = deque(says)
        self.says_at_connect: deque[Says] = deque()
        self.refuses: Callable[[Entry], Exception | None] = lambda _: None
        self.open = asyncio.Event()
        """Clear it, and sends hang until it is set."""
        self.open.set()
        self.hangs: set[int] = set()
        """Numbers of the passages whose sends hang for `hang_seconds`, and then fail."""
        self.hang_seconds = 30.0
        self.got: list[Entry] = []
        self.attempts: list[tuple[float, list[int]]] = []
        """When, in seconds of the clock, and which seqs."""
        self.connects = 0
        self.closes = 0

    @property
    def seqs(self) -> list[int]:
        return [entry.event.seq for entry in self.got]

    async def connect(self) -> None:
        self.connects += 1
        _say(self.says_at_connect)

    async def send(self, entries: Sequence[Entry]) -> None:
        assert 1 <= len(entries) <= self.batch
        seqs = [entry.event.seq for entry in entries]
        self.attempts.append((self._clock.monotonic(), seqs))
        await self.open.wait()
        if any(entry.event.passage_number in self.hangs for entry in entries):
            await self._clock.sleep(self.hang_seconds)
            raise Unavailable("no answer in time")
        _say(self.says)
        for entry in entries:
            if (refusal := self.refuses(entry)) is not None:
                raise refusal
        self.got += entries

    async def close(self) -> None:
        self.closes += 1


def _say(says: deque[Says]) -> None:
    if says and (error := says.popleft()) is not None:
        raise error


class Stage:
    def __init__(self, *says: Says, batch: int = 1, lanes: int = 1, **settings: Any) -> None:
        self.clock = FakeClock()
        self.log = MemoryLog(self.clock)
        self.board = Board(self.clock)
        self.output = Told(self.clock, *says, batch=batch, lanes=lanes)
        raw = {"name": "gate", "start": "beginning", **settings}
        self.settings = msgspec.convert(raw, OutputSettings)

    @property
    def line(self) -> PartStatus:
        return self.board.line("output", "gate")

    def state(self) -> State:
        return self.line.state

    async def settle(self) -> None:
        """Until all that can be done without time passing is done."""
        await self.clock.settle(turns=500)

    async def append(self, *events: Event) -> None:
        await self.log.append("gate", events)

    async def passages(self, count: int, **more: Any) -> None:
        for number in range(1, count + 1):
            await self.append(*passage_events(number, start=self.past(number), **more))

    def past(self, number: int) -> datetime:
        """From when on that sample passage just ended: they are a second apart, and take six."""
        return self.clock.now() - timedelta(seconds=number + 6)

    def delivery(self, output: Output | None = None, *, grace_seconds: float = 5.0) -> Delivery:
        return Delivery(
            self.settings,
            output or self.output,
            self.log,
            clock=self.clock,
            board=self.board,
            grace_seconds=grace_seconds,
            uniform=lambda: 1.0,
        )

    @contextlib.asynccontextmanager
    async def running(self, delivery: Delivery | None = None) -> AsyncIterator[Delivery]:
        delivery = delivery or self.delivery()
        task = asyncio.create_task(delivery.run())
        try:
            await self.settle()
            yield delivery
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
