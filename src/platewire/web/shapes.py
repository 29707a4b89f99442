"""What goes into the API and what comes out of it; the OpenAPI document is made from these types.

Answers with events are generic: documented with `Event` inside, sent with the stored bytes inside.
"""

from typing import Annotated, Generic, TypeVar
from uuid import UUID

from msgspec import Meta, Raw, Struct

from platewire.database.queries import PassageRow
from platewire.model import Entry, Kind
from platewire.web.context import Job
from platewire.web.overview import CameraStatus, TransferStatus

E = TypeVar("E")

SEQ_MAX = 2**63 - 1

Whole = Annotated[int, Meta(ge=0, le=SEQ_MAX)]
Seq = Annotated[int, Meta(ge=1, le=SEQ_MAX)]
Limit = Annotated[int, Meta(ge=1, le=500, description="How many at most, 1 to 500")]
Camera = Annotated[str | None, Meta(description="Only of this camera")]
PlatePrefix = Annotated[
    Annotated[str, Meta(min_length=1, max_length=20)] | None,
    Meta(
        description="Only plates that begin so; case, spaces and dashes do not matter",
    ),
]


# --- what may be asked -------------------------------------------------------------------------


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class EventsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events."""

    after: Annotated[
        Whole | None, Meta(description="Only seq greater than this, rising. To follow the log")
    ] = None
    before: Annotated[
        Seq | None, Meta(description="Only seq less than this, falling. To page back")
    ] = None
    limit: Limit = 100
    camera: Camera = None
    kind: Annotated[Kind | None, Meta(description="Only `new`, `updated` or `lost`")] = None
    plate: PlatePrefix = None


class PassagesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which passages."""

    before: Annotated[
        Seq | None, Meta(description="Only passages whose `first_seq` is less than this")
    ] = None
    limit: Limit = 100
    camera: Camera = None
    plate: PlatePrefix = None
    open: Annotated[bool, Meta(description="Only vehicles that are still seen")] = False


class StreamQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the stream begins."""

    after: Annotated[
        Whole | None,
        Meta(
            description="Begin after this seq; without it, with the next event. The header "
            "Last-Event-ID, which browsers send when they reconnect, goes first",
        ),
    ] = None


class SnapshotQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A picture that is newer than the last."""

    t: Annotated[
        Annotated[str, Meta(max_length=32)] | None,
        Meta(description="Anything; tells one request from the next"),
    ] = None


class ReplayBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events to send again."""

    from_seq: Annotated[Seq, Meta(description="First event, by seq")]
    to_seq: Annotated[
        Seq | None, Meta(description="Last event, by seq; null: the end of the log as it is")
    ] = None
    rate: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="At most so many events a second; null: as fast as they are taken"),
    ] = None


# --- what is answered --------------------------------------------------------------------------


class EventPage(Struct, Generic[E], frozen=True):
    """Some events, as stored."""

    events: tuple[E, ...]
    next: Annotated[str | None, Meta(description="Where the next page is; null: no more")]
    last_seq: Annotated[int, Meta(description="Last event in the log")]


class Passage(Struct, Generic[E], frozen=True, kw_only=True):
    """A passage as its last event shows it."""

    id: Annotated[UUID, Meta(description="UUIDv7 of the passage")]
    state: Annotated[Kind, Meta(description="Kind of its last event; `lost` means it is over")]
    first_seq: Annotated[int, Meta(description="Its first event, by seq")]
    last_seq: Annotated[int, Meta(description="Its last event, by seq")]
    event: Annotated[E, Meta(description="Its last event")]


class PassagePage(Struct, Generic[E], frozen=True):
    """Some passages, newest first."""

    passages: tuple[Passage[E], ...]
    next: Annotated[str | None, Meta(description="Where the next page is; null: no more")]


class PassageHistory(Struct, Generic[E], frozen=True):
    """A passage with all its events."""

    passage: Passage[E]
    events: Annotated[tuple[E, ...], Meta(description="Revisions rising")]


class Transfers(Struct, frozen=True):
    """All transfers."""

    transfers: tuple[TransferStatus, ...]


class Cameras(Struct, frozen=True):
    """All cameras."""

    cameras: tuple[CameraStatus, ...]


class Jobs(Struct, frozen=True):
    """All replays since the start."""

    jobs: tuple[Job, ...]


class JobStarted(Struct, frozen=True):
    """A replay has begun."""

    job: Annotated[str, Meta(description="Name of the job, as in /api/v1/jobs")]


class Health(Struct, frozen=True):
    """Whether the server does its work."""

    healthy: bool
    reasons: Annotated[
        tuple[str, ...],
        Meta(description="Why not. Left empty for callers without the token"),
    ] = ()


def raw(entry: Entry) -> Raw:
    return Raw(entry.body)


def passage_of(row: PassageRow) -> Passage[Raw]:
    event = row.last.event
    return Passage(
        id=event.passage,
        state=event.kind,
        first_seq=row.first_seq,
        last_seq=event.seq,
        event=raw(row.last),
    )


def history_of(entries: list[Entry]) -> PassageHistory[Raw]:
    """Of at least one entry, revisions rising."""
    row = PassageRow(entries[0].event.seq, entries[-1])
    return PassageHistory(passage_of(row), tuple(raw(entry) for entry in entries))


def normal_prefix(plate: str | None) -> str | None:
    """As the log spells plates: A-Z and 0-9 only."""
    if plate is None:
        return None
    return "".join(letter for letter in plate.upper() if letter.isascii() and letter.isalnum())
