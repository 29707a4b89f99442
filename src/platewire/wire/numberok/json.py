"""NumberOk's JSON over HTTP: an event to the bytes of a packet.

Profiles: `numberok-1.0` and `numberok-1.6` are NumberOk's two protocol versions, `axis` is what the
same vendor's camera applications send. On the wire every scalar is a string, except the geotag's
numbers and the coordinates. The sources are the vendor's articles "Sending events as JSON over
HTTP" and "JSON fields, protocol 1.6" and published packets; where they are silent or disagree,
docs/decisions/http-numberok-json.md says what we chose. `numberok_json_reader` reads packets.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from platewire.model import Attribute, CameraFacts, Event, Image, Kind, Site
from platewire.runtime.clock import milliseconds
from platewire.wire import iso3166
from platewire.wire.numberok.fields import (
    FIRST_ATTEMPT,
    Attempt,
    own_letters,
    process_ms,
    shared_additions,
    zone_index,
)

Profile = Literal["numberok-1.0", "numberok-1.6", "axis"]
ImageType = Literal["plate", "vehicle", "frame"]

_STATES = {Kind.NEW: "new", Kind.UPDATED: "updated", Kind.LOST: "lost"}
_STATES_AXIS = {**_STATES, Kind.UPDATED: "update"}
_FILE_MARKS = {"plate": "lp", "vehicle": "roi", "frame": ""}
_SECOND_MARK = "lpup"
"""Marks the plate beside the vehicle for the vendor's own receiver."""
_MAC = re.compile(r"[0-9A-F]{12}")
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
    "plateImageType plateImageSize carMoveDirection timeProcessing plateCoordinates "
    "plateCoordinatesRelative carID GEOtarget imagesURI ImageArray imageFile imageFile2 profileID "
    "vehicle_info camera_info sensorProviderID"
)
ORDERS: dict[Profile, tuple[str, ...]] = {
    "numberok-1.0": tuple(_ORDER_1_0.split()),
    "numberok-1.6": tuple(_ORDER_1_6.split()),
    "axis": tuple(_ORDER_AXIS.split()),
}
_VEHICLE_KEYS = ("view", "brand", "make", "model", "type", "color")
Pairs = Iterator[tuple[str, Any]]


class AttachedPicture(NamedTuple):
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
    """`datetime` in this time zone without an offset, as cameras send it. None: UTC with `+0000`,
    except in `axis`, where it is the time zone of the site."""
    second_picture: bool = True
    """`axis`: whether the plate crop is sent as the second picture; applied by the caller."""
    additions: bool = True
    """Keys of ours at the end, which receivers of NumberOk packets ignore."""


def encode(
    event: Event,
    site: Site,
    dialect: Dialect,
    *,
    packet_counter: int,
    attached: Sequence[AttachedPicture] = (),
    embed: bool = False,
    attempt: Attempt = FIRST_ATTEMPT,
) -> bytes:
    """One packet. `attached` are the pictures to send, the selected one first; `embed` puts them
    into the JSON, in the `axis` profile only."""
    values = dict(_all_values(event, site, dialect, packet_counter, attached))
    if embed and attached:
        values["ImageArray"] = [_embedded(picture) for picture in attached]
    order: Iterable[str] = ORDERS[dialect.profile]
    added = dict(_additions(event, site, dialect.profile, attempt)) if dialect.additions else {}
    if event.test:  # Always, so that no receiver takes a test for a vehicle.
        added["testMode"] = "Enabled"
    values |= added
    order = dict.fromkeys((*order, *added))
    packet = {key: values[key] for key in order if key in values}
    return msgspec.json.encode(packet if dialect.typed_numbers else _as_strings(packet))


def pictures(chosen: AttachedPicture | None, plate: bytes | None) -> Sequence[AttachedPicture]:
    """The selected picture, followed by the plate crop if that is a different one."""
    if chosen is None:
        return []
    second = [AttachedPicture("plate", plate)] if plate and chosen.type != "plate" else []
    return [chosen, *second]


def file_name(event: Event, extension: str, *, mark: str = "") -> str:
    """Unique and speaking, in the family's pattern: `20240506101210_100lp_ZZ0123QQ_67.jpg`.

    Receivers store files under the name that the sender gives, so the last number is the event's
    `seq`, which never comes twice, in place of the packet counter, which restarts.
    """
    at = _time_of(event)
    stamp = f"{at:%Y%m%d%H%M%S}_{milliseconds(at) % 1000:03}"
    return f"{stamp}{mark}_{event.plate.text}_{event.seq}.{extension}"


