"""Records of the delivery book for one output: its cursor, parked events, dead letters, attempts.

For each output, an event has exactly one state: done (up to the cursor), parked (waits for its next
attempt), dead letter (failed permanently, with the reason), or pending. Ranges of sequence numbers
are inclusive.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from platewire.model import Kind

Ranges = tuple[tuple[int, int], ...]
"""First and last seq of each stretch, rising, apart from each other."""

DeadOutcome = Literal["rejected", "exhausted", "expired", "gap"]
AttemptOutcome = Literal["delivered", "rejected", "unavailable", "paused", "failed"]
TestOutcome = Literal["delivered", "rejected", "unavailable", "no_client", "paused", "failed"]
REASON_SEPARATOR = "-"


class DeadLetter(Struct, frozen=True, kw_only=True):
    """An event that an output will not send any more, and why.

    `rejected` the other side will never accept it; `exhausted` a day of attempts failed;
    `expired` it was too old when its turn came; `gap` retention took it before it was sent.
    """

    output: Annotated[str, Meta(description="Its output")]
    seq: Annotated[int, Meta(description="Sequence number of the event; of a gap, its last")]
    outcome: Annotated[
        DeadOutcome,
        Meta(
            description="`rejected`: permanently rejected by the receiver; `exhausted`: all "
            "attempts of a day failed; `expired`: too old to be sent; `gap`: deleted before it "
            "was sent"
        ),
    ]
    reason: Annotated[str, Meta(description="Reason, as text")]
    at: Annotated[datetime, Meta(description="When delivery failed for good, UTC")]
    first_seq: Annotated[int | None, Meta(description="First event of a gap")] = None
    status: Annotated[
        int | None, Meta(description="HTTP status of the last answer, where there is such")
    ] = None
    answer: Annotated[str, Meta(description="Start of the last response")] = ""
    attempts: Annotated[int, Meta(description="How often it was tried")] = 0
    discarded_at: Annotated[
        datetime | None, Meta(description="When it was marked as resolved, UTC")
    ] = None
    discard_reason: Annotated[str, Meta(description="Reason given for marking it as resolved")] = ""

    @property
    def group(self) -> str:
        """Dead letters of one group have the same reason: `rejected-422`, `expired`."""
        return self.outcome + ("" if self.status is None else f"{REASON_SEPARATOR}{self.status}")

    @property
    def events(self) -> int:
        return 1 if self.first_seq is None else self.seq + 1 - self.first_seq


class DeadGroup(Struct, frozen=True, kw_only=True):
    """All dead letters of one reason."""

    group: Annotated[str, Meta(description="Name of the reason, such as `rejected-422`")]
    count: Annotated[int, Meta(description="Number of events")]
    first_seq: Annotated[int, Meta(description="First sequence number")]
    last_seq: Annotated[int, Meta(description="Last sequence number")]
    first_at: Annotated[datetime, Meta(description="Time of the first dead letter, UTC")]
    last_at: Annotated[datetime, Meta(description="Time of the last dead letter, UTC")]
    example: Annotated[str, Meta(description="Reason of the newest dead letter, as text")]


class DeadQuery(Struct, frozen=True, kw_only=True):
    """Which dead letters; what is not given does not choose."""

    seqs: tuple[int, ...] = ()
    group: str | None = None
    since: datetime | None = None
    before_seq: int | None = None
    discarded: bool = False
    """Those that are discarded, instead of those that are not."""

    def matches(self, dead_letter: DeadLetter) -> bool:
        return (
            (not self.seqs or dead_letter.seq in self.seqs)
            and (self.group is None or dead_letter.group == self.group)
            and (self.since is None or dead_letter.at >= self.since)
            and (self.before_seq is None or dead_letter.seq < self.before_seq)
            and self.discarded == (dead_letter.discarded_at is not None)
        )


class Parked(Struct, frozen=True, kw_only=True):
    """An event that waits for its next attempt, or behind an earlier one of its passage."""

    output: Annotated[str, Meta(description="Its output")]
    seq: Annotated[int, Meta(description="The event, by seq")]
    passage: Annotated[UUID, Meta(description="UUID of its passage")]
    next_at: Annotated[datetime, Meta(description="Time of the next attempt, UTC")]
    attempts: Annotated[int, Meta(description="How often it was tried")] = 0
    waited_seconds: Annotated[
        float,
        Meta(
            description="Total wait between attempts so far; after a day it becomes a dead letter"
        ),
    ] = 0.0
    """What it has waited between attempts so far; a day of that is the end."""
    error: Annotated[
        str,
        Meta(
            description="Error of the last attempt; empty while it waits for an earlier event of "
            "its passage"
        ),
    ] = ""
    requeued: Annotated[
        bool, Meta(description="Requeued by an operator: sent as `replayed`, regardless of its age")
    ] = False
    """By a person: sent as `replayed`, whatever its age."""


class Attempt(Struct, frozen=True, kw_only=True):
    """One try at sending one event. What is secret in it is masked."""

    output: Annotated[str, Meta(description="Its output")]
    seq: Annotated[int, Meta(description="The event, by seq")]
    number: Annotated[int, Meta(description="Number of the attempt for this event, from 1")]
    at: Annotated[datetime, Meta(description="When it ended, UTC")]
    seconds: Annotated[float, Meta(description="Duration")]
    outcome: Annotated[AttemptOutcome, Meta(description="Result")]
    status: Annotated[
        int | None, Meta(description="HTTP status of the answer, where there is such")
    ] = None
    request: Annotated[
        str, Meta(description="Method, address and headers, without secrets, where there are such")
    ] = ""
    """Method, address and headers, where the output has such."""
    answer: Annotated[str, Meta(description="Start of the response, at most 4 kB")] = ""
    """The start of it, 4 kB at most."""
    error: Annotated[str, Meta(description="Error, as text")] = ""


class EventTestResult(Struct, frozen=True, kw_only=True):
    """Result of one test event."""

    kind: Annotated[Kind, Meta(description="Kind of the test event")]
    outcome: Annotated[
        TestOutcome,
        Meta(
            description="Result at the receiver; `no_client`: the output listens, and no client "
            "is connected"
        ),
    ]
    seconds: Annotated[float, Meta(description="Duration")]
    status: Annotated[int | None, Meta(description="HTTP status, where there is such")] = None
    request: Annotated[str, Meta(description="Request, without secrets")] = ""
    answer: Annotated[str, Meta(description="Start of the response")] = ""
    error: Annotated[str, Meta(description="Error if it was not delivered")] = ""


class Selection(Struct, frozen=True, kw_only=True):
    """What an output asked for from a seq on, as JSON of those settings."""

    from_seq: int
    settings: bytes


def ranges_from(stretches: Iterable[tuple[int, int]]) -> Ranges:
    """The same seqs, rising and apart from each other."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(stretches):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def ranges_text(ranges: Ranges) -> str:
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def ranges_of(text: str) -> Ranges:
    """The opposite of `ranges_text`."""
    pairs = [part.split("-") for part in text.split(",") if part]
    return tuple((int(pair[0]), int(pair[-1])) for pair in pairs)


