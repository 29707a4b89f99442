"""NumberOk's TCP packets: events to bytes, and bytes of either direction to packets.

A packet is an 8-byte little-endian header (type, length of the body) and a body. The client sends
0x19 to subscribe; the server sends 0x21: `Key=Value` pairs parted by 0x05, two zero bytes, and
the picture to the end of the body. The source is the vendor's "LPR Results: Developer's API" and
"event package specification over TCP"; where they are silent, docs/outputs/numberok_tcp.md
says what we chose. Fitting a picture into the packet is the caller's work.
"""

import struct
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from platewire.model import Attribute, Direction, Event, Kind, Site
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

SUBSCRIBE = 0x19
"""The packet type by which a receiver subscribes."""
EVENT = 0x21
"""The packet type of an event."""
BODY_BYTES_MAX = 1 << 20
"""Bytes of a packet's body, at most, text and picture together; a bound on a receiver's memory."""
SUBSCRIPTION = struct.pack("<II", SUBSCRIBE, 0)

_HEADER = struct.Struct("<II")
_END = b"\0\0"
_UNSAFE = str.maketrans({"\x00": " ", "\x05": " "})
_STATES = {Kind.NEW: "Detected", Kind.UPDATED: "Updated", Kind.LOST: "Lost"}
_MOVEMENTS = {
    Direction.IN: ("In", 2),
    Direction.OUT: ("Out", 8),
    Direction.UNKNOWN: ("Undetermined", 0),
}

Pairs = Iterator[tuple[str, object]]


class FramingError(ValueError):
    """These bytes are no NumberOk packets; the connection cannot be read any further."""


class Packet(NamedTuple):
    type: int
    body: bytes


class Received(NamedTuple):
    """An event packet as a receiver sees it; keys as they were sent."""

    pairs: dict[str, str]
    picture: bytes


# --- writing -----------------------------------------------------------------------------------


def event_text(
    event: Event,
    site: Site,
    *,
    checkpoint: int = 0,
    attempt: Attempt = FIRST_ATTEMPT,
    class_and_type: bool = True,
    additions: bool = True,
) -> bytes:
    """The body up to and with the two zero bytes.

    `class_and_type` puts `EventClass` and `EventType` first; `additions` appends keys that
    NumberOk does not have.
    """
    pairs: list[tuple[str, object]] = []
    if class_and_type:
        pairs += [("EventClass", "Status"), ("EventType", "IAService.LPR")]
    pairs += _published(event, site, checkpoint)
    if additions:
        pairs += _additions(event)
        pairs += (
            (name[0].upper() + name[1:], value) for name, value in shared_additions(event, attempt)
        )
    return b"\x05".join(_pair(key, value) for key, value in pairs) + _END


def packet(text: bytes, picture: bytes = b"") -> bytes:
    """ValueError where text and picture are more than a packet may hold."""
    length = len(text) + len(picture)
    if length > BODY_BYTES_MAX:
        raise ValueError(
            f"the packet has {length} bytes; NumberOk supports at most {BODY_BYTES_MAX}"
        )
    return _HEADER.pack(EVENT, length) + text + picture


def _published(event: Event, site: Site, checkpoint: int) -> Pairs:
    movement, bit = _MOVEMENTS[event.direction]
    yield "SystemId", site.system_id
    yield "State", _STATES[event.kind]
    yield "RuntimeID", event.passage_number
    yield "MovementType", movement
    yield "uMovementType", bit
    yield "FrameTimeStampMs", milliseconds(_frame_time(event))
    yield "ProcessTimeMs", process_ms(event)
    if event.test:
        yield "TestMode", "Enabled"
    yield "PlateNumber", event.plate.text
    yield "RawPlateNumber", event.plate.raw
    yield "UnicodePlateNumber", own_letters(event.plate).encode("utf-16-be").hex().upper()
    yield from _place(event, site)
    yield "Checkpoint", checkpoint


def _frame_time(event: Event) -> datetime:
    """Time of the frame of the event; for `lost`, which has no frame, that of the last read."""
    return event.last_seen_at if event.kind is Kind.LOST else event.occurred_at


def _place(event: Event, site: Site) -> Pairs:
    """Each omitted if it is no longer configured."""
    if (zone := zone_index(event, site)) is not None:
        yield "ZoneIndex", zone
    if event.camera in site.channels:
        yield "ChannelIndex", site.channels[event.camera]


def _additions(event: Event) -> Pairs:
    vehicle = event.vehicle
    yield "EventId", event.id
    yield "Seq", event.seq
    yield "PassageId", event.passage
    yield "Revision", event.revision
    if event.plate.country:
        yield "Country", iso3166.alpha3(event.plate.country)
    yield "Confidence", f"{event.plate.confidence:.6f}"
    yield from _attribute("CarBrand", vehicle.make)
    yield from _attribute("CarModel", vehicle.model)
    yield from _attribute("CarType", vehicle.type)
    yield from _attribute("CarColor", vehicle.color)
    yield "PlateRect", ",".join(str(round(edge)) for edge in event.plate.box)


def _attribute(key: str, attribute: Attribute | None) -> Pairs:
    if attribute is not None:
        yield key, attribute.value


def _pair(key: str, value: object) -> bytes:
    return f"{key}={str(value).translate(_UNSAFE)}".encode("utf-8", "replace")


# --- reading -----------------------------------------------------------------------------------


class Decoder:
    """Bytes in pieces of any size to packets of the wanted types; others are skipped unkept.

    Holds at most one body; a length above `body_bytes_max` raises FramingError before anything
    is kept.
    """

    def __init__(self, *wanted: int, body_bytes_max: int = BODY_BYTES_MAX) -> None:
        self._wanted = frozenset(wanted)
        self._body_bytes_max = body_bytes_max
        self._kept = bytearray()
        self._skip = 0

    def feed(self, data: bytes) -> list[Packet]:
        self._kept += self._skipped(data)
        packets = []
        while (found := self._next()) is not None:
            if found.type in self._wanted:
                packets.append(found)
        return packets

    def _skipped(self, data: bytes) -> bytes:
        count = min(self._skip, len(data))
        self._skip -= count
        return data[count:]

    def _next(self) -> Packet | None:
        if len(self._kept) < _HEADER.size:
            return None
        kind, length = _HEADER.unpack_from(self._kept)
        if length > self._body_bytes_max:
            raise FramingError(
                f"packet type {kind:#x} announces {length} bytes, the limit is "
                f"{self._body_bytes_max}"
            )
        if kind in self._wanted and len(self._kept) < _HEADER.size + length:
            return None
        return Packet(kind, self._take(length))

    def _take(self, length: int) -> bytes:
        """Body of the first packet, as far as it is there; what is missing will be skipped."""
        end = _HEADER.size + length
        body = bytes(self._kept[_HEADER.size : end])
        self._skip = length - len(body)
        del self._kept[:end]
        return body


def read_event(body: bytes) -> Received:
    """Body of an event packet; pairs may be missing, unknown or without a value."""
    text, _, picture = body.partition(_END)
    pieces = (piece.partition(b"=") for piece in text.split(b"\x05") if piece)
    return Received({_text(key): _text(value) for key, _, value in pieces}, picture)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