def picture_names(event: Event, attached: Sequence[AttachedPicture]) -> list[str]:
    """File names of the pictures; of two, the second is the plate crop."""
    names = [file_name(event, "jpg", mark=_FILE_MARKS[picture.type]) for picture in attached[:1]]
    return names + [file_name(event, "jpg", mark=_SECOND_MARK) for _ in attached[1:]]


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
    event: Event,
    site: Site,
    dialect: Dialect,
    packet_counter: int,
    attached: Sequence[AttachedPicture],
) -> Pairs:
    of_camera = dialect.profile == "axis"
    yield "packetCounter", packet_counter
    yield from _when(event, dialect.time_zone or (ZoneInfo(site.time_zone) if of_camera else None))
    yield from _plate(event)
    states = _STATES_AXIS if of_camera else _STATES
    yield "carState", states[event.kind]
    yield from _where(event, site)
    yield from _pictures(event, attached)
    yield "carMoveDirection", event.direction.value
    yield "timeProcessing", process_ms(event)
    yield "carID", event.passage_number
    yield "vehicle_info", dict.fromkeys(_VEHICLE_KEYS, "") | dict(_vehicle(event, site))
    yield "camera_info", camera_info(event.camera, site)
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
    letters = own_letters(plate)
    yield "plateText", letters
    yield "plateUnicode", letters
    yield "plateUTF8", letters
    yield "plateASCII", plate.text
    yield "plateCountry", iso3166.alpha3(plate.country)
    yield "plateISO3166-2", ""
    yield "plateRegion", plate.region or ""
    yield "plateRegionCode", ""
    yield from _lists(event)
    yield "plateConfidence", round(plate.confidence, 6)
    box = [max(0, round(edge)) for edge in plate.box]
    yield "plateCoordinates", box
    yield "plateCoordinatesRelative", box  # equal in packets of 2023 and 2024


def _lists(event: Event) -> Pairs:
    hit = event.lists[0] if event.lists else None
    yield "plateList", hit.name if hit else ""
    yield "plateListMode", (hit.kind if hit and hit.kind in ("allow", "block") else "")
    yield "plateListDescription", (hit.note or "") if hit else ""


def _where(event: Event, site: Site) -> Pairs:
    if (zone := zone_index(event, site)) is not None:
        yield "roiID", zone + 1
    yield "geotag", {"lat": site.latitude, "lon": site.longitude}
    yield "GEOtarget", site.name


def _pictures(event: Event, attached: Sequence[AttachedPicture]) -> Pairs:
    first = attached[0] if attached else None
    yield "imageType", first.type if first else "plate"
    yield "plateImageType", "jpeg"
    yield "plateImageSize", len(first.jpeg) if first else 0
    kept = (event.images.plate, event.images.vehicle or event.images.frame)
    yield "imagesURI", [image.url for image in kept if image is not None]
    names = picture_names(event, attached)
    yield "imageFile", names[0] if names else ""
    if len(names) > 1:
        yield "imageFile2", names[1]


def camera_info(camera: str, site: Site) -> dict[str, str]:
    """Receivers identify cameras by the serial number, which is the MAC address in the family.
    `IPAddress` is empty if unknown, other unknown values are generated and stable."""
    known = site.cameras.get(camera, CameraFacts())
    mac = known.mac_address or _mac_of(known.serial_number) or _made_up_mac(camera, site)
    return {
        "SerialNumber": known.serial_number or _mac_of(mac),
        "ProdShortName": known.model or "platewire",
        "IPAddress": known.ip_address,
        "MACAddress": mac,
    }


def _mac_of(text: str) -> str:
    """Twelve digits without colons, as newer cameras write it; empty if it is not a MAC address."""
    digits = text.replace(":", "").replace("-", "").upper()
    return digits if _MAC.fullmatch(digits) else ""


def _made_up_mac(camera: str, site: Site) -> str:
    """Stable over restarts. 02 marks a locally administered address."""
    named = f"{site.system_id}\n{site.name}\n{camera}".encode("utf-8", "replace")
    return "02" + hashlib.sha256(named).hexdigest()[:10].upper()


def _vehicle(event: Event, site: Site) -> Pairs:
    """Known values, with the make under both names of the family."""
    vehicle = event.vehicle
    if view := site.cameras.get(event.camera, CameraFacts()).view:
        yield "view", view
    yield from _attribute("brand", vehicle.make)
    yield from _attribute("make", vehicle.make)
    yield from _attribute("model", vehicle.model)
    yield from _attribute("type", vehicle.type, upper=True)
    yield from _attribute("color", vehicle.color, upper=True)
    if known := vehicle.model or vehicle.make:
        yield "confidenceMMR", round(known.confidence, 6)
    if vehicle.color:
        yield "confidenceColor", round(vehicle.color.confidence, 6)
    if vehicle.box:
        yield "coordinates", [max(0, round(edge)) for edge in vehicle.box]


def _attribute(key: str, attribute: Attribute | None, *, upper: bool = False) -> Pairs:
    if attribute is not None:
        yield key, attribute.value.upper() if upper else attribute.value


def _additions(event: Event, site: Site, profile: Profile, attempt: Attempt) -> Pairs:
    if event.kind is Kind.LOST:
        yield "lost_timestamp", milliseconds(event.last_seen_at)
    if profile != "axis" and (info := dict(_vehicle(event, site))):
        yield "vehicle_info", info
    if profile == "numberok-1.6":
        yield "camera_info", camera_info(event.camera, site)
    yield "eventID", str(event.id)
    yield "passageID", str(event.passage)
    yield "seq", event.seq
    yield "revision", event.revision
    yield from shared_additions(event, attempt)


def _embedded(picture: AttachedPicture) -> dict[str, str]:
    binary = base64.b64encode(picture.jpeg).decode()
    return {"ImageType": picture.type, "ImageFormat": "jpg", "BinaryImage": binary}


def _as_strings(value: Any, key: str = "") -> Any:
    """All scalars as strings but those of the geotag and of arrays of numbers."""
    if isinstance(value, dict) and key != "geotag":
        return {name: _as_strings(part, name) for name, part in value.items()}
    if isinstance(value, float):
        return f"{value:.6f}"
    return str(value) if isinstance(value, int) else value
