"""NumberOk's JSON over HTTP: an event to the bytes of a packet.

Profiles: `numberok-1.0` and `numberok-1.6` are NumberOk's two protocol versions, `axis` is what the
same vendor's camera applications send. On the wire every scalar is a string, except the geotag's
numbers and the coordinates. The sources are the vendor's articles "Sending events as JSON over
HTTP" and "JSON fields, protocol 1.6" and published packets; where they are silent or disagree,
docs/decisions/http-numberok-json.md says what we chose. `numberok_json_reader` reads packets.
"""

import base64
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal, NamedTuple

import msgspec

from platewire.clock import milliseconds
from platewire.model import Attribute, Event, Image, Kind, Site, Vehicle
from platewire.wire import iso3166

Profile = Literal["numberok-1.0", "numberok-1.6", "axis"]
ImageType = Literal["plate", "vehicle", "frame"]

_STATES = {Kind.NEW: "new", Kind.UPDATED: "updated", Kind.LOST: "lost"}
_STATES_AXIS = {**_STATES, Kind.UPDATED: "update"}
_FILE_MARKS = {"plate": "lp", "vehicle": "roi", "frame": ""}
_LIVE = timedelta(minutes=1)
_UNIX_ZERO = datetime(1970, 1, 1, tzinfo=UTC)

_ORDER_1_0 = (
    "packetCounter datetime plateText plateCountry plateConfidence carState geotag imageType "
    "plateImageType plateImageSize carMoveDirection timeProcessing plateCoordinates carID "
    "sensorProviderID"
)
_ORDER_1_6 = (
    "packetCounter datetime plateText plateUTF8 plateUnicode plateASCII plateCountry "
    "plateConfidence carState roiID geotag imageType plateImageType plateImageSize "
    "carMoveDirection timeProcessing plateCoordinates carID sensorProviderID frame_timestamp "
    "capture_timestamp capture_ts"
)
_ORDER_AXIS = (
    "packetCounter capture_timestamp frame_timestamp capture_ts datetime plateText plateUnicode "
    "plateUTF8 plateASCII plateCountry plateISO3166-2 plateRegion plateRegionCode plateList "
    "plateListMode plateListDescription plateConfidence carState roiID geotag imageType "
    "plateImageType plateImageSize carMoveDirection timeProcessing plateCoordinates carID "
    "GEOtarget ImageArray vehicle_info camera_info profileID sensorProviderID"
)
_ORDERS: dict[Profile, tuple[str, ...]] = {
    "numberok-1.0": tuple(_ORDER_1_0.split()),
    "numberok-1.6": tuple(_ORDER_1_6.split()),
    "axis": tuple(_ORDER_AXIS.split()),
}
Pairs = Iterator[tuple[str, Any]]


class Shown(NamedTuple):
    """The picture that goes along: what it shows, and its JPEG bytes."""

    type: ImageType
    jpeg: bytes


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """How to write packets for one receiver."""

    profile: Profile = "numberok-1.0"
    sensor_id: str = "{camera}"
    """Sent as `sensorProviderID`; `{camera}` stands for the camera's name."""
    typed_numbers: bool = False
    """JSON numbers where the documents say number, instead of the strings that are really sent."""
    time_zone: tzinfo | None = None
    """`datetime` in this zone without an offset, as cameras send it; None is UTC with `+0000`."""
    additions: bool = True
    """Keys of ours at the end, which receivers of NumberOk packets ignore."""


def encode(
    event: Event,
    site: Site,
    dialect: Dialect,
    *,
    packet_counter: int,
    picture: Shown | None = None,
    embed: bool = False,
) -> bytes:
    """One packet. `embed` puts the picture into the JSON, in the `axis` profile only."""
    values = dict(_all_values(event, site, dialect, packet_counter, picture))
    if embed and picture is not None:
        values["ImageArray"] = [_embedded(picture)]
    order: Iterable[str] = _ORDERS[dialect.profile]
    if dialect.additions:
        added = dict(_additions(event))
        values |= added
        order = dict.fromkeys((*order, *added))
    packet = {key: values[key] for key in order if key in values}
    return msgspec.json.encode(packet if dialect.typed_numbers else _as_strings(packet))


def file_name(event: Event, extension: str, *, shows: ImageType | None = None) -> str:
    """Unique and speaking, in the family's pattern: `20240506101210_100lp_ZZ0123QQ_67.jpg`.

    Receivers store files under the name that the sender gives, so the last number is the event's
    `seq`, which never comes twice, in place of the packet counter, which restarts.
    """
    at = _time_of(event)
    mark = _FILE_MARKS[shows] if shows else ""
    stamp = f"{at:%Y%m%d%H%M%S}_{milliseconds(at) % 1000:03}"
    return f"{stamp}{mark}_{event.plate.text}_{event.seq}.{extension}"


def image_type(event: Event, image: Image) -> ImageType:
    """Which of the event's pictures this one is."""
    if image == event.images.frame:
        return "frame"
    return "vehicle" if image == event.images.vehicle else "plate"


def _time_of(event: Event) -> datetime:
    """A lost packet repeats the time of the new one; a snapshot knows only the first read's time,
    so both carry that."""
    moment = event.occurred_at if event.kind is Kind.UPDATED else event.first_seen_at
    return moment.astimezone(UTC)


