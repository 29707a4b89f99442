"""Rendered plates: what is said to stand on them, and where, holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platewire.recognition.networks.text_line import DIGITS, LETTERS, MARKED
from training.render.camera import shoot
from training.render.layouts import american, any_layout, brazilian, european
from training.render.numbers import of_choice, of_country, stressed
from training.render.overseas import foreign
from training.render.plate import Plate, draw, drawn

pytestmark = pytest.mark.usefixtures("typefaces")

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=40, deadline=None)


def plate_of(seed: int) -> Plate:
    return draw(np.random.default_rng(seed))


@given(seeds)
@few
def test_each_character_has_its_place_on_the_plate(seed: int) -> None:
    plate = plate_of(seed)
    height, width = plate.pixels.shape[:2]
    assert plate.pixels.dtype == np.uint8
    assert len(plate.text) == len(plate.character_boxes) == len(plate.line_of)
    left, top, wide, tall = plate.character_boxes.T
    assert (wide > 0).all()
    assert (tall > 0).all()
    assert (left + wide / 2 > 0).all()
    assert (left + wide / 2 < width).all()
    assert (top + tall / 2 > 0).all()
    assert (top + tall / 2 < height).all()


@given(seeds)
@few
def test_characters_of_a_line_stand_from_left_to_right(seed: int) -> None:
    plate = plate_of(seed)
    for line in range(plate.lines):
        middles = (plate.character_boxes[:, 0] + plate.character_boxes[:, 2] / 2)[
            plate.line_of == line
        ]
        assert len(middles) > 0
        assert (np.diff(middles) > 0).all()


@given(seeds)
@few
def test_texts_have_only_what_a_plate_may_have(seed: int) -> None:
    plate = plate_of(seed)
    assert 1 <= len(plate.text) <= 12
    assert set(plate.text) <= set(LETTERS + DIGITS + MARKED)
    assert (plate.region is not None) == (plate.country == "US")


@given(seeds)
@few
def test_the_same_seed_draws_the_same(seed: int) -> None:
    one, other = plate_of(seed), plate_of(seed)
    assert one.text == other.text
    assert np.array_equal(one.pixels, other.pixels)


@given(seeds)
@few
def test_a_shot_keeps_the_characters_in_the_crop(seed: int) -> None:
    random = np.random.default_rng(seed)
    plate = draw(random)
    shot = shoot(plate, random)
    height, width = shot.pixels.shape[:2]
    middles = shot.character_boxes[:, :2] + shot.character_boxes[:, 2:] / 2
    inside = (middles > 0).all(axis=1) & (middles < (width, height)).all(axis=1)
    assert inside.mean() > 0.7
    assert 24 <= width <= 400


def test_characters_are_where_they_are_said_to_be() -> None:
    """The ink's contrast inside the boxes is greater than beside them."""
    random = np.random.default_rng(3)
    stronger = 0
    for _ in range(60):
        plate = draw(random)
        gray = plate.pixels.mean(axis=2)
        inside = np.zeros(gray.shape, bool)
        for left, top, wide, tall in plate.character_boxes.astype(int):
            inside[max(top, 0) : top + tall, max(left, 0) : left + wide] = True
        stronger += gray[inside].std() > gray[~inside].std() * 0.6
    assert stronger >= 50


@pytest.mark.parametrize("kind", [european, american, brazilian, foreign])
def test_each_kind_is_drawn(kind: object) -> None:
    random = np.random.default_rng(11)
    assert callable(kind)
    texts = {drawn(kind(random), random).text for _ in range(12)}
    assert len(texts) > 8


def test_all_the_kinds_come_up() -> None:
    random = np.random.default_rng(5)
    layouts = [any_layout(random) for _ in range(500)]
    assert len({layout.country for layout in layouts}) > 35
    assert len({layout.region for layout in layouts}) > 40
    assert any(layout.split for layout in layouts)


@given(seeds)
@few
def test_stress_keeps_the_form(seed: int) -> None:
    random = np.random.default_rng(seed)
    number = of_country("NL", random)
    harder = stressed(number, random)
    assert [char.isdigit() for char in harder.display] == [c.isdigit() for c in number.display]


@given(seeds)
@few
def test_wishes_are_short(seed: int) -> None:
    assert 1 <= len(of_choice(np.random.default_rng(seed)).text) <= 8
