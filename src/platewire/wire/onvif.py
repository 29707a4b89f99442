"""ONVIF's license plate event as JSON, as cameras of Profile M publish it over MQTT.

After ONVIF's Core specification (events as JSON: `UtcTime`, `Source`, `Data`; an element in `Data`
stands under the name of its item and under its own) and its Analytics specification (topic
`tns1:RuleEngine/Recognition/LicensePlate`). Attributes begin with `@`, a text beside attributes is
`#text`. The specification does not tell the kinds of an event apart, so what it has no place for
stands under `platewire`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from platewire.model import Attribute, Event, Site
from platewire.wire.plate_recognizer import added

TOPIC = "onvif-ej/RuleEngine/Recognition/LicensePlate"
RULE = "platewire"

Pairs = Iterator[tuple[str, Any]]


def encode(event: Event, site: Site, *, additions: bool = True) -> bytes:
    """`additions` puts what is ours beside it, under `platewire`."""
    body: dict[str, Any] = {
        "UtcTime": _time(event.occurred_at),
        "Source": {"VideoSource": source(event, site), "Rule": RULE},
        "Data": dict(_data(event)),
    }
    if additions:
        body["platewire"] = added(event)
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
    if vehicle := dict(_vehicle(event)):
        yield "VehicleInfo", {"VehicleInfo": vehicle}


def _plate(event: Event) -> Pairs:
    plate = event.plate
    yield "PlateNumber", _likely(plate.text, plate.confidence)
    if plate.country:
        yield "CountryCode", {"#text": plate.country}
    if plate.region:
        yield "IssuingEntity", {"#text": plate.region}


def _vehicle(event: Event) -> Pairs:
    """Kinds of vehicles are capitalised, as ONVIF's are."""
    vehicle = event.vehicle
    if vehicle.type is not None:
        yield "Type", _likely(vehicle.type.value.capitalize(), vehicle.type.confidence)
    yield from _known("Brand", vehicle.make)
    yield from _known("Model", vehicle.model)
    yield from _known("Color", vehicle.color)


def _known(name: str, attribute: Attribute | None) -> Pairs:
    if attribute is not None:
        yield name, _likely(attribute.value, attribute.confidence)


def _likely(text: str, confidence: float) -> dict[str, Any]:
    return {"@Likelihood": round(confidence, 4), "#text": text}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
