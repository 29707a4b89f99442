"""A vehicle's color and type are what its surroundings show, or null."""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.errors import ConfigError
from platewire.model import Attribute, Box, Pixels, Vehicle
from platewire.recognition.networks.models import OWN_FOLDER
from platewire.recognition.vehicle import region
from platewire.recognition.vehicle.classifier import (
    COLORS,
    MODEL,
    SIDE,
    TYPES,
    VehicleClassifier,
    network_input,
    region_of,
    said,
)
from tests.recognition.drawing import plate_picture, put, wall

PLATE = Box(240, 330, 160, 40)
PAINT = {"white": (245, 245, 245), "black": (22, 22, 24), "red": (170, 20, 25)}
PAINT |= {"blue": (30, 60, 150), "yellow": (240, 205, 30)}


@cache
def classifier() -> VehicleClassifier:
    return VehicleClassifier()


def car(paint: tuple[int, int, int]) -> Pixels:
    """Paint with glass, lamps and shadow on a bright street."""
    scene = wall(color=(150, 150, 150))
    scene[140:430, 70:570] = wall(500, 290, paint)
    scene[150:240, 130:510] = (50, 45, 40)
    scene[280:320, 80:170] = scene[280:320, 470:560] = (60, 50, 200)
    scene[430:450, 80:560] = 30
    put(scene, plate_picture("12-BDF-3", height=44), (320, 350))
    return scene


@pytest.mark.parametrize("name", PAINT)
def test_plain_paint_is_named(name: str) -> None:
    found = classifier().look(car(PAINT[name]), PLATE)
    assert found.color is not None
    assert found.color.value == name
    assert 0 < found.color.confidence <= 1


def test_a_gray_picture_has_no_color() -> None:
    gray = np.repeat(car(PAINT["red"])[:, :, 1:2], 3, axis=2)
    assert classifier().look(gray, PLATE).color is None


def test_there_is_no_color_at_night() -> None:
    night = (car(PAINT["red"]) * 0.03).astype(np.uint8)
    assert classifier().look(night, PLATE).color is None


def test_a_camera_that_paints_all_magenta_is_not_believed() -> None:
    dusk = wall(color=(110, 50, 110))
    dusk[300:320, 180:220] = dusk[300:320, 440:480] = (190, 150, 255)
    put(dusk, plate_picture("12-BDF-3", height=30), (320, 350))
    assert classifier().look(dusk, Box(260, 335, 120, 30)).color is None


def test_a_tiny_plate_tells_nothing() -> None:
    assert classifier().look(car(PAINT["red"]), Box(300, 300, 20, 5)) == Vehicle()


def test_a_plate_that_fills_the_picture_tells_nothing() -> None:
    plate = plate_picture("12-BDF-3", height=80)
    box = Box(0, 0, plate.shape[1], plate.shape[0])
    assert classifier().look(plate, box) == Vehicle()


@pytest.mark.parametrize(
    "around", [Box(-978, -1995.3, 2004, 2004), Box(-2003.4, 0, 2004, 2004), Box(63.6, 47.6, 9, 9)]
)
def test_a_sliver_of_the_picture_is_cut_out(around: Box) -> None:
    pixels = np.full((48, 64, 3), 255, np.uint8)
    assert (region.cut_region(pixels, around, SIDE) == 255).any()


@given(
    st.tuples(*[st.floats(-2000, 2000)] * 2), st.tuples(*[st.floats(0, 3000)] * 2), st.integers(0)
)
def test_any_box_is_taken(at: tuple[float, float], size: tuple[float, float], seed: int) -> None:
    pixels = np.random.default_rng(seed % 99).integers(0, 255, (48, 64, 3), np.uint8)
    found = classifier().look(pixels, Box(*at, *size))
    assert found.color is None or found.color.value in COLORS[:-1]
    assert found.type is None or found.type.value in TYPES


@given(st.integers(-40, 120), st.integers(-40, 120), st.integers(1, 90), st.integers(1, 40))
def test_what_lies_outside_the_picture_is_known_as_such(x: int, y: int, w: int, h: int) -> None:
    """A white picture: whatever is seen is white, whatever is not is gray."""
    pixels = np.full((60, 80, 3), 255, np.uint8)
    plate = Box(x, y, w, h)
    cut, seen = region_of(pixels, plate)
    edge = (cut[:, :, 0] == 255) != (seen == 255)
    # On each of the four sides at most a pixel of the picture and half a cell of the square.
    assert edge.mean() <= 4 * (1 / region.region_around(plate).width + 0.5 / SIDE)
    assert set(np.unique(cut)) <= {255, region.OUTSIDE}


def test_chances_sum_to_one() -> None:
    chances = classifier().chances(network_input(*region_of(car(PAINT["blue"]), PLATE)))
    assert chances.colors.shape == (len(COLORS),)
    assert chances.types.shape == (len(TYPES),)
    assert chances.colors.sum() == pytest.approx(1, abs=1e-4)
    assert chances.types.sum() == pytest.approx(1, abs=1e-4)


def test_unknown_and_unsure_are_not_said() -> None:
    assert said(("car", "unknown"), np.array([0.2, 0.8], np.float32), 0.5) is None
    assert said(("car", "van"), np.array([0.55, 0.45], np.float32), 0.6) is None
    assert said(("car", "van"), np.array([0.75, 0.25], np.float32), 0.6) == Attribute("car", 0.75)


def test_a_missing_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"vehicle\.onnx is missing; reinstall platewire"):
        VehicleClassifier(folder=tmp_path)


def test_the_card_names_the_network_that_ships() -> None:
    digest = hashlib.sha256((OWN_FOLDER / MODEL).read_bytes()).hexdigest()
    assert digest in (OWN_FOLDER / MODEL).with_suffix(".md").read_text("utf-8")
