"""Both forms say what AxxonSoft documents."""

import base64
import re
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.testing.sample_events import odd_events, passage_events
from platewire.wire.vms import auto_intellect

EVENT = passage_events()[1]
BERLIN = ZoneInfo("Europe/Berlin")


def test_the_element() -> None:
    body = auto_intellect.xml(EVENT, 4, plate=b"crop", vehicle=b"car", zone=BERLIN)
    assert body.startswith(b'<?xml version="1.0" encoding="UTF-8"?><CAR_PLATE version="1.0" ')
    told = ElementTree.fromstring(body)
    assert told.attrib == {
        "version": "1.0",
        "direction": "in",
        "cam-id": "4",
        "time": "2026-01-02T04:04:06.778",
        "plate": "BU9042",
        "plate_mask": "DEU",
        "confidence": "88",
        "plateImage": base64.b64encode(b"crop").decode(),
        "event-id": str(EVENT.id),
        "kind": "updated",
        "passage": "1767323045000001",
    }
    assert base64.b64decode(told.text or "") == b"car"


def test_the_attributes_are_those_of_the_documented_form(real_data: Path) -> None:
    path = real_data.parent / "samples/axxonsoft/constructed_auto_intellect_tcp_35555.xml"
    if not path.is_file():
        pytest.skip(f"no sample: {path} is missing")
    theirs = ElementTree.fromstring(path.read_bytes())
    ours = ElementTree.fromstring(auto_intellect.xml(EVENT, 1, additions=False))
    assert ours.tag == theirs.tag
    assert list(ours.attrib) == list(theirs.attrib)


def test_the_line() -> None:
    assert auto_intellect.line(EVENT, 1) == b"\x022026010203040601BU9042\x03"
    assert auto_intellect.line(EVENT, 42, zone=BERLIN) == b"\x022026010204040642BU9042\x03"


@pytest.mark.parametrize("camera", [-1, 100])
def test_a_camera_of_three_digits_cannot_be_said(camera: int) -> None:
    with pytest.raises(ValueError, match=f"{camera} has more than two digits"):
        auto_intellect.line(EVENT, camera)


@given(st.text("ABC012", min_size=1, max_size=20), st.integers(0, 99))
def test_every_line_can_be_told_from_the_next(text: str, camera: int) -> None:
    event = structs.replace(EVENT, plate=structs.replace(EVENT.plate, text=text))
    stream = auto_intellect.line(event, camera) * 3
    found = re.findall(rb"\x02(\d{14})(\d\d)([^\x02\x03]+)\x03", stream)
    assert found == [(b"20260102030406", f"{camera:02}".encode(), text.encode())] * 3


def test_odd_events_can_be_said() -> None:
    for event in odd_events(3):
        told = ElementTree.fromstring(auto_intellect.xml(event, 0))
        assert told.get("plate") == event.plate.text
        assert auto_intellect.line(event, 0).endswith(event.plate.text.encode() + b"\x03")
