"""What the numbers of an event log have been through: its identity, its epochs, its gaps. Pure.

`seq` rises by one, but where the log was cut back: numbers that were given out once are not given
out again, so they stay empty for ever. Each time that happened, or that a backup was put in place,
an epoch began. A receiver's position is therefore a seq and the id of the event there: another id
means another history, in which the same numbers stand for other events.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

GapReason = Literal["cut_back", "replaced", "other_history", "restored"]
REASONS: dict[GapReason, str] = {
    "cut_back": "the log was cut back: an older file, or one without its journal, lay in its place",
    "replaced": "the database of another log lay in its place",
    "other_history": "a copy of the log that had gone on by itself lay in its place",
    "restored": "a backup was restored",
}
TOLD_FOR = timedelta(days=7)
"""How long the page warns of a new epoch: over a weekend, and over restarts."""


class Gap(Struct, frozen=True, kw_only=True):
    """The beginning of an epoch, and the numbers before it that no event has. There are none where
    `last_seq` is less than `first_seq`."""

    epoch: Annotated[int, Meta(description="The epoch that began then: 2, 3, ...")]
    first_seq: Annotated[int, Meta(description="First number that is empty for ever")]
    last_seq: Annotated[int, Meta(description="Last of them; less than the first: none is")]
    found_at: Annotated[datetime, Meta(description="When it was found, UTC")]
    reason: Annotated[GapReason, Meta(description="What had happened")]

    @property
    def count(self) -> int:
        return max(0, self.last_seq + 1 - self.first_seq)

    def __str__(self) -> str:
        empty = f", seq {self.first_seq} to {self.last_seq} are empty for ever" * bool(self.count)
        when = f"{self.found_at:%Y-%m-%d %H:%M}Z"
        return f"epoch {self.epoch} began {when}{empty}: {REASONS[self.reason]}"


class Numbering(Struct, frozen=True):
    """The identity of a log and its gaps, rising."""

    log_id: UUID
    gaps: tuple[Gap, ...] = ()

    @property
    def epoch(self) -> int:
        """1, and one more each time that the log was cut back or a backup was restored."""
        return self.gaps[-1].epoch if self.gaps else 1

    def empty(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The parts of `first` to `last` that no event has."""
        for gap in self.gaps:
            part = max(first, gap.first_seq), min(last, gap.last_seq)
            if part[0] <= part[1]:
                yield part

    def parts(self, first: int, last: int) -> Iterator[tuple[int, int, bool]]:
        """`first` to `last` in stretches; of each, whether it is empty for ever."""
        for begin, end in self.empty(first, last):
            if first < begin:
                yield first, begin - 1, False
            yield begin, end, True
            first = end + 1
        if first <= last:
            yield first, last, False

    def events(self, first: int, last: int) -> int:
        """How many of the numbers `first` to `last` are those of events."""
        gone = sum(end + 1 - begin for begin, end in self.empty(first, last))
        return max(0, last + 1 - first) - gone

    def seq_of(self, first: int, count: int) -> int:
        """The number of the event that is the `count`th from `first` on."""
        seq = first + count - 1
        for gap in self.gaps:
            if gap.last_seq >= first and gap.first_seq <= seq:
                seq += gap.last_seq + 1 - max(first, gap.first_seq)
        return seq

    def another_history(self, seq: int, theirs: UUID, ours: UUID) -> str:
        """What a receiver is told that has another event at that seq."""
        return (
            f"seq {seq} is event {ours} here, and not {theirs}: this is another history of the log "
            f"({self}). It was restored, or put back to an older state, and the numbers from there "
            "on stand for other events"
        )

    def ahead(self, seq: int, last_seq: int) -> str:
        """What a receiver is told that has events which this log never had."""
        return (
            f"seq {seq} is ahead of the log, whose last seq is {last_seq}: this is another history "
            f"of the log ({self}), or another log. It was begun anew, or put back to an older state"
        )

    def __str__(self) -> str:
        return f"log {self.log_id}, epoch {self.epoch}"

    def lately(self, now: datetime) -> Gap | None:
        """The newest gap, where people are still to be warned of it."""
        newest = self.gaps[-1] if self.gaps else None
        return newest if newest and now - newest.found_at < TOLD_FOR else None
