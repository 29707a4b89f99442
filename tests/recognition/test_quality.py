"""What can be seen worse weighs less; how a plate is turned or placed changes nothing else."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.model import Box, Pixels, Quality
from platewire.recognition import quality
from tests.recognition.drawing import plate_picture, put, wall

UNIT = st.floats(0, 1)


def drawn(height: int, *, blur: float = 0.0, light: float = 1.0, added: int = 0) -> Quality:
    """The quality of a plate of that height in a scene that is blurred, darkened, flooded."""
    plate = plate_picture("12-BDF-3", height=height)
    scene = wall()
    put(scene, plate, (320, 240))
    if blur:
        scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), blur), np.uint8)
    lit = np.clip(scene * light + added, 0, 255).astype(np.uint8)
    wide = plate.shape[1]
    return quality.of_box(lit, Box(320 - wide / 2, 240 - height / 2, wide, height))


def test_a_sharp_plate_counts_in_full() -> None:
    seen = drawn(40)
    assert seen.weight == 1.0
    assert seen.height == 40
    assert seen.clipped == 0
    assert seen.contrast > 0.8


def test_weight_falls_with_blur_and_with_size() -> None:
    for height in (24, 40, 80):
        weights = [drawn(height, blur=blur).weight for blur in (0.5, 2.0, 3.0, 6.0)]
        assert weights == sorted(weights, reverse=True)
        assert weights[-1] < weights[0]
    assert drawn(8).weight < drawn(40).weight


def test_a_small_plate_enlarged_is_not_sharp() -> None:
    small = drawn(18, blur=1.0)
    assert small.sharpness < 0.5 * drawn(80).sharpness


def test_a_dim_plate_weighs_less_than_a_bright_one() -> None:
    dim = drawn(40, light=0.08)
    assert dim.contrast < 0.15
    assert dim.weight < 0.5


def test_a_flooded_plate_weighs_less() -> None:
    flooded = drawn(40, added=235)
    assert flooded.clipped > 0.9
    assert flooded.weight < 0.3


@pytest.mark.parametrize("angle", [-30.0, -10.0, 15.0, 40.0])
def test_the_angle_is_that_of_the_text(angle: float) -> None:
    """OpenCV turns counter-clockwise for positive angles; falling to the right is ours."""
    quad = np.asarray(cv2.boxPoints(((320, 240), (200, 50), angle)), np.float32)
    corners = np.array([quad[1], quad[2], quad[3], quad[0]], np.float32)
    seen = quality.of_quad(wall(), corners)
    assert seen.angle == pytest.approx(angle, abs=0.2)
    assert (seen.width, seen.height) == pytest.approx((200, 50), abs=0.2)


def test_turning_a_plate_costs_no_sharpness() -> None:
    scene = wall()
    plate = plate_picture("12-BDF-3", height=60)
    put(scene, plate, (320, 240), angle=15.0)
    middle, size = (320, 240), (plate.shape[1], 60)
    quad = np.asarray(cv2.boxPoints((middle, size, -15.0)), np.float32)
    turned = quality.of_quad(scene, np.array([quad[1], quad[2], quad[3], quad[0]], np.float32))
    assert turned.sharpness == pytest.approx(drawn(60).sharpness, rel=0.25)
    assert turned.weight == 1.0


@given(st.floats(1, 300), UNIT, UNIT, st.floats(-90, 90), UNIT, st.floats(0, 1), st.integers(0, 4))
def test_weight_never_rises_when_one_measure_gets_worse(
    height: float,
    sharp: float,
    contrast: float,
    angle: float,
    clipped: float,
    by: float,
    which: int,
) -> None:
    better = [height, sharp, contrast, angle, clipped]
    worse = list(better)
    worse[which] = (
        worse[which] * (1 - by) if which < 3 else [angle * (1 + by), max(clipped, by)][which - 3]
    )
    assert 0 < quality.weight(*worse) <= quality.weight(*better) <= 1


@pytest.mark.parametrize("box", [Box(0, 0, 1, 1), Box(-50, -50, 20, 20), Box(600, 440, 400, 400)])
def test_any_box_has_a_quality(box: Box) -> None:
    plain: Pixels = wall()
    seen = quality.of_box(plain, box)
    assert 0 < seen.weight <= 1