def groups_of(dead_letters: Iterable[DeadLetter]) -> Sequence[DeadGroup]:
    """By reason, the largest group first."""
    by_group: dict[str, list[DeadLetter]] = {}
    for each in dead_letters:
        by_group.setdefault(each.group, []).append(each)
    groups = [_group(name, members) for name, members in by_group.items()]
    return sorted(groups, key=lambda group: (-group.count, group.group))


def _group(name: str, members: Sequence[DeadLetter]) -> DeadGroup:
    newest = max(members, key=lambda each: (each.at, each.seq))
    return DeadGroup(
        group=name,
        count=sum(each.events for each in members),
        first_seq=min(each.first_seq or each.seq for each in members),
        last_seq=max(each.seq for each in members),
        first_at=min(each.at for each in members),
        last_at=newest.at,
        example=newest.reason,
    )


ALL_DEAD_LETTERS = (DeadQuery(), DeadQuery(discarded=True))
"""The two queries that together give every one."""


def undelivered(
    parked: Iterable[Parked], dead_letters: Iterable[DeadLetter], after: int = 0
) -> Ranges:
    """The events after that seq that are parked or dead letters."""
    stretches = [(each.seq, each.seq) for each in parked]
    stretches += [(each.first_seq or each.seq, each.seq) for each in dead_letters]
    return ranges_from((max(first, after + 1), last) for first, last in stretches if last > after)
