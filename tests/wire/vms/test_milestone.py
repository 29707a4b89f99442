"""Analytics events are valid after Milestone's schema; lines are what expressions can rely on."""

import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.model import Attribute, Box, Entry, Event, Images, ListHit, Vehicle
from platewire.testing.check_output import SITE
from platewire.testing.sample_events import odd_events, passage_events, picture
from platewire.wire import native
from platewire.wire.vms import milestone
from platewire.wire.vms.milestone import Snapshot
from tests.support.counterparts import XMLLINT, need

NS = {"m": milestone.NAMESPACE}
PICTURE = picture("plate")


@pytest.fixture(scope="session")
def schema(real_data: Path) -> Path:
    """Milestone's own file, which is not ours to ship."""
    path = real_data.parent / "samples" / "milestone" / "AnalyticsEvent.xsd"
    if not path.is_file():
        pytest.skip(f"no schema: {path} is missing")
    need(XMLLINT)
    return path


def encoded(event: Event, source: str = "10.0.0.7", *, shown: bool = False) -> bytes:
    return milestone.analytics_event(
        Entry(event, native.encode(event)),
        SITE,
        message="ANPR",
        source=source,
        snapshot=Snapshot(PICTURE.image, PICTURE.jpeg) if shown else None,
    )


def with_frame(event: Event, box: Box, width: int = 640, height: int = 480) -> Event:
    frame = structs.replace(picture("frame").image, width=width, height=height)
    plate = structs.replace(event.plate, box=box)
    return structs.replace(event, plate=plate, images=Images(frame=frame))


def test_the_schema_accepts_every_event(schema: Path, tmp_path: Path) -> None:
    known = Vehicle(color=Attribute("blue", 0.5), make=Attribute("VW & Söhne", 0.5))
    plain = passage_events()
    events = [*plain, *odd_events(5), structs.replace(plain[0], vehicle=known, test=True)]
    framed = [with_frame(event, event.plate.box) for event in events]
    id_ = "{068680AB-5350-4AC7-A47E-652300B16252}"
    bodies = [encoded(event) for event in events] + [
        encoded(each, id_, shown=True) for each in framed
    ]
    files = [tmp_path / f"{number}.xml" for number in range(len(bodies))]
    for file, body in zip(files, bodies, strict=True):
        file.write_bytes(body)
    ran = subprocess.run(
        ["xmllint", "--noout", "--nonet", "--schema", schema, *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_the_schema_refuses_what_is_wrong(schema: Path, tmp_path: Path) -> None:
    """That the test before can fail."""
    file = tmp_path / "wrong.xml"
    file.write_bytes(encoded(passage_events()[0]).replace(b"Timestamp", b"When"))
    command: list[str | Path] = ["xmllint", "--noout", "--nonet", "--schema", schema, file]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_the_box_is_told_in_shares_of_the_frame() -> None:
    event = with_frame(passage_events()[0], Box(64, 240, 128, 48))
    bounds = ElementTree.fromstring(encoded(event)).find(".//m:BoundingBox", NS)
    assert bounds is not None
    shares = {each.tag.partition("}")[2]: each.text for each in bounds}
    assert shares == {
        "Top": "0.500000",
        "Left": "0.100000",
        "Bottom": "0.600000",
        "Right": "0.300000",
    }


def test_without_a_frame_nothing_is_said_of_the_box() -> None:
    root = ElementTree.fromstring(encoded(passage_events()[0]))
    assert root.find(".//m:BoundingBox", NS) is None


@given(st.text(), st.text(), st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_text_makes_readable_xml_and_one_line(
    display: str, camera: str, listed: str, edge: float
) -> None:
    plain = with_frame(passage_events()[1], Box(edge, edge, edge, edge))
    plate = structs.replace(plain.plate, display=display)
    event = structs.replace(plain, plate=plate, camera=camera, lists=(ListHit(listed, "exact"),))
    root = ElementTree.fromstring(encoded(event, camera))
    told = root.findtext("m:Vendor/m:CustomData", "", NS)
    assert native.decode(told.encode()).passage_number == event.passage_number
    for each in root.iterfind(".//m:BoundingBox/*", NS):
        assert 0 <= float(each.text or "") <= 1
    line = milestone.generic_line(event, "ANPR").decode()
    assert len(line.removesuffix("\r\n").splitlines()) == 1
    assert line.count(";") == 7


def test_what_is_a_test_or_a_replay_is_said_first() -> None:
    event = structs.replace(passage_events()[0], test=True, replayed=True)
    assert milestone.description(event) == "test, replayed, new, BU 9042, DE"


@pytest.mark.parametrize("source", ["10.0.0.7", "10.0.0.7,2", "gate", "", "068680AB" * 4])
def test_what_is_no_id(source: str) -> None:
    assert not milestone.is_id(source)


@given(st.binary())
def test_what_is_statistics_may_become_them(echo: bytes) -> None:
    assert milestone.may_become_statistics(echo) or not milestone.is_statistics(echo)


def test_statistics_may_come_in_pieces() -> None:
    whole = b"\r\n12,40,1,ANPR\r\n"
    assert all(milestone.may_become_statistics(whole[:end]) for end in range(len(whole)))
    assert milestone.is_statistics(whole)
    assert not milestone.may_become_statistics(b"ANPR;new")
