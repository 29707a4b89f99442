"""Milestone XProtect: an event to the XML of an analytics event, or to a generic event's line.

The XML follows Milestone's schema `AnalyticsEvent.xsd` (mipsdk-samples-protocol,
TriggerAnalyticsEventXML), which the tests validate it with. The line is one of ours: generic
events are texts that the administrator writes an expression for.
"""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from platewire.model import Box, Entry, Event, Image, Kind, Site
from platewire.wire.vms.in_words import what_happened, what_is_known

NAMESPACE = "urn:milestone-systems"
TYPE = "License Plate Recognition"
MESSAGE_UNKNOWN = "Event message not known"
"""In the answer 200 to an event that nobody has defined in the Management Client."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot carry, not even escaped."""
_NOT_IN_LINES = re.compile(r"[;\x00-\x1f\x7f\x85\u2028\u2029]+")
_ID = re.compile(r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?")
_STATISTICS = re.compile(rb"\s*\d+,\d+,\d+")
_STATISTICS_SO_FAR = re.compile(rb"\s*(\d+(,(\d+(,\d*)?)?)?)?")


class Snapshot(NamedTuple):
    """The picture that goes along."""

    image: Image
    jpeg: bytes


def analytics_event(
    entry: Entry, site: Site, *, message: str, source: str, snapshot: Snapshot | None = None
) -> bytes:
    """`source` is the camera's id, or its address with, after a comma, the channel."""
    event = entry.vendor_event
    root = Element("AnalyticsEvent", xmlns=NAMESPACE)
    _header(root, event, message, source)
    _text(root, "Description", description(event))
    if event.kind is Kind.LOST:
        _text(root, "StartTime", _time(event.first_seen_at))
        _text(root, "EndTime", _time(event.last_seen_at))
    _text(root, "Location", site.name)
    _object(SubElement(SubElement(root, "ObjectList"), "Object"), event)
    if snapshot is not None:
        _snapshot(SubElement(SubElement(root, "SnapshotList"), "Snapshot"), snapshot)
    vendor = SubElement(root, "Vendor")
    _text(vendor, "Name", "platewire")
    _text(vendor, "CustomData", entry.body.decode())
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def description(event: Event) -> str:
    """`new, BÜ 9042, DE, in, blue, list staff`: for the list of alarms."""
    return ", ".join(_words(event))


def generic_line(event: Event, prefix: str) -> bytes:
    """`ANPR;new;BU9042;DE;gate;staff;in;1767323045000001`, CRLF at the end; UTF-8.

    In this order: prefix, kind, plate, country, camera, lists joined by commas, direction,
    passage number; for a test event alone, `test`. A semicolon within a name becomes a space.
    """
    fields = (
        prefix,
        event.kind.value,
        event.plate.text,
        event.plate.country or "",
        event.camera,
        ",".join(hit.name for hit in event.lists),
        event.direction.value,
        str(event.passage_number),
        *(("test",) if event.test else ()),
    )
    return (";".join(_NOT_IN_LINES.sub(" ", each) for each in fields) + "\r\n").encode()


def is_statistics(echo: bytes) -> bool:
    """Whether this begins with `request,characters,matches`, as XProtect confirms a line."""
    return _STATISTICS.match(echo) is not None


def may_become_statistics(echo: bytes) -> bool:
    return _STATISTICS_SO_FAR.fullmatch(echo) is not None or is_statistics(echo)


def is_id(source: str) -> bool:
    """Whether a source is a camera's id rather than its address."""
    return _ID.fullmatch(source) is not None


def _header(root: Element, event: Event, message: str, source: str) -> None:
    header = SubElement(root, "EventHeader")
    _text(header, "ID", str(event.id))
    _text(header, "Timestamp", _time(event.occurred_at))
    _text(header, "Class", "Analytics")
    _text(header, "Type", TYPE)
    _text(header, "Message", message)
    _text(header, "CustomTag", event.plate.text)
    of = SubElement(header, "Source")
    if is_id(source):
        _text(SubElement(of, "FQID"), "ObjectId", str(UUID(source)))
    else:
        _text(of, "Name", source)


def _object(made: Element, event: Event) -> None:
    _text(made, "Name", "License plate")
    _text(made, "Type", TYPE)
    _text(made, "Confidence", f"{event.plate.confidence:.6f}")
    _text(made, "Value", event.plate.text)
    _text(made, "AlarmTrigger", "true")
    if event.vehicle.color:
        _text(made, "Color", event.vehicle.color.value)
    if (frame := event.images.frame) is not None:
        _bounds(made, event.plate.box, frame)


def _bounds(made: Element, box: Box, frame: Image) -> None:
    """As shares of the picture's size, which only the stored frame tells."""
    bounds = SubElement(made, "BoundingBox")
    for name, edge, size in (
        ("Top", box.y, frame.height),
        ("Left", box.x, frame.width),
        ("Bottom", box.y + box.height, frame.height),
        ("Right", box.x + box.width, frame.width),
    ):
        _text(bounds, name, f"{min(1.0, max(0.0, edge / size)):.6f}")


def _snapshot(made: Element, snapshot: Snapshot) -> None:
    _text(made, "TimeOffset", "0")
    _text(made, "Width", str(snapshot.image.width))
    _text(made, "Height", str(snapshot.image.height))
    _text(made, "SizeInBytes", str(len(snapshot.jpeg)))
    _text(made, "Image", base64.b64encode(snapshot.jpeg).decode())


def _words(event: Event) -> Iterator[str]:
    yield from what_happened(event)
    yield event.plate.display or event.plate.text
    yield from what_is_known(event)


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _NOT_XML.sub("", text)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
