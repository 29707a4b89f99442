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
    "cut_back": "the log was rolled back: its file was replaced by an older one, or lost its "
    "journal",
    "replaced": "the database was replaced by that of another log",
    "other_history": "the database was replaced by a copy of the log that was used elsewhere "
    "meanwhile",
    "restored": "a backup was restored",
}
TOLD_FOR = timedelta(days=7)
"""How long the web page warns of a new epoch: over a weekend, and over restarts."""


class Gap(Struct, frozen=True, kw_only=True):
    """The start of an epoch, and the unused sequence numbers before it: none if `last_seq` is less
    than `first_seq`."""

    epoch: Annotated[int, Meta(description="The epoch that began then: 2, 3, ...")]
    first_seq: Annotated[int, Meta(description="First unused sequence number")]
    last_seq: Annotated[
        int, Meta(description="Last unused sequence number; less than the first: none")
    ]
    found_at: Annotated[datetime, Meta(description="When it was found, UTC")]
    reason: Annotated[GapReason, Meta(description="What had happened")]

    @property
    def count(self) -> int:
        return max(0, self.last_seq + 1 - self.first_seq)

    def __str__(self) -> str:
        empty = f", seq {self.first_seq} to {self.last_seq} are not used" * bool(self.count)
        when = f"{self.found_at:%Y-%m-%d %H:%M}Z"
        return f"epoch {self.epoch} began {when}{empty}: {REASONS[self.reason]}"


class Numbering(Struct, frozen=True):
    """The id of a log and its gaps, in ascending order."""

    log_id: UUID
    gaps: tuple[Gap, ...] = ()

    @property
    def epoch(self) -> int:
        """1, and one more each time the log was rolled back or a backup was restored."""
        return self.gaps[-1].epoch if self.gaps else 1

    def empty(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The unused ranges in `first` to `last`."""
        for gap in self.gaps:
            part = max(first, gap.first_seq), min(last, gap.last_seq)
            if part[0] <= part[1]:
                yield part

    def parts(self, first: int, last: int) -> Iterator[tuple[int, int, bool]]:
        """`first` to `last` in ranges; of each, whether it is unused."""
        for begin, end in self.empty(first, last):
            if first < begin:
                yield first, begin - 1, False
            yield begin, end, True
            first = end + 1
        if first <= last:
            yield first, last, False

    def events(self, first: int, last: int) -> int:
        """How many of the numbers `first` to `last` belong to events."""
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
        """Message for a receiver that has another event at that seq."""
        return (
            f"seq {seq} is event {ours} in this log, not {theirs}: the log ({self}) was "
            "restored or "
            "rolled back to an older state, and later sequence numbers belong to other events"
        )

    def ahead(self, seq: int, last_seq: int) -> str:
        """Message for a receiver that has events which are not in this log."""
        return (
            f"seq {seq} is ahead of the log, which ends at seq {last_seq}: the log ({self}) was "
            "created again or rolled back to an older state"
        )

    def __str__(self) -> str:
        return f"log {self.log_id}, epoch {self.epoch}"

    def lately(self, now: datetime) -> Gap | None:
        """The newest gap, if the web page still warns of it."""
        newest = self.gaps[-1] if self.gaps else None
        return newest if newest and now - newest.found_at < TOLD_FOR else None
