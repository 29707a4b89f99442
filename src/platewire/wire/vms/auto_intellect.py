"""Auto-Intellect's two TCP forms: an XML element for each plate, and a line between STX and ETX.

Source: AxxonSoft's documentation of Auto-Intellect 5.6, Operator's Guide, where it tells how remote
systems get events of the LPR channel (ports 35555 and 55555). Nothing stands between messages, and
times have no zone.
"""

import base64
from datetime import UTC, datetime, tzinfo
from xml.sax.saxutils import quoteattr

from platewire.model import Direction, Event
from platewire.wire import iso3166

STX, ETX = b"\x02", b"\x03"
_DIRECTIONS = {Direction.IN: "in", Direction.OUT: "out", Direction.UNKNOWN: "none"}


def xml(
    event: Event,
    camera: int,
    *,
    plate: bytes = b"",
    vehicle: bytes = b"",
    zone: tzinfo | None = None,
    additions: bool = True,
) -> bytes:
    """`plate` and `vehicle` are JPEG. `additions` are attributes that the form does not have.
    A test event has one in any case, which says that it is one.
    """
    attributes = {
        "version": "1.0",
        "direction": _DIRECTIONS[event.direction],
        "cam-id": str(camera),
        "time": _local(event, zone).isoformat(timespec="milliseconds"),
        "plate": event.plate.text,
        "plate_mask": iso3166.alpha3(event.plate.country),
        "confidence": str(round(100 * event.plate.confidence)),
        "plateImage": base64.b64encode(plate).decode(),
    }
    if additions:
        attributes |= {
            "event-id": str(event.id),
            "kind": event.kind.value,
            "passage": str(event.passage_number),
        }
    if event.test:
        attributes["test"] = "true"
    head = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    body = base64.b64encode(vehicle).decode()
    return f'<?xml version="1.0" encoding="UTF-8"?><CAR_PLATE {head}>{body}</CAR_PLATE>'.encode()


def line(event: Event, camera: int, *, zone: tzinfo | None = None) -> bytes:
    """STX, date, time, two digits of the camera, plate, ETX.

    ValueError for a camera that two digits cannot say.
    """
    if not 0 <= camera <= 99:
        raise ValueError(f"camera number {camera} has more than two digits")
    at = _local(event, zone)
    return STX + f"{at:%Y%m%d%H%M%S}{camera:02}{event.plate.text}".encode("ascii") + ETX


def _local(event: Event, zone: tzinfo | None) -> datetime:
    return event.occurred_at.astimezone(zone or UTC).replace(tzinfo=None)
