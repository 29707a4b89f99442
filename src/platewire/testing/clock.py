"""A clock that the test turns: nothing waits in real time, and wall time may jump."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

from platewire.model import BootTime


class FakeClock:
    """Starts at `start`; `advance` moves it and wakes sleepers in the order of their times."""

    def __init__(self, start: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self._wall = start
        self._monotonic = 0.0
        self._slept = 0.0
        self._boots = 1
        self._booted = 0.0
        self.is_synchronized = False
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    def boot(self) -> BootTime:
        return BootTime(f"boot-{self._boots}", self._monotonic + self._slept - self._booted)

    def synchronized(self) -> bool:
        return self.is_synchronized

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), future))
        await future

    @property
    def sleeping(self) -> int:
        """How many tasks wait for this clock."""
        return sum(not future.done() for _, _, future in self._sleepers)

    def jump(self, seconds: float) -> None:
        """Sets wall time forward or back, as an administrator or NTP does; nobody wakes."""
        self._wall += timedelta(seconds=seconds)

    def suspend(self, seconds: float) -> None:
        """The computer sleeps: wall time and that of the boot go on, `monotonic` does not."""
        self._wall += timedelta(seconds=seconds)
        self._slept += seconds

    def reboot(self, off_seconds: float = 60.0) -> None:
        """The computer is off for so long, and begins another boot at 0."""
        self.suspend(off_seconds)
        self._boots += 1
        self._booted = self._monotonic + self._slept

    async def advance(self, seconds: float) -> None:
        """Lets time pass; tasks that wake up run before it passes further."""
        end = self._monotonic + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            self._move_to(due)
            if not future.done():
                future.set_result(None)
            await self.settle()
        self._move_to(end)
        await self.settle()

    async def settle(self, turns: int = 20) -> None:
        """Gives other tasks some turns of the event loop."""
        for _ in range(turns):
            await asyncio.sleep(0)

    def _move_to(self, monotonic: float) -> None:
        self._wall += timedelta(seconds=monotonic - self._monotonic)
        self._monotonic = monotonic
