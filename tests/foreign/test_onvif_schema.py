"""Each message in ONVIF's form against the schemas that ONVIF publishes, by xmllint."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from platewire.model import Attribute, Event, Vehicle
from platewire.recognition.vehicle.classifier import COLORS, TYPES
from platewire.testing.check_output import SITE
from platewire.testing.sample_events import odd_events, passage_events
from platewire.wire.vms import onvif
from tests.foreign.onvif_schema import Schemas, published
from tests.support.counterparts import XMLLINT, need

EVENT = passage_events()[1]
OTHERS_SAY = ("suv", "pickup", "Big Truck", "")
"""Kinds of vehicles that cameras and services name and ONVIF does not."""


@pytest.fixture
def schemas(real_data: Path, tmp_path: Path) -> Schemas:
    need(XMLLINT)
    return Schemas(published(real_data.parent / "samples"), tmp_path)


def said(value: str | None) -> Attribute | None:
    return None if value is None else Attribute(value, 0.8125)


def events() -> Iterator[Event]:
    """All that may be known of a vehicle and a plate, and all that may not."""
    yield from passage_events()
    yield from odd_events(7)
    kinds = (None, *TYPES, *OTHERS_SAY)
    paints = (None, *COLORS, "purple")
    for kind, paint, make in itertools.product(kinds, paints, (None, "Škoda & <Co>")):
        vehicle = Vehicle(type=said(kind), color=said(paint), make=said(make), model=said(make))
        yield structs.replace(EVENT, vehicle=vehicle)
    for country, region in itertools.product((None, "DE"), (None, "Île-de-France")):
        plate = structs.replace(EVENT.plate, country=country, region=region)
        yield structs.replace(EVENT, plate=plate)


MESSAGES = [onvif.encode(event, SITE) for event in events()]


def vehicles() -> list[dict[str, Any]]:
    told = [json.loads(message)["Data"].get("VehicleInfo") for message in MESSAGES]
    return [each["VehicleInfo"] for each in told if each is not None]


def test_every_message_is_valid(schemas: Schemas) -> None:
    assert len(MESSAGES) > 250
    assert schemas.complaints(MESSAGES) == ""


def test_what_is_not_valid_is_found(schemas: Schemas) -> None:
    message = json.loads(MESSAGES[0])
    message["Data"]["VehicleInfo"] = {"VehicleInfo": {"Color": "blue"}}
    assert "Expected is ( {http://www.onvif.org/ver10/schema}Type )" in schemas.complaints(
        [json.dumps(message).encode()]
    )


def test_values_are_those_that_the_schema_lists(schemas: Schemas) -> None:
    assert {each["Type"]["#text"] for each in vehicles()} <= schemas.acceptable("VehicleType")
    colors = [each["Color"]["ColorCluster"]["Color"] for each in vehicles() if "Color" in each]
    assert {each["@Colorspace"] for each in colors} <= schemas.color_spaces()
    known = set(COLORS) - {"unknown"}
    assert len({(each["@X"], each["@Y"], each["@Z"]) for each in colors}) == len(known)
