"""A log in memory that can lose what was not on the disk yet, as a killed process does."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from platewire.errors import LogFull
from platewire.eventlog.deliveries.records import DeadLetter, Parked, Ranges
from platewire.eventlog.log import NOW
from platewire.model import BootTime, Entry, Event, Picture
from platewire.runtime.clock import Clock
from platewire.testing.memory_delivery_book import MemoryDeliveryBook
from platewire.testing.memory_log import MemoryLog


class CrashingBook(MemoryDeliveryBook):
    """`log` is the one that it belongs to: a commit keeps both."""

    def __init__(self, log: "CrashingLog") -> None:
        super().__init__(log)
        self._log = log

    def keep(self) -> None:
        self._kept_cursors, self._kept_parked = self._cursors.copy(), self._parked.copy()

    def crash(self) -> None:
        self._cursors, self._parked = self._kept_cursors.copy(), self._kept_parked.copy()

    async def set_cursor(self, output: str, seq: int, above: Ranges = ()) -> None:
        first = output not in self._cursors
        await super().set_cursor(output, seq, above)
        if first:
            self._log.keep()

    async def park(self, events: Sequence[Parked]) -> None:
        await super().park(events)
        self._log.keep()

    async def add_dead_letters(self, dead_letters: Sequence[DeadLetter]) -> None:
        await super().add_dead_letters(dead_letters)
        self._log.keep()


class CrashingLog(MemoryLog):
    """`keep` is a commit; `crash` loses what came after the last one. What is durable when it
    returns commits by itself."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.deliveries = self._book = CrashingBook(self)
        self.full = False
        """Whether the disk is."""
        self.keep()

    def keep(self) -> None:
        self._book.keep()
        self._kept_open = self._open.copy()

    def crash(self) -> None:
        self._book.crash()
        self._open = self._kept_open.copy()

    async def append(
        self,
        camera: str,
        events: Sequence[Event],
        pictures: Sequence[Picture] = (),
        open_passages: bytes | None = None,
        arrived: Mapping[UUID, BootTime | None] = NOW,
    ) -> Sequence[Entry]:
        if self.full:
            raise LogFull("no space is left for the log: free some")
        entries = await super().append(camera, events, pictures, open_passages, arrived)
        if events:
            self.keep()
        return entries
