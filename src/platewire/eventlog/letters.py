"""What the log remembers of one transfer's work: how far it came, what waits, what it gave up.

An event is with each transfer in exactly one place: behind the position (dealt with), among the
parked (waits for its next attempt), among the dead letters (given up, with the reason), or still
to come. Seqs are inclusive everywhere.
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
REASON_SEPARATOR = "-"


class DeadLetter(Struct, frozen=True, kw_only=True):
    """An event that a transfer will not send any more, and why.

    `rejected` the other side will never accept it; `exhausted` a day of attempts failed;
    `expired` it was too old when its turn came; `gap` retention took it before it was sent.
    """

    transfer: Annotated[str, Meta(description="Its transfer")]
    seq: Annotated[int, Meta(description="The event, by seq; of a gap its last")]
    outcome: Annotated[
        DeadOutcome,
        Meta(
            description="`rejected` by the other side for good; `exhausted` after a day of "
            "attempts; `expired`: too old when its turn came; `gap`: retention took it first"
        ),
    ]
    reason: Annotated[str, Meta(description="Why, in words")]
    at: Annotated[datetime, Meta(description="When it was given up, UTC")]
    first_seq: Annotated[int | None, Meta(description="Of a gap, its first event")] = None
    status: Annotated[
        int | None, Meta(description="HTTP status of the last answer, where there is such")
    ] = None
    answer: Annotated[str, Meta(description="The start of the last answer")] = ""
    attempts: Annotated[int, Meta(description="How often it was tried")] = 0
    discarded_at: Annotated[
        datetime | None, Meta(description="Since when a person has called it settled, UTC")
    ] = None
    discard_reason: Annotated[str, Meta(description="And why")] = ""

    @property
    def group(self) -> str:
        """Letters of one group have the same reason: `rejected-422`, `expired`."""
        return self.outcome + ("" if self.status is None else f"{REASON_SEPARATOR}{self.status}")

    @property
    def events(self) -> int:
        return 1 if self.first_seq is None else self.seq + 1 - self.first_seq


class DeadGroup(Struct, frozen=True, kw_only=True):
    """All letters of one reason."""

    group: Annotated[str, Meta(description="Name of the reason, such as `rejected-422`")]
    count: Annotated[int, Meta(description="How many events")]
    first_seq: Annotated[int, Meta(description="The first of them")]
    last_seq: Annotated[int, Meta(description="The last of them")]
    first_at: Annotated[datetime, Meta(description="When the first was given up, UTC")]
    last_at: Annotated[datetime, Meta(description="When the last was given up, UTC")]
    example: Annotated[str, Meta(description="The reason of the newest, in words")]


class DeadQuery(Struct, frozen=True, kw_only=True):
    """Which dead letters; what is not given does not choose."""

    seqs: tuple[int, ...] = ()
    group: str | None = None
    since: datetime | None = None
    before_seq: int | None = None
    discarded: bool = False
    """Those that are discarded, instead of those that are not."""

    def picks(self, letter: DeadLetter) -> bool:
        return (
            (not self.seqs or letter.seq in self.seqs)
            and (self.group is None or letter.group == self.group)
            and (self.since is None or letter.at >= self.since)
            and (self.before_seq is None or letter.seq < self.before_seq)
            and self.discarded == (letter.discarded_at is not None)
        )


class Parked(Struct, frozen=True, kw_only=True):
    """An event that waits for its next attempt, or behind an earlier one of its passage."""

    transfer: Annotated[str, Meta(description="Its transfer")]
    seq: Annotated[int, Meta(description="The event, by seq")]
    passage: Annotated[UUID, Meta(description="UUID of its passage")]
    next_at: Annotated[
        datetime, Meta(description="When it is tried next, UTC; only to go on after a restart")
    ]
    attempts: Annotated[int, Meta(description="How often it was tried")] = 0
    waited_seconds: Annotated[
        float, Meta(description="What it has waited between attempts; a day of that is the end")
    ] = 0.0
    """What it has waited between attempts so far; a day of that is the end."""
    error: Annotated[
        str,
        Meta(
            description="Why the last attempt failed; empty behind an earlier event of its passage"
        ),
    ] = ""
    requeued: Annotated[
        bool, Meta(description="Given back by a person: sent as `replayed`, whatever its age")
    ] = False
    """By a person: sent as `replayed`, whatever its age."""


class Attempt(Struct, frozen=True, kw_only=True):
    """One try at sending one event. What is secret in it is masked."""

    transfer: Annotated[str, Meta(description="Its transfer")]
    seq: Annotated[int, Meta(description="The event, by seq")]
    number: Annotated[int, Meta(description="Which attempt at this event, from 1")]
    at: Annotated[datetime, Meta(description="When it ended, UTC")]
    seconds: Annotated[float, Meta(description="How long it took")]
    outcome: Annotated[AttemptOutcome, Meta(description="What came of it")]
    status: Annotated[
        int | None, Meta(description="HTTP status of the answer, where there is such")
    ] = None
    request: Annotated[
        str, Meta(description="Method, address and headers, without secrets, where there are such")
    ] = ""
    """Method, address and headers, where the transfer has such."""
    answer: Annotated[str, Meta(description="The start of the answer, 4 kB at most")] = ""
    """The start of it, 4 kB at most."""
    error: Annotated[str, Meta(description="Why it failed")] = ""


class Trial(Struct, frozen=True, kw_only=True):
    """What came of one test event."""

    kind: Annotated[Kind, Meta(description="Which kind of event was sent")]
    outcome: Annotated[
        Literal["delivered", "rejected", "unavailable", "paused", "failed"],
        Meta(description="What the other side made of it"),
    ]
    seconds: Annotated[float, Meta(description="How long that took")]
    status: Annotated[int | None, Meta(description="HTTP status, where there is such")] = None
    request: Annotated[str, Meta(description="What was asked, without secrets")] = ""
    answer: Annotated[str, Meta(description="The start of the answer")] = ""
    error: Annotated[str, Meta(description="Why it was not delivered")] = ""


class Selection(Struct, frozen=True, kw_only=True):
    """What a transfer asked for from a seq on, as JSON of those settings."""

    from_seq: int
    settings: bytes


def ranges_text(ranges: Ranges) -> str:
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def ranges_of(text: str) -> Ranges:
    """The opposite of `ranges_text`."""
    pairs = [part.split("-") for part in text.split(",") if part]
    return tuple((int(pair[0]), int(pair[-1])) for pair in pairs)


def groups_of(letters: Iterable[DeadLetter]) -> Sequence[DeadGroup]:
    """By how many they are, most first."""
    by_group: dict[str, list[DeadLetter]] = {}
    for letter in letters:
        by_group.setdefault(letter.group, []).append(letter)
    groups = [_group(name, members) for name, members in by_group.items()]
    return sorted(groups, key=lambda group: (-group.count, group.group))


def _group(name: str, letters: Sequence[DeadLetter]) -> DeadGroup:
    newest = max(letters, key=lambda letter: (letter.at, letter.seq))
    return DeadGroup(
        group=name,
        count=sum(letter.events for letter in letters),
        first_seq=min(letter.first_seq or letter.seq for letter in letters),
        last_seq=max(letter.seq for letter in letters),
        first_at=min(letter.at for letter in letters),
        last_at=newest.at,
        example=newest.reason,
    )
