"""Requests and responses of the operations on outputs."""

from typing import Annotated

from msgspec import Meta, Struct

from platewire.eventlog.deliveries.records import (
    Attempt,
    DeadGroup,
    DeadLetter,
    EventTestResult,
    Parked,
)
from platewire.model import Kind
from platewire.runtime.site_time import TIME_FORMS
from platewire.web.api.shapes import Limit, Seq
from platewire.web.context import Job, ReplayWhat
from platewire.web.overview import OutputStatus

Group = Annotated[
    Annotated[str, Meta(min_length=1, max_length=40)] | None,
    Meta(description="Only dead letters with this reason, such as `rejected-422` or `expired`"),
]
Since = Annotated[
    str | None, Meta(description=f"Only events that failed at or after this time: {TIME_FORMS}")
]


# --- what may be asked -------------------------------------------------------------------------


class DeadLettersQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which dead letters to list."""

    group: Group = None
    since: Since = None
    before: Annotated[Seq | None, Meta(description="Only seq less than this, to page back")] = None
    discarded: Annotated[bool, Meta(description="Discarded dead letters instead of open ones")] = (
        False
    )
    limit: Limit = 100


class AttemptsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which attempts to list."""

    seq: Annotated[Seq | None, Meta(description="Only attempts to send this event")] = None
    limit: Limit = 100


class RequeueBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which dead letters to requeue; without a filter, all."""

    seqs: Annotated[
        Annotated[tuple[Seq, ...], Meta(max_length=500)], Meta(description="Seqs of the events")
    ] = ()
    group: Group = None
    since: Since = None


class DiscardBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which dead letters to mark as resolved, and why; without a filter, all."""

    reason: Annotated[str, Meta(min_length=1, max_length=500, description="Reason, for the record")]
    seqs: Annotated[
        Annotated[tuple[Seq, ...], Meta(max_length=500)], Meta(description="Seqs of the events")
    ] = ()
    group: Group = None
    since: Since = None


class ReplayBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events to replay: from an event or a time on."""

    what: Annotated[
        ReplayWhat,
        Meta(
            description="`all` that match; `failed`: dead letters that are not discarded; "
            "`never_sent`: events that match today and were not selected then, or "
            "were too old then"
        ),
    ] = "all"
    from_seq: Annotated[Seq | None, Meta(description="First event, by seq")] = None
    since: Annotated[
        str | None,
        Meta(
            description="Instead of `from_seq`: recorded at or after this time; with `failed`, "
            f"failed at or after it: {TIME_FORMS}"
        ),
    ] = None
    to_seq: Annotated[
        Seq | None, Meta(description="Last event, by seq; null: the current end of the log")
    ] = None
    until: Annotated[
        str | None,
        Meta(
            description=(
                f"Instead of `to_seq`: recorded before this time; a day means its end: {TIME_FORMS}"
            )
        ),
    ] = None
    rate: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="Maximum events per second; null: as fast as the receiver accepts them"),
    ] = None


class TestBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which test events to send."""

    __test__ = False

    kinds: Annotated[
        Annotated[tuple[Kind, ...], Meta(max_length=3)],
        Meta(
            description="Send one event of each of these kinds; empty: of each kind that the "
            "output sends"
        ),
    ] = ()


# --- what is answered --------------------------------------------------------------------------


class OutputDetail(Struct, frozen=True, kw_only=True):
    """An output with its waiting events and dead letters."""

    status: OutputStatus
    parked: Annotated[
        tuple[Parked, ...],
        Meta(description="Events waiting for a retry of their own, the first 100"),
    ]
    dead: Annotated[
        tuple[DeadGroup, ...], Meta(description=("Dead letters by reason, most frequent first"))
    ]
    jobs: Annotated[tuple[Job, ...], Meta(description="Replays of this output since the start")]


class DeadLetters(Struct, frozen=True, kw_only=True):
    """A page of dead letters, newest first."""

    dead_letters: tuple[DeadLetter, ...]
    groups: Annotated[
        tuple[DeadGroup, ...], Meta(description="All that are not discarded, by reason")
    ]
    next: Annotated[str | None, Meta(description="URL of the next page; null: last page")]


class AttemptList(Struct, frozen=True):
    """A page of attempts, newest first: those that failed, and the last that succeeded."""

    attempts: tuple[Attempt, ...]


class Changed(Struct, frozen=True):
    """How many dead letters are affected."""

    count: int


class EventTestResults(Struct, frozen=True):
    """The result of each test event."""

    trials: tuple[EventTestResult, ...]
