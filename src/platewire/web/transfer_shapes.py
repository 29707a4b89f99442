"""What the operations on transfers take and answer."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from platewire.eventlog.letters import Attempt, DeadGroup, DeadLetter, Parked, Trial
from platewire.model import Kind
from platewire.web.context import Job, ReplayWhat
from platewire.web.overview import TransferStatus
from platewire.web.shapes import Limit, Seq

Moment = Annotated[datetime, Meta(tz=True)]
Group = Annotated[
    Annotated[str, Meta(min_length=1, max_length=40)] | None,
    Meta(description="Only letters of this reason, such as `rejected-422` or `expired`"),
]
Since = Annotated[
    Moment | None, Meta(description="Only what was given up then or later, with time zone")
]


# --- what may be asked -------------------------------------------------------------------------


class DeadLettersQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which dead letters."""

    group: Group = None
    since: Since = None
    before: Annotated[Seq | None, Meta(description="Only seq less than this. To page back")] = None
    discarded: Annotated[
        bool, Meta(description="Those that were discarded, instead of those that were not")
    ] = False
    limit: Limit = 100


class AttemptsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which attempts."""

    seq: Annotated[Seq | None, Meta(description="Only those at this event")] = None
    limit: Limit = 100


class RequeueBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which dead letters to send again; without any choice, all."""

    seqs: Annotated[
        Annotated[tuple[Seq, ...], Meta(max_length=500)], Meta(description="These events")
    ] = ()
    group: Group = None
    since: Since = None


class DiscardBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which dead letters are settled, and why; without any choice, all."""

    reason: Annotated[str, Meta(min_length=1, max_length=500, description="Why, for the record")]
    seqs: Annotated[
        Annotated[tuple[Seq, ...], Meta(max_length=500)], Meta(description="These events")
    ] = ()
    group: Group = None
    since: Since = None


class ReplayBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events to send again: from an event or a time on."""

    what: Annotated[
        ReplayWhat,
        Meta(
            description="`all` that matches; `failed`: dead letters that are not discarded; "
            "`never_sent`: what matches today and was never to be sent, or was too old then"
        ),
    ] = "all"
    from_seq: Annotated[Seq | None, Meta(description="First event, by seq")] = None
    since: Annotated[
        Moment | None,
        Meta(
            description="Instead of `from_seq`: recorded then or later; of `failed`, given up "
            "then or later. With time zone"
        ),
    ] = None
    to_seq: Annotated[
        Seq | None, Meta(description="Last event, by seq; null: the end of the log as it is")
    ] = None
    rate: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="At most so many events a second; null: as fast as they are taken"),
    ] = None


class TestBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which test events to send."""

    __test__ = False

    kinds: Annotated[
        Annotated[tuple[Kind, ...], Meta(min_length=1, max_length=3)],
        Meta(description="One event of each of these kinds"),
    ] = tuple(Kind)


# --- what is answered --------------------------------------------------------------------------


class TransferDetail(Struct, frozen=True, kw_only=True):
    """A transfer with what waits and what was given up."""

    status: TransferStatus
    parked: Annotated[
        tuple[Parked, ...],
        Meta(description="Events that wait for an attempt of their own, the first 100"),
    ]
    dead: Annotated[tuple[DeadGroup, ...], Meta(description="Dead letters by reason, most first")]
    jobs: Annotated[tuple[Job, ...], Meta(description="Its replays since the start")]


class DeadLetters(Struct, frozen=True, kw_only=True):
    """Some dead letters, newest first."""

    letters: tuple[DeadLetter, ...]
    groups: Annotated[
        tuple[DeadGroup, ...], Meta(description="All that are not discarded, by reason")
    ]
    next: Annotated[str | None, Meta(description="Where the next page is; null: no more")]


class AttemptList(Struct, frozen=True):
    """Some attempts, newest first: those that failed, and the last that succeeded."""

    attempts: tuple[Attempt, ...]


class Changed(Struct, frozen=True):
    """How many dead letters it concerned."""

    count: int


class Trials(Struct, frozen=True):
    """What came of each test event."""

    trials: tuple[Trial, ...]
