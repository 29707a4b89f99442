"""Badges are read on the vehicle, and nothing else is taken for one."""

from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from platewire.model import Box, Pixels
from platewire.recognition.vehicle.badges import BadgeReader
from platewire.recognition.vehicle.makes import Badges
from tests.recognition.drawing import plate_picture, put, wall

PLATE = Box(240, 330, 200, 44)


@cache
def reader() -> BadgeReader:
    return BadgeReader(threads=2)


def rear(*lettering: tuple[str, tuple[int, int], int]) -> Pixels:
    """A boot lid with a plate and lettering: text, its middle, its height in pixels."""
    scene = wall(color=(70, 80, 120))
    put(scene, plate_picture("12-BDF-3", height=44), (340, 352))
    picture = Image.fromarray(np.ascontiguousarray(scene[:, :, ::-1]))
    draw = ImageDraw.Draw(picture)
    for text, at, height in lettering:
        font = ImageFont.load_default(height)
        draw.text(at, text, fill=(235, 235, 235), font=font, anchor="mm")
    return np.array(np.asarray(picture)[:, :, ::-1], np.uint8)


def said(scene: Pixels, plate: Box = PLATE) -> tuple[str | None, str | None]:
    found = reader().read(scene, plate)
    return (found.make.value if found.make else None, found.model.value if found.model else None)


def test_make_and_model_are_read_from_the_boot_lid() -> None:
    scene = rear(("RENAULT", (210, 260), 26), ("MEGANE", (470, 260), 26))
    assert said(scene) == ("Renault", "Megane")


def test_a_short_model_counts_beside_its_make() -> None:
    assert said(rear(("CITROEN", (210, 260), 26), ("C5", (470, 260), 28))) == ("Citroën", "C5")
    assert said(rear(("C5", (470, 260), 28))) == (None, None)


def test_words_far_apart_on_one_row_are_read_together() -> None:
    scene = rear(("RANGE", (265, 240), 24), ("ROVER", (400, 240), 24))
    assert said(scene) == ("Land Rover", "Range Rover")


def test_a_dealer_s_name_on_the_plate_s_frame_is_no_badge() -> None:
    assert said(rear(("TOYOTA", (340, 388), 18))) == (None, None)
    assert said(rear(("AUTOHAUS TOYOTA MAYER", (340, 240), 22))) == (None, None)


def test_taxi_and_adverts_are_no_badges() -> None:
    assert said(rear(("TAXI", (340, 200), 30), ("0900-12345", (340, 250), 26))) == (None, None)


def test_the_badge_of_the_next_vehicle_is_not_taken() -> None:
    scene = np.hstack([rear(), rear(("RENAULT", (340, 260), 26))])
    assert said(scene) == (None, None)
    assert said(scene, PLATE._replace(x=PLATE.x + 640)) == ("Renault", None)


def test_a_plate_alone_says_nothing() -> None:
    assert said(rear()) == (None, None)


@pytest.mark.parametrize(
    "plate",
    [
        Box(0, 0, 640, 480),
        Box(600, 460, 200, 44),
        Box(-300, -300, 200, 44),
        Box(5000, 5000, 200, 44),
        Box(10, 10, 0, 0),
        Box(0, 0, 3, 1),
    ],
)
def test_any_box_is_taken(plate: Box) -> None:
    assert reader().read(rear(), plate) == Badges()


def test_a_picture_smaller_than_a_line_says_nothing() -> None:
    assert reader().read(np.zeros((20, 20, 3), np.uint8), Box(2, 2, 15, 5)) == Badges()
