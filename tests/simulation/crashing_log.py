"""A log in memory that can lose what was not on the disk yet, as a killed process does."""

from collections.abc import Sequence

from platewire.clock import Clock
from platewire.errors import LogFull
from platewire.eventlog.letters import DeadLetter, Parked, Ranges
from platewire.model import Entry, Event, Picture
from platewire.testing.memory_log import MemoryLog


class CrashingLog(MemoryLog):
    """`keep` is a commit; `crash` loses what came after the last one. What is durable when it
    returns commits by itself."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.full = False
        """Whether the disk is."""
        self.keep()

    def keep(self) -> None:
        self._kept_cursors, self._kept_parked = self._cursors.copy(), self._parked.copy()
        self._kept_open = self._open.copy()

    def crash(self) -> None:
        self._cursors, self._parked = self._kept_cursors.copy(), self._kept_parked.copy()
        self._open = self._kept_open.copy()

    async def append(
        self,
        camera: str,
        events: Sequence[Event],
        pictures: Sequence[Picture] = (),
        open_passages: bytes | None = None,
    ) -> Sequence[Entry]:
        if self.full:
            raise LogFull("no space is left for the log: free some")
        entries = await super().append(camera, events, pictures, open_passages)
        if events:
            self.keep()
        return entries

    async def set_cursor(self, transfer: str, seq: int, above: Ranges = ()) -> None:
        first = transfer not in self._cursors
        await super().set_cursor(transfer, seq, above)
        if first:
            self.keep()

    async def park(self, rows: Sequence[Parked]) -> None:
        await super().park(rows)
        self.keep()

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        await super().bury(letters)
        self.keep()
