"""Boxes of text become lines that may be plates."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.recognition.networks import geometry
from platewire.recognition.networks.text_detector import Quad, TextBox, ordered


def quad(x: float, y: float, width: float, height: float, angle: float = 0.0) -> Quad:
    """A box with its middle at x, y."""
    return ordered(np.asarray(cv2.boxPoints(((x, y), (width, height), angle)), np.float32))


def boxes(*quads: Quad) -> list[TextBox]:
    return [TextBox(one, 0.9) for one in quads]


@given(
    width=st.floats(40, 300),
    height=st.floats(10, 30),
    angle=st.floats(-35, 35),
)
def test_a_box_is_measured_however_it_is_turned(width: float, height: float, angle: float) -> None:
    shape = geometry.shape_of(quad(200, 200, width, height, angle))
    assert shape.width == pytest.approx(width, rel=0.01)
    assert shape.height == pytest.approx(height, rel=0.01)
    assert shape.slope == pytest.approx(np.tan(np.radians(abs(angle))), abs=0.01)


@pytest.mark.parametrize(
    ("box", "may"),
    [
        (quad(100, 100, 90, 20), True),
        (quad(100, 100, 90, 20, 25), True),
        (quad(100, 100, 20, 20), False),
        (quad(100, 100, 300, 20), False),
        (quad(100, 100, 90, 20, 44), False),
        (quad(100, 100, 20, 5), False),
    ],
)
def test_a_plate_has_a_shape(box: Quad, may: bool) -> None:
    assert geometry.may_be_line(box, min_width=28) is may


def test_neighbors_on_a_line_are_joined_left_to_right() -> None:
    first, second, third = quad(60, 50, 40, 20), quad(110, 52, 40, 20), quad(165, 54, 50, 20)
    assert geometry.joined_lines(boxes(second, first, third)) == [(0, 2), (1, 0), (1, 0, 2)]


@pytest.mark.parametrize(
    "other",
    [quad(200, 50, 40, 20), quad(110, 75, 40, 20), quad(110, 50, 40, 60)],
    ids=["far", "below", "taller"],
)
def test_others_are_not_joined(other: Quad) -> None:
    assert geometry.joined_lines(boxes(quad(60, 50, 40, 20), other)) == []


def test_a_line_below_another_is_a_pair_upper_first() -> None:
    upper, lower = quad(100, 50, 60, 20), quad(104, 74, 80, 22)
    assert geometry.stacked_pairs(boxes(lower, upper)) == [(1, 0)]
    assert geometry.stacked_pairs(boxes(upper, quad(104, 130, 80, 22))) == []
    assert geometry.stacked_pairs(boxes(upper, quad(220, 74, 80, 22))) == []


def test_a_cut_is_upright_and_large_enough_to_read() -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    tilted = quad(150, 100, 120, 24, 20)
    cv2.fillConvexPoly(picture, tilted.astype(np.int32), (255, 255, 255))
    cut = geometry.cut_out(picture, tilted)
    assert cut.shape[0] == pytest.approx(geometry.LINE_HEIGHT, abs=1)
    assert cut[4:-4, 12:-12].mean() > 240


def test_a_box_stays_inside_the_picture() -> None:
    box = geometry.box_around(quad(5, 5, 60, 20), np.zeros((100, 100, 3), np.uint8))
    assert (box.x, box.y) == (0, 0)
    assert box.width <= 35
    assert box.height <= 15


def test_overlap_is_of_the_smaller_box() -> None:
    whole = quad(100, 100, 100, 20)
    assert geometry.overlap(whole, quad(75, 100, 50, 20)) == pytest.approx(1, abs=0.05)
    assert geometry.overlap(whole, quad(300, 100, 50, 20)) == 0


@given(angle=st.floats(-35, 35), along=st.floats(-1, 1))
def test_a_box_is_shifted_along_its_line(angle: float, along: float) -> None:
    before = quad(200, 200, 120, 30, angle)
    after = geometry.shifted(before, along)
    step = (after - before).mean(axis=0)
    across = before[1] - before[0]
    assert float(np.hypot(*step)) == pytest.approx(abs(along) * 30, rel=0.02, abs=0.01)
    assert float(step @ across) == pytest.approx(along * 30 * 120, rel=0.02, abs=1)
