"""The delivery book: the progress of each output, its parked events, dead letters and attempts.

A part of the event log (`EventLog.deliveries`): both are in the same file, and durable writes here
are flushed together with the events.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from platewire.eventlog.deliveries.records import (
    Attempt,
    DeadGroup,
    DeadLetter,
    DeadQuery,
    Parked,
    Ranges,
    Selection,
)


class DeliveryBook(Protocol):
    """All calls name the output. All times are UTC. Raises as `EventLog.append` does."""

    # --- cursor -----------------------------------------------------------------------------------

    async def cursor(self, output: str) -> int | None:
        """The floor: all events up to this seq are settled. None if the output never ran."""
        ...

    async def acknowledged(self, output: str) -> Ranges:
        """The few events above the floor that are settled."""
        ...

    async def set_cursor(self, output: str, seq: int, above: Ranges = ()) -> None:
        """Kept with the next commit, at most 200 ms later, without a flush of its own. Readers in
        this process see it at once. A cursor that does not exist yet is flushed at once."""
        ...

    # --- selections -------------------------------------------------------------------------------

    async def add_selection(self, output: str, selection: Selection) -> None:
        """Records which events the output selects from that seq on."""
        ...

    async def selections(self, output: str) -> Sequence[Selection]:
        """By seq, ascending; empty if the output never ran."""
        ...

    # --- parked events ----------------------------------------------------------------------------

    async def park(self, events: Sequence[Parked]) -> None:
        """Adds or replaces; durable before it returns."""
        ...

    async def unpark(self, output: str, seq: int) -> None:
        """It was delivered. Kept with the next commit, as a cursor is."""
        ...

    async def parked(self, output: str) -> Sequence[Parked]:
        """By seq, ascending."""
        ...

    # --- dead letters -----------------------------------------------------------------------------

    async def add_dead_letters(self, dead_letters: Sequence[DeadLetter]) -> None:
        """Keeps them and removes them from the parked; durable before it returns."""
        ...

    async def dead_letters(self, output: str, query: DeadQuery, limit: int) -> Sequence[DeadLetter]:
        """By seq, newest first."""
        ...

    async def dead_letter_groups(self, output: str) -> Sequence[DeadGroup]:
        """Those not discarded, largest group first."""
        ...

    async def requeue(self, output: str, query: DeadQuery, at: datetime) -> Sequence[Parked]:
        """Parks these dead letters again, due at `at`; returns those whose event is still in the
        log. Gaps stay dead letters."""
        ...

    async def discard(self, output: str, query: DeadQuery, reason: str, at: datetime) -> int:
        """Marks dead letters as resolved and returns how many; they stay visible."""
        ...

    async def resolve(self, output: str, seqs: Sequence[int]) -> None:
        """Removes dead letters whose event was delivered after all."""
        ...

    # --- attempts ---------------------------------------------------------------------------------

    async def add_attempt(self, attempt: Attempt) -> None:
        """With the next commit; the newest `ATTEMPTS_KEPT` of each event stay."""
        ...

    async def attempts(self, output: str, seq: int | None, limit: int) -> Sequence[Attempt]:
        """Newest first; of one event or, with None, of all."""
        ...

    # --- pauses -----------------------------------------------------------------------------------

    async def pause(self, output: str, reason: str) -> None:
        """Records that the output is paused, over restarts; durable before it returns."""
        ...

    async def resume(self, output: str) -> None:
        """Ends the pause; durable before it returns."""
        ...

    async def pause_reason(self, output: str) -> str | None:
        """None if the output is not paused."""
        ...
