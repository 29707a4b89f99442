"""The plug of this room: the append-only, durable log of events, with cursors.

What an append gives is durable before anyone hears of it: the call returns, and readers see the
entries, only after the flush. One call is one transaction: its events, their pictures and the
camera's open passages are kept together or not at all.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from platewire.model import Entry, Event, EventReader, Picture

Outcome = Literal["rejected", "expired"]


class Undelivered(Struct, frozen=True, kw_only=True):
    """An event that a transfer will not send any more, and why."""

    transfer: str
    seq: int
    outcome: Outcome
    reason: str
    status: int | None
    answer: str
    at: datetime


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

    async def cursor(self, transfer: str) -> int | None:
        """The last seq that the transfer has dealt with, or None if it never ran."""
        ...

    async def set_cursor(self, transfer: str, seq: int) -> None:
        """Kept with the next commit, at most 200 ms later, without a flush of its own. Readers in
        this process see it at once. A cursor that does not exist yet is flushed at once."""
        ...

    async def keep_undelivered(self, undelivered: Undelivered) -> None: ...

    async def undelivered(self, transfer: str, limit: int) -> Sequence[Undelivered]:
        """Newest first."""
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
