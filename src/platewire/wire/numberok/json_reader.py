"""NumberOk's and its family's JSON packets, as a receiver meets them, to typed values.

Lenient where senders differ: keys in any case, scalars as strings or numbers, both spellings of
the changed state and of an unknown direction, unknown keys and states, missing keys. Strict only
on the outside: the body must be one JSON object of bounded size.
"""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import msgspec

from platewire.model import Attribute, Box, Direction, JsonObject, Kind, Vehicle
from platewire.runtime import wrong_value
from platewire.wire import iso3166

PACKET_BYTES_MAX = 32 << 20
"""Bytes of a packet, at most: above one with several pictures in base64, a bound on memory."""

_STATES = {"new": Kind.NEW, "update": Kind.UPDATED, "updated": Kind.UPDATED, "lost": Kind.LOST}
_DIRECTIONS = {"in": Direction.IN, "out": Direction.OUT}
_MOMENT = re.compile(r"(\d{8}) (\d{6})(\d{3}) ?(?:([+-])(\d\d):?(\d\d))?")
_UNIX_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


class PacketError(ValueError):
    """This body is no packet."""


class Packet(msgspec.Struct, frozen=True, kw_only=True):
    """What one packet says; None where it says nothing that can be understood."""

    state: Kind | None
    """None for a state that is none of the three, e.g. `reliable`; see `raw`."""
    plate: str
    """As sent in `plateText`, else in one of its siblings; empty where nothing was read."""
    country: str | None = None
    """ISO 3166-1 alpha-2."""
    confidence: float | None = None
    """0 to 1; a sender's percent are converted."""
    direction: Direction = Direction.UNKNOWN
    captured_at: datetime | None = None
    """In a lost packet the time of the new one, not that of the departure."""
    left_at: datetime | None = None
    """Time of departure, from senders that give it."""
    car_id: int | None = None
    zone: int | None = None
    """From 1."""
    packet_counter: int | None = None
    sensor_id: str = ""
    box: Box | None = None
    vehicle: Vehicle = Vehicle()
    latitude: float | None = None
    longitude: float | None = None
    image_type: str = ""
    images: tuple[bytes, ...] = ()
    """Pictures within the JSON; those of a multipart request come beside it."""
    raw: JsonObject
    """The whole packet, keys in lower case."""


def decode(body: bytes, *, naive_zone: tzinfo = UTC) -> Packet:
    """`naive_zone` is taken for a `datetime` without offset, where no timestamp is given.

    Raises PacketError for what is not one JSON object.
    """
    if len(body) > PACKET_BYTES_MAX:
        raise PacketError(
            f"the packet has {len(body)} bytes; at most {PACKET_BYTES_MAX} are supported"
        )
    try:
        packet = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PacketError(f"not JSON: {wrong_value.malformed(error, body)}") from error
    if not isinstance(packet, dict):
        raise PacketError(
            f"the packet is not a JSON object but {wrong_value.display_value(packet)}"
        )
    return _packet(_lower(packet), naive_zone)


def _packet(raw: JsonObject, naive_zone: tzinfo) -> Packet:
    geotag = _lower(raw.get("geotag"))
    return Packet(
        state=_STATES.get(_text(raw, "carstate").lower()),
        plate=_first(raw, "platetext", "plateunicode", "plateutf8", "plateascii"),
        country=iso3166.alpha2(_text(raw, "platecountry")),
        confidence=_share(raw.get("plateconfidence")),
        direction=_DIRECTIONS.get(_text(raw, "carmovedirection").lower(), Direction.UNKNOWN),
        captured_at=_captured_at(raw, naive_zone),
        left_at=_unix(raw.get("lost_timestamp")),
        car_id=_whole(raw.get("carid")),
        zone=_whole(raw.get("roiid")),
        packet_counter=_whole(raw.get("packetcounter")),
        sensor_id=_text(raw, "sensorproviderid"),
        box=_box(raw.get("platecoordinates")),
        vehicle=_vehicle(_lower(raw.get("vehicle_info"))),
        latitude=_number(geotag.get("lat")),
        longitude=_number(geotag.get("lon")),
        image_type=_text(raw, "imagetype"),
        images=tuple(_images(raw.get("imagearray"))),
        raw=raw,
    )


def _lower(value: object) -> JsonObject:
    if not isinstance(value, dict):
        return {}
    return {str(key).lower(): part for key, part in value.items()}


def _text(raw: JsonObject, key: str) -> str:
    # The text "null" is for the caller to judge: it is a plate that people really drive with.
    value = raw.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _first(raw: JsonObject, *keys: str) -> str:
    return next((text for key in keys if (text := _text(raw, key))), "")


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None


def _whole(value: object) -> int | None:
    """Digits are not taken through a float: `carID` has 63 bits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value.strip()):
        return int(value)
    return None


def _share(value: object) -> float | None:
    number = _number(value)
    if number is None or not 0 <= number <= 100:
        return None
    return number / 100 if number > 1 else number


def _captured_at(raw: JsonObject, naive_zone: tzinfo) -> datetime | None:
    return _unix(raw.get("capture_timestamp")) or _moment(_text(raw, "datetime"), naive_zone)


def _unix(value: object) -> datetime | None:
    unix_ms = _whole(value)
    if not unix_ms or unix_ms < 0:
        return None
    try:
        return _UNIX_ZERO + timedelta(milliseconds=unix_ms)
    except OverflowError:
        return None


def _moment(text: str, naive_zone: tzinfo) -> datetime | None:
    if not (match := _MOMENT.fullmatch(text.strip())):
        return None
    day, time, ms, sign, hours, minutes = match.groups()
    zone = naive_zone
    try:
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            zone = timezone(-offset if sign == "-" else offset)
        moment = datetime.strptime(day + time, "%Y%m%d%H%M%S").replace(tzinfo=zone)
        return (moment + timedelta(milliseconds=int(ms))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _box(value: object) -> Box | None:
    if not isinstance(value, list) or len(value) != 4:
        return None
    edges = [edge for each in value if (edge := _number(each)) is not None]
    return Box(*edges) if len(edges) == 4 else None


def _vehicle(info: JsonObject) -> Vehicle:
    model_sure = _share(info.get("confidencemmr"))
    color_sure = _share(info.get("confidencecolor"))
    return Vehicle(
        make=_attribute(_first(info, "make", "brand"), model_sure),
        model=_attribute(_text(info, "model"), model_sure),
        type=_attribute(_text(info, "type").lower(), model_sure),
        color=_attribute(_text(info, "color").lower(), color_sure),
        box=_box(info.get("coordinates")),
    )


def _attribute(value: str, confidence: float | None) -> Attribute | None:
    missing = value.lower() in ("", "null")
    return None if missing else Attribute(value, confidence or 0.0)


def _images(value: object) -> list[bytes]:
    images = (_lower(each).get("binaryimage") for each in value) if isinstance(value, list) else ()
    return [image for text in images if (image := _binary(text))]


def _binary(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error):
        return b""
