"""The words that all rooms share, as frozen values. No I/O, no behavior beyond arithmetic.

In reading order: what a camera gives (`Frame`), what recognition finds in it (`Read`), what the
passage room says happened (`Change`), and what the event log numbers and hands out (`Event`,
`Entry`). All times are aware datetimes in UTC; all boxes are pixels of the full frame.

What an event is made of is out of the garbage collector's sight (`gc=False`): no such value can be
part of a cycle, and the log holds the newest of them by the ten thousand.
"""

import enum
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple, Protocol
from uuid import UUID

import numpy as np
import numpy.typing as npt
from msgspec import Meta, Struct, structs

from platewire.numbering import Numbering

Pixels = npt.NDArray[np.uint8]
"""A picture: height x width x 3, blue-green-red, 8 bits each."""


class Kind(enum.StrEnum):
    NEW = "new"
    UPDATED = "updated"
    LOST = "lost"


class Direction(enum.StrEnum):
    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


class Box(NamedTuple):
    """Left, top, width, height in pixels of the full frame; an array of four numbers in JSON."""

    x: float
    y: float
    width: float
    height: float

    @property
    def center(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def area(self) -> float:
        return self.width * self.height


class BootTime(Struct, frozen=True, gc=False):
    """A moment on the clock of one boot of the computer, which nobody can set."""

    boot: str
    """Which boot. Seconds of two boots cannot be compared."""
    seconds: float
    """Since the boot, also those for which the computer slept."""


# --- what a camera gives ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture with its camera and capture time.

    `number` counts the frames of one run of one camera from 0; gaps are dropped frames.
    """

    camera: str
    number: int
    captured_at: datetime
    pixels: Pixels
    arrived: BootTime | None = None
    """When this process got it, whatever its own time says; None: as it is handed over."""


# --- what recognition finds ------------------------------------------------------------------


class Candidate(Struct, frozen=True, gc=False):
    """Another text that the same picture may show."""

    text: str
    confidence: float


class Attribute(Struct, frozen=True, gc=False):
    """A vehicle property and how sure the recognizer is, 0 to 1."""

    value: str
    confidence: float


class Vehicle(Struct, frozen=True, gc=False, kw_only=True):
    """What is known of the vehicle; absent is null, never a guess."""

    make: Attribute | None = None
    model: Attribute | None = None
    type: Attribute | None = None
    color: Attribute | None = None
    box: Box | None = None


class Quality(Struct, frozen=True, kw_only=True):
    """How well the plate can be seen; measured on the crop, never on the text."""

    width: float
    """Pixels of the frame along the text."""
    height: float
    """Pixels of the frame across the text."""
    angle: float
    """Degrees of the text against the horizontal, falling to the right is positive."""
    sharpness: float
    """0 to 1; 1 where edges are one pixel wide when the plate is 32 pixels high."""
    contrast: float
    """0 to 1: the span of gray values between the 5th and 95th percentile."""
    clipped: float
    """0 to 1: the share of pixels that are black or white beyond telling apart."""
    weight: float
    """Above 0, at most 1: how much the read counts when a passage votes."""


class Read(Struct, frozen=True, kw_only=True):
    """One plate recognized in one frame."""

    at: datetime
    """Capture time of the frame."""
    text: str
    """A-Z0-9 after repair of look-alikes; never empty."""
    raw: str
    """What the recognizer said before any repair, letters and digits only, upper case."""
    display: str
    """As a person would write it for the country, with spaces or dashes."""
    unicode: str
    """With the plate's own letters (umlauts, Cyrillic) where the recognizer gave them."""
    confidence: float
    """0 to 1 for the whole text."""
    characters: tuple[float, ...]
    """0 to 1 for each character of `text`."""
    candidates: tuple[Candidate, ...] = ()
    country: str | None = None
    """ISO 3166-1 alpha-2."""
    region: str | None = None
    box: Box
    vehicle: Vehicle = Vehicle()
    quality: Quality | None = None
    """Null where the engine does not say."""
    partial: bool = False
    """Whether a part of the plate is hidden or outside of the frame: `text` lacks characters."""
    frame: int | None = None
    """Number of the frame, by which intake finds its picture; null once the picture is gone."""


# --- what the passage room says happened -------------------------------------------------------


class Plate(Struct, frozen=True, gc=False, kw_only=True):
    """The plate as the passage's reads together say it."""

    text: Annotated[str, Meta(description="Number plate, A-Z and 0-9 only")]
    display: Annotated[str, Meta(description="As written on the plate, with spaces or dashes")]
    raw: Annotated[str, Meta(description="As recognized, before look-alikes were repaired")]
    unicode: Annotated[str, Meta(description="With the plate's own letters, e.g. umlauts")]
    country: Annotated[str | None, Meta(description="ISO 3166-1 alpha-2, or null")] = None
    region: Annotated[str | None, Meta(description="State or region within the country")] = None
    confidence: Annotated[float, Meta(description="0 to 1 for the whole text")]
    characters: Annotated[
        tuple[float, ...], Meta(description="0 to 1 for each character of text")
    ] = ()
    candidates: Annotated[
        tuple[Candidate, ...], Meta(description="Other texts the pictures may show, best first")
    ] = ()
    box: Annotated[Box, Meta(description="Left, top, width, height in pixels of the frame")]
    partial: Annotated[
        bool,
        Meta(
            description="True if a part of the plate was hidden or outside of the frame: text may "
            "lack characters, and confidence is only that of the characters that were seen"
        ),
    ] = False


class Change(Struct, frozen=True, kw_only=True):
    """What the lifecycle says happened to a passage; an event but for its number and pictures."""

    kind: Kind
    passage: UUID
    passage_number: int
    revision: int
    changed: tuple[str, ...]
    occurred_at: datetime
    first_seen_at: datetime
    last_seen_at: datetime
    zone: str | None
    direction: Direction
    plate: Plate
    vehicle: Vehicle
    reads: int
    best: Read
    """The read whose picture the event shows."""
    arrived: BootTime | None = None
    """When the last read was taken, as `freshness.seen_at` has it; None where nobody knows."""


# --- what the event log numbers and hands out ---------------------------------------------------


class Image(Struct, frozen=True, gc=False, kw_only=True):
    """A picture of the event: where it is and what it is."""

    url: Annotated[str, Meta(description="URL of the picture")]
    sha256: Annotated[str, Meta(description="SHA-256 of the JPEG bytes, 64 hex digits")]
    width: Annotated[int, Meta(description="Pixels")]
    height: Annotated[int, Meta(description="Pixels")]
    bytes: Annotated[int, Meta(description="Size of the JPEG")]


def picture_path(sha256: str) -> str:
    """`Image.url` of a stored picture: its path on the web server."""
    return f"/api/v1/images/{sha256}.jpg"


class Images(Struct, frozen=True, gc=False, kw_only=True):
    """The pictures of an event; the plate picture is the crop that was read."""

    plate: Image | None = None
    vehicle: Image | None = None
    frame: Image | None = None


class ListHit(Struct, frozen=True, gc=False):
    """A list that the plate stands on, and how it matched."""

    name: str
    mode: str
    """`exact`, `look_alike` or `one_edit`: how this plate matched, whatever the list allows."""
    kind: str | None = None
    """`allow`, `block` or `watch`; null in events of before lists had kinds."""
    entry: str | None = None
    """The plate as it is written on the list."""
    holder: str | None = None
    """Holder of the entry. This and the following fields are null if the entry has no value, if
    `event_fields` of the list excludes it, and in events from before the field existed."""
    note: str | None = None
    group: str | None = None
    card_facility: int | None = None
    card_number: str | None = None
    """Decimal digits, because many JSON parsers lose precision with 64-bit numbers."""
    card_bits: int | None = None
    """Wiegand bits of the card: 26, 34 or 64."""


class Event(Struct, frozen=True, gc=False, kw_only=True):
    """One change of one passage, numbered by the event log. A full snapshot; never edited."""

    schema: Annotated[
        Literal["platewire.event/1"], Meta(description="Name and version of this schema")
    ] = "platewire.event/1"
    id: Annotated[UUID, Meta(description="UUIDv7; the same on every attempt, replay and channel")]
    seq: Annotated[
        int,
        Meta(
            description="Position in the event log, rising by one, except for numbers that are "
            "not used after the log was rolled back"
        ),
    ] = 0
    kind: Annotated[Kind, Meta(description="new, updated or lost")]
    passage: Annotated[UUID, Meta(description="UUIDv7 of the passage")]
    passage_number: Annotated[int, Meta(description="The passage as a 63-bit number")]
    revision: Annotated[int, Meta(description="0, 1, 2 ... within the passage")]
    changed: Annotated[
        tuple[str, ...], Meta(description="Names of the fields that changed since the last event")
    ]
    occurred_at: Annotated[datetime, Meta(description="Frame time of the change, UTC")]
    first_seen_at: Annotated[datetime, Meta(description="Frame time of the first read, UTC")]
    last_seen_at: Annotated[datetime, Meta(description="Frame time of the last read, UTC")]
    recorded_at: Annotated[
        datetime | None, Meta(description="Wall time at which the log stored it, UTC")
    ] = None
    camera: Annotated[str, Meta(description="Configured name of the camera")]
    zone: Annotated[str | None, Meta(description="Configured name of the zone, or null")] = None
    direction: Annotated[Direction, Meta(description="Against the camera's preset direction")]
    plate: Plate
    vehicle: Vehicle
    images: Images = Images()
    reads: Annotated[int, Meta(description="Number of reads behind this result")]
    lists: Annotated[tuple[ListHit, ...], Meta(description="Lists that the plate is on")] = ()
    withdrawn: Annotated[
        tuple[str, ...],
        Meta(
            description="Lists that earlier events of the passage matched and the corrected plate "
            "is not on"
        ),
    ] = ()
    test: Annotated[bool, Meta(description="True for a test event")] = False
    replayed: Annotated[bool, Meta(description="True if sent by a replay")] = False

    def numbered(self, seq: int, recorded_at: datetime) -> "Event":
        return structs.replace(self, seq=seq, recorded_at=recorded_at)


class Entry(NamedTuple):
    """An event as the log holds it: the value, and the native JSON bytes that were stored."""

    event: Event
    body: bytes
    arrived: BootTime | None = None
    """When what it tells of came to be known here (`freshness`); None where that is not known."""
    again: bool = False
    """It may have been sent before, and so come after a newer one of its passage: an attempt
    failed, or platewire ended before it knew."""
    attempt: int = 1
    """Number of the attempt, from 1; continues over restarts, starts at 1 again on a replay."""
    first: bool = False
    """The first of its passage that this output sends, on every attempt and replay."""

    @property
    def vendor_event(self) -> Event:
        """The event for other vendors' formats, whose receivers expect `new` first. A `lost` stays
        a `lost`, also as the first event."""
        if self.first and self.event.kind is Kind.UPDATED:
            return structs.replace(self.event, kind=Kind.NEW)
        return self.event


class Picture(NamedTuple):
    """JPEG bytes on their way into the log."""

    role: Literal["plate", "vehicle", "frame"]
    image: Image
    jpeg: bytes


class EventReader(Protocol):
    """What deliveries and outputs may ask of the event log."""

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        """Up to `limit` entries with seq greater than `after`, rising; empty at the end.

        Seqs that retention took, that are damaged, or empty (`numbering`) are missing before the
        first, never within. Empty although `last_seq` is greater than `after`: none of the seqs
        between has an event.
        """
        ...

    async def of_passages(self, numbers: Collection[int], last: int) -> Sequence[Entry]:
        """All entries of these passages up to and including seq `last`, in ascending order, without
        those that retention deleted or that are corrupted."""
        ...

    async def wait(self, after: int) -> int:
        """Returns the last durable seq as soon as it is greater than `after`."""
        ...

    @property
    def last_seq(self) -> int:
        """The last durable seq; 0 in an empty log."""
        ...

    @property
    def first_seq(self) -> int:
        """The first seq that retention has kept; last_seq + 1 when there is none."""
        ...

    @property
    def numbering(self) -> Numbering:
        """The identity of the log, and which seqs up to `last_seq` no event has."""
        ...

    @property
    def retention_time(self) -> datetime | None:
        """By which time what is too old may be deleted, at most now; None while the clock of the
        computer is not believed."""
        ...

    def picture(self, sha256: str) -> Awaitable[bytes | None]:
        """JPEG bytes, or None when retention has taken them or they are damaged."""
        ...


async def entry_at(log: EventReader, seq: int) -> Entry | None:
    """None where that seq has no event, or none any more."""
    found = await log.read(seq - 1, 1)
    return found[0] if found and found[0].event.seq == seq else None


class CameraFacts(Struct, frozen=True, kw_only=True):
    """Device data of a camera; empty if unknown."""

    serial_number: str = ""
    mac_address: str = ""
    """As configured, with or without colons."""
    ip_address: str = ""
    model: str = ""
    view: Literal["front", "rear", ""] = ""
    """Which side of vehicles it sees."""


class Site(Struct, frozen=True, kw_only=True):
    """What the wire formats need to know of the installation, beside the event itself.

    `channels` maps camera name to its index in the configuration, from 0; `zones` maps camera
    name to its zones' names in order; `checkpoints` maps camera name to the number of its
    checkpoint, which is 0 for a camera that is missing; `cameras` maps camera name to what is known
    of the device.
    """

    name: str
    system_id: int
    latitude: float
    longitude: float
    channels: Mapping[str, int]
    zones: Mapping[str, tuple[str, ...]]
    checkpoints: Mapping[str, int] = {}
    cameras: Mapping[str, CameraFacts] = {}
    time_zone: str = "UTC"
    """Of local times in the database, as in Europe/Berlin."""
    stills: frozenset[str] = frozenset()
    """Cameras that show each vehicle in one picture: no second read will come."""


JsonObject = dict[str, Any]
