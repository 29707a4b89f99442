"""The webhook has the shape that its vendor's own tester sends."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from platewire.model import Attribute, Box, Vehicle
from platewire.testing.sample_events import odd_events, passage_events
from platewire.wire.anpr import plate_recognizer

EVENT = passage_events()[1]
KNOWN = Vehicle(
    make=Attribute("Porsche", 0.5),
    model=Attribute("911", 0.25),
    type=Attribute("Sedan", 0.75),
    color=Attribute("red", 0.5),
    box=Box(155.2, 71, 435, 302),
)


def webhook(event: Any = EVENT, **more: Any) -> dict[str, Any]:
    settings = {"target": "http://x/", "zone": None, "additions": False, **more}
    told: dict[str, Any] = json.loads(plate_recognizer.encode(event, **settings))
    return told


def shape(value: Any) -> Any:
    """Keys and types, of lists their first member, numbers alike."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) else type(value).__name__


def test_the_shape_is_that_of_the_vendors_tester(real_data: Path) -> None:
    path = real_data.parent / "samples" / "platerecognizer" / "stream_webhook.json"
    if not path.is_file():
        pytest.skip(f"no sample: {path} is missing")
    theirs = shape(json.loads(path.read_bytes()))
    ours = shape(webhook(structs.replace(EVENT, vehicle=KNOWN)))
    (result,) = theirs["data"]["results"]
    for unknown_to_us in ("direction", "source_url", "position_sec"):
        del result[unknown_to_us]
    result["orientation"] = []
    assert ours == theirs


def test_what_it_says() -> None:
    told = webhook(structs.replace(EVENT, vehicle=KNOWN), zone=ZoneInfo("Europe/Berlin"))
    assert told["hook"]["id"] == told["data"]["camera_id"] == "gate"
    assert told["data"]["timestamp"] == "2026-01-02T03:04:06.778000Z"
    assert told["data"]["timestamp_local"] == "2026-01-02 04:04:06.778000+01:00"
    (result,) = told["data"]["results"]
    assert result["plate"] == "bu9042"
    assert result["box"] == {"xmin": 420, "ymin": 180, "xmax": 576, "ymax": 214}
    assert result["candidates"][1] == {"plate": "bu9047", "score": 0.25}
    assert result["region"]["code"] == "de"
    assert result["model_make"] == [{"make": "Porsche", "model": "911", "score": 0.25}]
    assert result["vehicle"]["box"]["xmax"] == 590


def test_what_is_not_known_is_left_out() -> None:
    (result,) = webhook(next(iter(odd_events(3))))["data"]["results"]
    assert result["color"] == result["model_make"] == []
    assert result["region"]["code"] == ""
    assert "vehicle" not in result


def test_a_region_stands_after_its_country() -> None:
    plate = structs.replace(EVENT.plate, country="US", region="CA")
    (result,) = webhook(structs.replace(EVENT, plate=plate))["data"]["results"]
    assert result["region"]["code"] == "us-ca"


def test_odd_events_can_be_told_and_ours_is_added() -> None:
    for event in odd_events(3):
        added = webhook(event, additions=True)["platewire"]
        assert added["passage_number"] == event.passage_number
        assert added["kind"] == event.kind.value
    assert "platewire" not in webhook()
