"""Genetec's AutoVu Sharp, HTTP export as JSON: for tools that were written for Sharp cameras.

The source is one real export, kept by parkpow/deep-license-plate-recognition. All values are
strings, dates are month/day/year, an unknown attribute is left out, an unknown text is empty.
"""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any

import msgspec

from platewire.model import Attribute, Event, Site

NOBODY = "00000000-0000-0000-0000-000000000000"

Pairs = Iterator[tuple[str, Any]]


def encode(
    event: Event,
    site: Site,
    *,
    plate: bytes = b"",
    context: bytes = b"",
    zone: tzinfo | None = None,
    added: dict[str, Any] | None = None,
) -> bytes:
    """`plate` and `context` are JPEG: the crop, and vehicle or frame; `zone` is that of the local
    times, UTC where it is None; `added` is what this form has no place for."""
    values = dict(_values(event, site, zone))
    values["ContextImage"] = base64.b64encode(context).decode()
    values["PlateImage"] = base64.b64encode(plate).decode()
    body = {key: values[key] for key in sorted(values)}
    if added is not None:
        body["platewire"] = added
    return msgspec.json.encode(body)


def _values(event: Event, site: Site, zone: tzinfo | None) -> Pairs:
    yield "Plate", event.plate.text
    yield "State", event.plate.region or event.plate.country or ""
    yield "ConfidenceScore", _percent(event.plate.confidence)
    yield "Attributes", dict(_attributes(event))
    yield "CameraName", event.camera
    yield "SharpName", site.name
    yield "VehicleID", str(event.passage)
    yield "IsHit", "Yes" if event.lists else "No"
    yield from _times("Utc", event.occurred_at.astimezone(UTC))
    yield from _times("Local", event.occurred_at.astimezone(zone or UTC))
    yield from _place("Latitude", site.latitude, "NS")
    yield from _place("Longitude", site.longitude, "EW")
    for key in ("PatrollerId", "UserId"):
        yield key, NOBODY
    for key in (
        "Address",
        "InventoryLocation",
        "OverviewImage",
        "ParkingLot",
        "PatrollerName",
        "PermitName",
        "UserName",
    ):
        yield key, ""


def _attributes(event: Event) -> Pairs:
    vehicle = event.vehicle
    yield from _scored("Vehicle Type", vehicle.type)
    yield from _scored("Vehicle Color", vehicle.color)
    yield from _scored("Vehicle Make", vehicle.make)
    yield from _scored("Vehicle Model", vehicle.model)
    if state := event.plate.region or event.plate.country:
        yield "State Name", state
    yield "Confidence Score", _percent(event.plate.confidence)


def _scored(name: str, attribute: Attribute | None) -> Pairs:
    if attribute is not None:
        yield name, attribute.value
        yield f"{name} Confidence Score", _percent(attribute.confidence)


def _times(which: str, at: datetime) -> Pairs:
    yield f"Date{which}", f"{at:%m/%d/%Y}"
    yield f"Time{which}", f"{at:%H:%M:%S}"


def _place(name: str, degrees: float, signs: str) -> Pairs:
    """`W-122 23 14`: the export tells the side twice, by letter and by sign."""
    seconds = int(abs(degrees) * 3600)
    whole = str(seconds // 3600) if degrees >= 0 else f"-{seconds // 3600}"
    minute, second = seconds // 60 % 60, seconds % 60
    yield name, f"{degrees:.13f}".rstrip("0").rstrip(".")
    yield f"{name}Degree", whole
    yield f"{name}Minute", str(minute)
    yield f"{name}Second", str(second)
    yield f"{name}DMS", f"{signs[degrees < 0]}{whole} {minute} {second}"


def _percent(confidence: float) -> str:
    return str(round(100 * confidence))
