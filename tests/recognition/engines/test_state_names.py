"""The state whose name stands on a plate."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.model import Pixels
from platewire.recognition.engines.plates import Plates, PlatesSettings
from platewire.recognition.engines.state_names import NAMES, named_state
from platewire.recognition.networks.text_detector import Quad
from tests.recognition.drawing import frame_of, put, wall

FONT = cv2.FONT_HERSHEY_DUPLEX
WHOLE: Quad = np.array([[0, 0], [300, 0], [300, 150], [0, 150]], np.float32)


def american_plate(name: str, number: str = "BNV 8412") -> Pixels:
    """300 x 150 pixels: a name above the number, as US plates have it."""
    plate = np.full((150, 300, 3), 245, np.uint8)
    for text, size, thick, bottom in ((name, 0.8, 2, 32), (number, 1.9, 4, 105)):
        (width, _), _ = cv2.getTextSize(text, FONT, size, thick)
        cv2.putText(plate, text, ((300 - width) // 2, bottom), FONT, size, (60, 30, 20), thick)
    return plate


@pytest.fixture(scope="module")
def plates() -> Iterator[Plates]:
    built = PlatesSettings(countries=("US",)).build()
    yield built
    built.close()


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        (["California", "7ARE988", "dmv.ca.gov"], "US-CA"),
        (["NOV CALIFORNIA"], "US-CA"),
        (["JANCaliforniR"], "US-CA"),
        (["MICHICAN"], "US-MI"),
        (["TEXAS", "The Lone Star State"], "US-TX"),
        (["VIRGINIA"], "US-VA"),
        (["WEST VIRGINIA"], "US-WV"),
        (["Wild, Wonderful", "West Virginía"], "US-WV"),
        (["WASHINGTON", "EVERGREEN STATE"], "US-WA"),
        (["WASHINGTON, D.C."], "US-DC"),
        (["ARKANSAS"], "US-AR"),
        (["KANSAS"], "US-KS"),
        (["NORTH DAKOTA"], "US-ND"),
        (["Québec", "Je me souviens"], "CA-QC"),
        (["Beautiful", "British Columbia"], "CA-BC"),
        (["NSW"], "AU-NSW"),
        (["WESTERN AUSTRALIA"], "AU-WA"),
    ],
)
def test_a_name_is_known_also_with_a_few_faults(lines: list[str], state: str) -> None:
    assert named_state(lines) == state


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["", "5SRV360", "en"],
        ["TEAAS"],
        ["BAJA CALIFORNIA"],
        ["TEXAS", "OHIO"],
        ["OXXTH DAKOTA"],
        ["NOTH CAROLINA"],
        ["WFST VIRGINIA"],
        ["AKANSAS"],
        ["Cahfnria"],
        ["LONE STAR STATE", "DEALER", "www.cars.com"],
        ["MAINELY USED CARS"],
    ],
)
def test_no_state_is_told_where_the_lines_leave_it_open(lines: list[str]) -> None:
    assert named_state(lines) is None


@given(st.sampled_from([name for name, state in NAMES.items() if state]), st.data())
def test_one_letter_misread_never_makes_another_state(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    misread = name[:at] + data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) + name[at + 1 :]
    assert named_state([name]) == NAMES[name]
    assert named_state([misread]) in (NAMES[name], None)


@given(st.text(max_size=40))
def test_any_line_can_be_looked_at(line: str) -> None:
    assert named_state([line]) in {*NAMES.values(), None} - {""}


@pytest.mark.parametrize(("name", "state"), [("TEXAS", "US-TX"), ("MANITOBA", "CA-MB")])
def test_the_name_is_read_from_the_picture(plates: Plates, name: str, state: str) -> None:
    assert plates.states is not None
    assert plates.states.read(american_plate(name), WHOLE) == state


def test_a_plate_without_a_name_tells_none(plates: Plates) -> None:
    assert plates.states is not None
    assert plates.states.read(american_plate(""), WHOLE) is None


def test_a_read_of_a_plate_has_its_state(plates: Plates) -> None:
    scene = wall()
    small = np.asarray(cv2.resize(american_plate("TEXAS"), (200, 100)), np.uint8)
    put(scene, small, (320, 260))
    (read,) = plates.read(frame_of(scene))
    assert (read.text, read.country, read.region) == ("BNV8412", "US", "TX")
