"""The export has the keys and the forms of a real one."""

import base64
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.model import Attribute, Vehicle
from platewire.testing.check_output import SITE
from platewire.testing.sample_events import odd_events, passage_events
from platewire.wire.vms import genetec

EVENT = passage_events()[1]


def export(event: Any = EVENT, site: Any = SITE, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(genetec.encode(event, site, **more))
    return told


def test_the_keys_are_those_of_a_real_export(real_data: Path) -> None:
    path = real_data.parent / "samples" / "genetec" / "sharp_http_export.json"
    if not path.is_file():
        pytest.skip(f"no sample: {path} is missing")
    theirs = json.loads(path.read_bytes())
    ours = export()
    assert set(ours) == set(theirs)
    assert set(ours["Attributes"]) <= set(theirs["Attributes"])
    strings = {key for key, value in theirs.items() if isinstance(value, str)}
    assert {key for key, value in ours.items() if isinstance(value, str)} == strings


def test_a_place_is_told_as_the_real_export_tells_it() -> None:
    site = structs.replace(SITE, latitude=37.7870816666667, longitude=-122.387388333333)
    told = export(site=site)
    assert told["Latitude"] == "37.7870816666667"
    assert told["LatitudeDMS"] == "N37 47 13"
    assert told["Longitude"] == "-122.387388333333"
    assert told["LongitudeDMS"] == "W-122 23 14"
    assert [told[f"Longitude{each}"] for each in ("Degree", "Minute", "Second")] == [
        "-122",
        "23",
        "14",
    ]


def test_what_it_says() -> None:
    vehicle = Vehicle(type=Attribute("Passenger Vehicle", 0.97), make=Attribute("VW", 0.5))
    told = export(
        structs.replace(EVENT, vehicle=vehicle),
        zone=ZoneInfo("America/Los_Angeles"),
        plate=b"small",
        context=b"large",
        added={"seq": 1},
    )
    assert told["Plate"] == "BU9042"
    assert told["State"] == "DE"
    assert told["ConfidenceScore"] == "88"
    assert (told["DateUtc"], told["TimeUtc"]) == ("01/02/2026", "03:04:06")
    assert (told["DateLocal"], told["TimeLocal"]) == ("01/01/2026", "19:04:06")
    assert told["Attributes"]["Vehicle Type Confidence Score"] == "97"
    assert "Vehicle Color" not in told["Attributes"]
    assert told["IsHit"] == "Yes"
    assert base64.b64decode(told["PlateImage"]) == b"small"
    assert base64.b64decode(told["ContextImage"]) == b"large"
    assert told["platewire"] == {"seq": 1}


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_any_place_can_be_told(latitude: float, longitude: float) -> None:
    told = export(site=structs.replace(SITE, latitude=latitude, longitude=longitude))
    assert told["LatitudeDMS"][0] == ("S" if latitude < 0 else "N")
    assert abs(float(told["Longitude"]) - longitude) < 1e-9
    assert 0 <= int(told["LongitudeMinute"]) < 60


def test_odd_events_can_be_told() -> None:
    for event in odd_events(3):
        assert export(event)["Plate"] == event.plate.text