def _all_values(
    event: Event, site: Site, dialect: Dialect, packet_counter: int, picture: Shown | None
) -> Pairs:
    yield "packetCounter", packet_counter
    yield from _when(event, dialect.time_zone)
    yield from _plate(event)
    states = _STATES_AXIS if dialect.profile == "axis" else _STATES
    yield "carState", states[event.kind]
    yield from _where(event, site)
    yield "imageType", picture.type if picture else "plate"
    yield "plateImageType", "jpeg"
    yield "plateImageSize", len(picture.jpeg) if picture else 0
    yield "carMoveDirection", event.direction.value
    yield "timeProcessing", _process_ms(event)
    yield "carID", event.passage_number
    if info := dict(_vehicle(event.vehicle)):
        yield "vehicle_info", info
    yield "camera_info", {"ProdShortName": "platewire"}
    yield "profileID", "1"
    yield "sensorProviderID", dialect.sensor_id.replace("{camera}", event.camera)


def _when(event: Event, zone: tzinfo | None) -> Pairs:
    at = _time_of(event)
    unix_ms = milliseconds(at)
    local, offset = (at, "+0000") if zone is None else (at.astimezone(zone), "")
    yield "datetime", f"{local:%Y%m%d %H%M%S}{unix_ms % 1000:03}{offset}"
    yield "capture_timestamp", unix_ms
    yield "capture_ts", unix_ms * 1_000_000
    yield "frame_timestamp", 0 if event.kind is Kind.LOST else _microseconds(at)


def _microseconds(at: datetime) -> int:
    return (at - _UNIX_ZERO) // timedelta(microseconds=1)


def _plate(event: Event) -> Pairs:
    plate = event.plate
    letters = "".join(plate.unicode.split()) or plate.text
    yield "plateText", letters
    yield "plateUnicode", letters
    yield "plateUTF8", plate.display or letters
    yield "plateASCII", plate.text
    yield "plateCountry", iso3166.alpha3(plate.country)
    yield "plateISO3166-2", ""
    yield "plateRegion", plate.region or ""
    yield "plateRegionCode", ""
    yield from _lists(event)
    yield "plateConfidence", round(plate.confidence, 6)
    yield "plateCoordinates", [max(0, round(edge)) for edge in plate.box]


def _lists(event: Event) -> Pairs:
    hit = event.lists[0] if event.lists else None
    yield "plateList", hit.name if hit else ""
    yield "plateListMode", (hit.kind if hit and hit.kind in ("allow", "block") else "")
    yield "plateListDescription", ""


def _where(event: Event, site: Site) -> Pairs:
    """The zone is left out where the configuration no longer knows it: a wrong number opens a
    wrong gate. Without zones the whole picture is zone 1."""
    zones = site.zones.get(event.camera, ())
    if event.zone is None:
        yield "roiID", 1
    elif event.zone in zones:
        yield "roiID", zones.index(event.zone) + 1
    yield "geotag", {"lat": site.latitude, "lon": site.longitude}
    yield "GEOtarget", site.name


def _process_ms(event: Event) -> int:
    """From frame to log; 0 where that says nothing, as in a recording."""
    if event.recorded_at is None:
        return 0
    span = event.recorded_at - event.occurred_at
    return span // timedelta(milliseconds=1) if timedelta() <= span < _LIVE else 0


def _vehicle(vehicle: Vehicle) -> Pairs:
    yield from _attribute("make", vehicle.make)
    yield from _attribute("model", vehicle.model)
    yield from _attribute("type", vehicle.type, upper=True)
    yield from _attribute("color", vehicle.color, upper=True)
    if known := vehicle.model or vehicle.make:
        yield "confidenceMMR", round(known.confidence, 6)
    if vehicle.color:
        yield "confidenceColor", round(vehicle.color.confidence, 6)


def _attribute(key: str, attribute: Attribute | None, *, upper: bool = False) -> Pairs:
    if attribute is not None:
        yield key, attribute.value.upper() if upper else attribute.value


def _additions(event: Event) -> Pairs:
    if event.kind is Kind.LOST:
        yield "lost_timestamp", milliseconds(event.last_seen_at)
    if info := dict(_vehicle(event.vehicle)):
        yield "vehicle_info", info
    yield "eventID", str(event.id)
    yield "passageID", str(event.passage)
    yield "seq", event.seq
    yield "revision", event.revision
    if event.test:
        yield "testMode", "Enabled"
    if event.replayed:
        yield "replayed", "true"


def _embedded(picture: Shown) -> dict[str, str]:
    binary = base64.b64encode(picture.jpeg).decode()
    return {"ImageType": picture.type, "ImageFormat": "jpg", "BinaryImage": binary}


def _as_strings(value: Any, key: str = "") -> Any:
    """All scalars as strings but those of the geotag and of arrays of numbers."""
    if isinstance(value, dict) and key != "geotag":
        return {name: _as_strings(part, name) for name, part in value.items()}
    if isinstance(value, float):
        return f"{value:.6f}"
    return str(value) if isinstance(value, int) else value
