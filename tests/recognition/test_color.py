"""A vehicle's color is that of the paint around its plate, or null."""

import numpy as np
import pytest

from platewire.model import Box, Pixels
from platewire.recognition.color import COLORS, color_of, vehicle_of
from tests.recognition.drawing import plate_picture, put, wall

PAINT = {
    "white": (245, 245, 245),
    "silver": (165, 168, 172),
    "gray": (90, 92, 95),
    "black": (22, 22, 24),
    "red": (170, 20, 25),
    "orange": (230, 110, 20),
    "yellow": (240, 205, 30),
    "green": (30, 110, 60),
    "blue": (30, 60, 150),
    "brown": (90, 58, 30),
    "beige": (212, 182, 132),
}
PLATE = Box(240, 330, 160, 40)


def car(paint: tuple[int, int, int]) -> Pixels:
    """Paint with a dark grille and a bright street behind."""
    scene = wall(color=(170, 170, 170))
    scene[120:430, 60:580] = wall(520, 310, paint)
    scene[250:290, 200:440] = 25
    put(scene, plate_picture("12-BDF-3", height=44), (320, 350))
    return scene


def test_every_color_has_an_example() -> None:
    assert set(PAINT) == set(COLORS)


@pytest.mark.parametrize("name", COLORS)
def test_paint_is_named(name: str) -> None:
    found = color_of(car(PAINT[name]), PLATE)
    assert found is not None
    assert found.value == name
    assert 0 < found.confidence <= 1


@pytest.mark.parametrize("name", ["white", "silver", "black", "red", "blue"])
def test_paint_is_named_in_weaker_light(name: str) -> None:
    dim = (car(PAINT[name]) * 0.6).astype(np.uint8)
    found = color_of(dim, PLATE)
    assert found is not None
    assert found.value == name


def test_there_is_no_color_at_night() -> None:
    night = (car(PAINT["red"]) * 0.12).astype(np.uint8)
    assert color_of(night, PLATE) is None


def test_a_lit_plate_in_the_dark_tells_no_color() -> None:
    scene = np.full((480, 640, 3), 8, np.uint8)
    put(scene, plate_picture("12-BDF-3", height=44), (320, 350))
    assert color_of(scene, PLATE) is None


def test_paint_in_the_light_of_tail_lamps_tells_no_color() -> None:
    lit = (car(PAINT["white"]) * np.array([0.4, 0.35, 1.0])).astype(np.uint8)
    assert color_of(lit, PLATE) is None


def test_a_camera_that_paints_all_magenta_is_not_believed() -> None:
    assert color_of(wall(color=(180, 90, 190)), PLATE) is None


def test_a_plate_that_fills_the_picture_tells_no_color() -> None:
    plate = plate_picture("12-BDF-3", height=80)
    assert color_of(plate, Box(0, 0, plate.shape[1], plate.shape[0])) is None


def test_make_model_and_type_are_not_guessed() -> None:
    vehicle = vehicle_of(car(PAINT["red"]), PLATE)
    assert (vehicle.make, vehicle.model, vehicle.type, vehicle.box) == (None, None, None, None)
