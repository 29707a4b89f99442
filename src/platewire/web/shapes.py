"""What goes into the API and what comes out of it; the OpenAPI document is made from these types.

Answers with events are generic: documented with `Event` inside, sent with the stored bytes inside.
"""

from datetime import datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from msgspec import Meta, Raw, Struct

from platewire.database.plate_pattern import TEXT_MAX, Match
from platewire.database.queries import PassageRow
from platewire.exports.formats import Format
from platewire.model import Direction, Entry, Kind
from platewire.web.context import Job
from platewire.web.overview import CameraStatus, TransferStatus

E = TypeVar("E")

SEQ_MAX = 2**63 - 1

Whole = Annotated[int, Meta(ge=0, le=SEQ_MAX)]
Seq = Annotated[int, Meta(ge=1, le=SEQ_MAX)]
Limit = Annotated[int, Meta(ge=1, le=500, description="How many at most, 1 to 500")]
Camera = Annotated[str | None, Meta(description="Only of this camera")]
PlateText = Annotated[
    Annotated[str, Meta(min_length=1, max_length=TEXT_MAX)] | None,
    Meta(
        description="Only such plates; case, spaces and dashes do not matter, Cyrillic and Greek "
        "letters stand for the Latin ones that look like them",
    ),
]
HowMatched = Annotated[
    Match | None,
    Meta(
        description="How `plate` is compared: `wildcard` knows `*` and `?`; `similar` takes "
        "look-alikes (O and 0, B and 8 ...) for each other; `one_edit` forgives one character. "
        "Without it `wildcard` where `plate` holds `*` or `?`, else `prefix`"
    ),
]
Moment = "a time like 2026-01-31T08:00:00Z, a day, `today`, `yesterday` or how long ago: `24h`"


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
    plate: PlateText = None
    match: HowMatched = None


class SeenQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which passages, whichever page."""

    plate: PlateText = None
    match: HowMatched = None
    day: Annotated[
        str | None,
        Meta(description="First seen on this day at the site: `today`, `yesterday`, 2026-01-31"),
    ] = None
    since: Annotated[str | None, Meta(description=f"First seen then or later: {Moment}")] = None
    until: Annotated[str | None, Meta(description=f"First seen before: {Moment}")] = None
    camera: Camera = None
    country: Annotated[str | None, Meta(description="ISO 3166-1 alpha-2")] = None
    color: Annotated[str | None, Meta(description="Color of the vehicle")] = None
    type: Annotated[str | None, Meta(description="Type of the vehicle")] = None
    direction: Annotated[Direction | None, Meta(description="`in`, `out` or `unknown`")] = None
    list: Annotated[str | None, Meta(description="Name of a list that the plate stood on")] = None
    open: Annotated[bool, Meta(description="Only vehicles that are still seen")] = False


class PassagesQuery(SeenQuery, frozen=True, forbid_unknown_fields=True):
    """Which passages, and which page of them."""

    limit: Limit = 100
    before: Annotated[
        Seq | None, Meta(description="Only passages whose `first_seq` is less than this")
    ] = None
    cursor: Annotated[
        str | None, Meta(description="Where the page before ended; `next` has it")
    ] = None


class ExportQuery(SeenQuery, frozen=True, forbid_unknown_fields=True):
    """Which rows, and as what."""

    format: Annotated[Format, Meta(description="What the file is")] = Format.CSV
    bom: Annotated[bool, Meta(description="Begin a CSV so that Excel knows it is UTF-8")] = False


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


class Seen(Struct, Generic[E], frozen=True, kw_only=True):
    """Whether there were such passages."""

    seen: bool
    passages: Annotated[int, Meta(description="How many")]
    first_seen_at: Annotated[
        datetime | None, Meta(description="First sight of the first of them, UTC")
    ] = None
    last_seen_at: Annotated[
        datetime | None, Meta(description="First sight of the last of them, UTC")
    ] = None
    since: Annotated[
        datetime | None, Meta(description="From when it was looked for, UTC; null: ever")
    ] = None
    until: Annotated[
        datetime | None, Meta(description="Until when it was looked for, UTC; null: now")
    ] = None
    last: Annotated[Passage[E] | None, Meta(description="The last of them")] = None


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
