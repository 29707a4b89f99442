"""ONVIF's event as JSON: the form of the specification, and nothing lost on the way."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.model import Attribute, Event, Vehicle
from platewire.recognition.vehicle.classifier import COLORS
from platewire.testing.check_output import SITE
from platewire.testing.sample_events import odd_events, passage_events
from platewire.wire.vms import onvif

EVENT = passage_events()[1]
EVENTS = [*passage_events(), *odd_events(7)]
CONFIDENCE = st.floats(0, 1)


def told(event: Event = EVENT, **more: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(onvif.encode(event, SITE, **more))
    return read


def test_the_form() -> None:
    assert told(additions=False) == {
        "UtcTime": "2026-01-02T03:04:06.778Z",
        "Source": {"VideoSource": "1", "Rule": "platewire"},
        "Data": {
            "Likelihood": 0.875,
            "LicensePlateInfo": {
                "LicensePlateInfo": {
                    "PlateNumber": {"@Likelihood": 0.875, "#text": "BU9042"},
                    "CountryCode": "DE",
                }
            },
        },
    }


def test_a_vehicle() -> None:
    vehicle = Vehicle(
        type=Attribute("truck", 0.75), make=Attribute("MAN", 0.5), color=Attribute("orange", 0.25)
    )
    body = told(structs.replace(EVENT, vehicle=vehicle))
    assert body["Data"]["VehicleInfo"] == {
        "VehicleInfo": {
            "Type": {"@Likelihood": 0.75, "#text": "Truck"},
            "Brand": {"@Likelihood": 0.5, "#text": "MAN"},
            "Color": {
                "ColorCluster": {
                    "Color": {
                        "@X": 255,
                        "@Y": 165,
                        "@Z": 0,
                        "@Colorspace": "http://www.onvif.org/ver10/colorspace/RGB",
                        "@Likelihood": 0.25,
                    }
                }
            },
        }
    }
    assert body["platewire"]["vehicle"] == {"make": "MAN", "type": "truck", "color": "orange"}


@pytest.mark.parametrize("kind", ["van", "suv", None])
def test_a_vehicle_of_no_kind_of_onvifs_is_left_out(kind: str | None) -> None:
    vehicle = Vehicle(type=None if kind is None else Attribute(kind, 1), make=Attribute("MAN", 1))
    body = told(structs.replace(EVENT, vehicle=vehicle))
    assert "VehicleInfo" not in body["Data"]
    assert body["platewire"]["vehicle"]["make"] == "MAN"


def test_every_color_of_the_network_is_a_point() -> None:
    assert set(onvif.COLORS) == set(COLORS) - {"unknown"}


def test_the_keys_and_the_topic_are_those_of_profile_m(real_data: Path) -> None:
    sample = real_data.parent / "samples" / "onvif-profile-m" / "constructed_mqtt_onvif-ej.json"
    if not sample.is_file():
        pytest.skip(f"no sample: {sample} is missing")
    theirs = json.loads(sample.read_bytes())
    ours = told(additions=False)
    assert set(ours) == set(theirs["payload"])
    assert set(ours["Source"]) == set(theirs["payload"]["Source"])
    assert set(ours["Data"]) <= set(theirs["payload"]["Data"])
    level = theirs["topic"].removeprefix("MyDevice").removesuffix("Rule1")
    assert onvif.topic("MyDevice", EVENT, SITE) == f"MyDevice{level}platewire"


@pytest.mark.parametrize("event", EVENTS)
def test_what_is_not_known_is_left_out(event: Event) -> None:
    body = told(event)
    assert "null" not in json.dumps(body["Data"])
    assert body["platewire"]["passage_number"] == event.passage_number
    assert ("VehicleInfo" in body["Data"]) == (event.vehicle.type is not None)


def test_the_second_camera_of_the_file() -> None:
    assert told(structs.replace(EVENT, camera="yard"))["Source"]["VideoSource"] == "3"
    assert told(structs.replace(EVENT, camera="gone"))["Source"]["VideoSource"] == "0"


@given(st.text(), st.text(), CONFIDENCE, st.integers(0, 4_000_000_000_000))
def test_nothing_is_lost(text: str, make: str, confidence: float, milliseconds: int) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    plate = structs.replace(EVENT.plate, text=text, confidence=confidence)
    vehicle = Vehicle(make=Attribute(make, confidence), type=Attribute("truck", 1))
    body = told(structs.replace(EVENT, plate=plate, vehicle=vehicle, occurred_at=at))
    info = body["Data"]["VehicleInfo"]["VehicleInfo"]
    number = body["Data"]["LicensePlateInfo"]["LicensePlateInfo"]["PlateNumber"]
    assert number["#text"] == text
    assert abs(number["@Likelihood"] - confidence) <= 0.00005
    assert info["Brand"]["#text"] == make
    assert info["Type"]["#text"] == "Truck"
    assert datetime.fromisoformat(body["UtcTime"]) == at
