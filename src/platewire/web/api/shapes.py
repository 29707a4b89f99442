"""Requests and responses of the API; the OpenAPI document is generated from these types.

Answers with events are generic: documented with `Event` inside, sent with the stored bytes inside.
"""

from datetime import datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from msgspec import Meta, Raw, Struct

from platewire.database.queries import PassageRow
from platewire.database.search.request import MatchMode, PlateText, SearchRequest
from platewire.exports.formats import Format
from platewire.exports.text import Delimiter
from platewire.model import Entry, Kind
from platewire.web.context import Job
from platewire.web.overview import CameraStatus, LogStatus, OutputStatus

E = TypeVar("E")

SEQ_MAX = 2**63 - 1
"""The largest sequence number: SQLite's integers have 64 bits with a sign."""

Whole = Annotated[int, Meta(ge=0, le=SEQ_MAX)]
Seq = Annotated[int, Meta(ge=1, le=SEQ_MAX)]
Limit = Annotated[int, Meta(ge=1, le=500, description="Maximum number of items, 1 to 500")]
Camera = Annotated[str | None, Meta(description="Only from this camera")]


# --- what may be asked -------------------------------------------------------------------------


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class EventsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events to list."""

    after: Annotated[
        Whole | None, Meta(description="Only seq greater than this, ascending, to follow the log")
    ] = None
    before: Annotated[
        Seq | None, Meta(description="Only seq less than this, descending, to page back")
    ] = None
    limit: Limit = 100
    camera: Camera = None
    kind: Annotated[Kind | None, Meta(description="Only `new`, `updated` or `lost`")] = None
    plate: PlateText = None
    match: MatchMode = None


class PassagesQuery(SearchRequest, frozen=True, kw_only=True):
    """Which passages match, and which page of them."""

    limit: Limit = 100
    before: Annotated[
        str | None,
        Meta(
            description="To page back: only passages before this cursor, from `next`. It holds a "
            "time and a seq, because passages are sorted by first sight"
        ),
    ] = None


class ExportQuery(SearchRequest, frozen=True, kw_only=True):
    """Which rows to export, and in which format."""

    format: Annotated[Format, Meta(description="Format of the file")] = Format.CSV
    columns: Annotated[
        str | None, Meta(description="Only these columns, in this order, comma-separated")
    ] = None
    delimiter: Annotated[Delimiter, Meta(description="Delimiter of a CSV file")] = Delimiter.COMMA
    decimal_comma: Annotated[
        bool, Meta(description=("Decimal comma in a CSV file: 0,875 instead of 0.875"))
    ] = False
    bom: Annotated[
        bool,
        Meta(description=("Start a CSV file with a byte order mark, so that Excel detects UTF-8")),
    ] = False


class StreamQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the stream starts."""

    after: Annotated[
        Whole | None,
        Meta(
            description="Start after this seq; default: with the next event. The header "
            "Last-Event-ID, which browsers send when they reconnect, takes precedence",
        ),
    ] = None


class SnapshotQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Query of a snapshot, which defeats caches."""

    t: Annotated[
        Annotated[str, Meta(max_length=32)] | None,
        Meta(description="Any value; tells one request from the next"),
    ] = None


# --- what is answered --------------------------------------------------------------------------


class EventPage(Struct, Generic[E], frozen=True):
    """A page of events, as stored."""

    events: tuple[E, ...]
    next: Annotated[str | None, Meta(description="URL of the next page; null: last page")]
    last_seq: Annotated[int, Meta(description="Last event in the log")]
    epoch: Annotated[
        int, Meta(description="Increases when the log was truncated or a backup was restored")
    ]


class Passage(Struct, Generic[E], frozen=True, kw_only=True):
    """A passage as of its last event."""

    id: Annotated[UUID, Meta(description="UUIDv7 of the passage")]
    state: Annotated[
        Kind, Meta(description=("Kind of its last event; `lost` means the passage is over"))
    ]
    first_seq: Annotated[int, Meta(description="Its first event, by seq")]
    last_seq: Annotated[int, Meta(description="Its last event, by seq")]
    event: Annotated[E, Meta(description="Its last event")]


class PassagePage(Struct, Generic[E], frozen=True):
    """A page of passages, newest first."""

    passages: tuple[Passage[E], ...]
    next: Annotated[str | None, Meta(description="URL of the next page; null: last page")]


class Seen(Struct, Generic[E], frozen=True, kw_only=True):
    """Whether there are such passages."""

    seen: bool
    passages: Annotated[int, Meta(description="Number of passages")]
    first_seen_at: Annotated[
        datetime | None, Meta(description="First sight of the first passage, UTC")
    ] = None
    last_seen_at: Annotated[
        datetime | None, Meta(description="First sight of the last passage, UTC")
    ] = None
    since: Annotated[
        datetime | None, Meta(description="Start of the searched time range, UTC; null: no limit")
    ] = None
    until: Annotated[
        datetime | None, Meta(description="End of the searched time range, UTC; null: now")
    ] = None
    last: Annotated[Passage[E] | None, Meta(description="The last passage")] = None


class PassageHistory(Struct, Generic[E], frozen=True):
    """A passage with all its events."""

    passage: Passage[E]
    events: Annotated[tuple[E, ...], Meta(description="By revision, ascending")]


class Outputs(Struct, frozen=True):
    """All outputs."""

    outputs: tuple[OutputStatus, ...]


class Cameras(Struct, frozen=True):
    """All cameras."""

    cameras: tuple[CameraStatus, ...]


class Jobs(Struct, frozen=True):
    """All replays since the start."""

    jobs: tuple[Job, ...]


class JobStarted(Struct, frozen=True):
    """The replay that was started."""

    job: Annotated[str, Meta(description="Name of the job, as in /api/v1/jobs")]


class Health(Struct, frozen=True):
    """Health of the server."""

    healthy: bool
    reasons: Annotated[
        tuple[str, ...],
        Meta(description="Why it is not healthy. Empty for clients without a token"),
    ] = ()
    warnings: Annotated[
        tuple[str, ...],
        Meta(description="Warnings for the operator. Empty for clients without a token"),
    ] = ()
    log: Annotated[
        LogStatus | None, Meta(description="The event log; null for clients without a token")
    ] = None


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
