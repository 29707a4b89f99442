"""ONVIF's license plate event as JSON, as cameras of Profile M publish it over MQTT.

After ONVIF's Core specification (events as JSON: `UtcTime`, `Source`, `Data`; an element in `Data`
stands under the name of its item and under its own) and its Analytics specification (topic
`tns1:RuleEngine/Recognition/LicensePlate`). Attributes begin with `@`; the text of an element is
its value, and `#text` beside attributes. The elements are those of its schema `metadatastream.xsd`,
in which a vehicle has a kind, one of five, and a color is a point in a color space. The
specification does not tell the kinds of an event apart, so what it has no place for stands under
`platewire`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from platewire.model import Attribute, Event, Site, Vehicle
from platewire.wire.anpr.plate_recognizer import added

TOPIC = "onvif-ej/RuleEngine/Recognition/LicensePlate"
RULE = "platewire"
TYPES = {
    "bus": "Bus",
    "car": "Car",
    "truck": "Truck",
    "bicycle": "Bicycle",
    "motorcycle": "Motorcycle",
}
"""Vehicle types to `tt:VehicleType`, which has no others, such as van."""
RGB = "http://www.onvif.org/ver10/colorspace/RGB"
COLORS = {
    "white": (255, 255, 255),
    "silver": (192, 192, 192),
    "gray": (128, 128, 128),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "orange": (255, 165, 0),
    "yellow": (255, 255, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "brown": (165, 42, 42),
    "beige": (245, 245, 220),
}
"""Red, green and blue, 0 to 255, of the CSS colors of these names (W3C, CSS Color Module Level 4,
section Named Colors), not measured colors."""

Pairs = Iterator[tuple[str, Any]]


def encode(event: Event, site: Site, *, additions: bool = True) -> bytes:
    """`additions` puts what is ours beside it, under `platewire`."""
    body: dict[str, Any] = {
        "UtcTime": _time(event.occurred_at),
        "Source": {"VideoSource": source(event, site), "Rule": RULE},
        "Data": dict(_data(event)),
    }
    if additions:
        body["platewire"] = added(event) | {"vehicle": dict(_words(event.vehicle))}
    return msgspec.json.encode(body)


def topic(prefix: str, event: Event, site: Site) -> str:
    """`prefix` is the camera's; the values of the event's source follow its topic."""
    return f"{prefix}/{TOPIC}/&{source(event, site)}/{RULE}"


def source(event: Event, site: Site) -> str:
    """The camera's place in the configuration, from 1; 0 for one that it no longer knows."""
    return str(site.channels.get(event.camera, -1) + 1)


def _data(event: Event) -> Pairs:
    yield "Likelihood", round(event.plate.confidence, 4)
    yield "LicensePlateInfo", {"LicensePlateInfo": dict(_plate(event))}
    if vehicle := dict(_vehicle(event.vehicle)):
        yield "VehicleInfo", {"VehicleInfo": vehicle}


def _plate(event: Event) -> Pairs:
    plate = event.plate
    yield "PlateNumber", _likely(plate.text, plate.confidence)
    if plate.country:
        yield "CountryCode", plate.country
    if plate.region:
        yield "IssuingEntity", plate.region


def _vehicle(vehicle: Vehicle) -> Pairs:
    """Empty if the type is not one of ONVIF's, because the schema requires a type."""
    if vehicle.type is None or (kind := TYPES.get(vehicle.type.value)) is None:
        return
    yield "Type", _likely(kind, vehicle.type.confidence)
    if vehicle.make is not None:
        yield "Brand", _likely(vehicle.make.value, vehicle.make.confidence)
    if vehicle.model is not None:
        yield "Model", _likely(vehicle.model.value, vehicle.model.confidence)
    if vehicle.color is not None and vehicle.color.value in COLORS:
        yield "Color", {"ColorCluster": {"Color": _color(vehicle.color)}}


def _color(color: Attribute) -> dict[str, Any]:
    red, green, blue = COLORS[color.value]
    likelihood = round(color.confidence, 4)
    return {"@X": red, "@Y": green, "@Z": blue, "@Colorspace": RGB, "@Likelihood": likelihood}


def _words(vehicle: Vehicle) -> Pairs:
    """Known values in platewire's terms, also those without an ONVIF type."""
    for name in ("make", "model", "type", "color"):
        attribute: Attribute | None = getattr(vehicle, name)
        if attribute is not None:
            yield name, attribute.value


def _likely(text: str, confidence: float) -> dict[str, Any]:
    return {"@Likelihood": round(confidence, 4), "#text": text}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
