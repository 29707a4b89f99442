"""The plug of this room: the append-only, durable log of events, with cursors.

What an append gives is durable before anyone hears of it: the call returns, and readers see the
entries, only after the flush. One call is one transaction: its events, their pictures and the
camera's open passages are kept together or not at all.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from platewire.eventlog.letters import (
    Attempt,
    DeadGroup,
    DeadLetter,
    DeadQuery,
    Parked,
    Ranges,
    Selection,
)
from platewire.model import Entry, Event, EventReader, Picture


class EventLog(EventReader, Protocol):
    """See `EventReader` for reading and waiting."""

    async def append(
        self,
        camera: str,
        events: Sequence[Event],
        pictures: Sequence[Picture] = (),
        open_passages: bytes | None = None,
    ) -> Sequence[Entry]:
        """Numbers and keeps the events of one camera, in order; `seq` and `recorded_at` are set.

        `open_passages` replaces what `open_passages()` gives for this camera; with no events it
        is kept soon, without a flush of its own. Raises LogFull when there is no space (nothing
        was written, the same call may be repeated) and LogError otherwise.
        """
        ...

    async def open_passages(self, camera: str) -> bytes | None:
        """The camera's open passages as last kept."""
        ...

    async def cameras_with_open_passages(self) -> Sequence[str]: ...

    @property
    def last_passage_number(self) -> int:
        """The largest passage number in the log; 0 when there is none."""
        ...

    # --- how far each transfer came ------------------------------------------------------------

    async def cursor(self, transfer: str) -> int | None:
        """The floor: up to here all is dealt with. None if the transfer never ran."""
        ...

    async def acknowledged(self, transfer: str) -> Ranges:
        """The few that are dealt with above the floor."""
        ...

    async def set_cursor(self, transfer: str, seq: int, above: Ranges = ()) -> None:
        """Kept with the next commit, at most 200 ms later, without a flush of its own. Readers in
        this process see it at once. A cursor that does not exist yet is flushed at once."""
        ...

    async def select(self, transfer: str, selection: Selection) -> None:
        """Remembers what the transfer asks for from that seq on."""
        ...

    async def selections(self, transfer: str) -> Sequence[Selection]:
        """Rising; empty when the transfer never ran."""
        ...

    # --- what waits, and what was given up -----------------------------------------------------

    async def park(self, rows: Sequence[Parked]) -> None:
        """Adds or replaces; durable before it returns."""
        ...

    async def unpark(self, transfer: str, seq: int) -> None:
        """It was delivered. Kept with the next commit, as a cursor is."""
        ...

    async def parked(self, transfer: str) -> Sequence[Parked]:
        """By seq, rising."""
        ...

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Keeps them, and takes them from the parked; durable before it returns."""
        ...

    async def dead(self, transfer: str, query: DeadQuery, limit: int) -> Sequence[DeadLetter]:
        """Newest first, by seq."""
        ...

    async def dead_groups(self, transfer: str) -> Sequence[DeadGroup]:
        """Those not discarded, most first."""
        ...

    async def requeue(self, transfer: str, query: DeadQuery, at: datetime) -> Sequence[Parked]:
        """Takes the letters from the dead to the parked, at once due; gives those that still have
        an event in the log. Gaps stay."""
        ...

    async def discard(self, transfer: str, query: DeadQuery, reason: str, at: datetime) -> int:
        """How many letters were marked as settled; they stay to be seen."""
        ...

    async def resolve(self, transfer: str, seqs: Sequence[int]) -> None:
        """They were delivered after all: dead letters no more."""
        ...

    async def keep_attempt(self, attempt: Attempt) -> None:
        """With the next commit; the newest `ATTEMPTS_KEPT` of each event stay."""
        ...

    async def attempts(self, transfer: str, seq: int | None, limit: int) -> Sequence[Attempt]:
        """Newest first; of one event or of all."""
        ...

    async def pause(self, transfer: str, reason: str | None) -> None:
        """Remembers that the transfer stands still and why; None lets it go on."""
        ...

    async def paused(self, transfer: str) -> str | None:
        """The reason, or None when the transfer is not paused."""
        ...

    async def close(self) -> None:
        """Flushes everything, cursors too."""
        ...
