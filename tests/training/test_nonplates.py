"""What teaches the reader that something is no plate: pieces of photos beside their plates."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike
from hypothesis import given
from hypothesis import strategies as st

from training.detector.photos import Photo
from training.reader.nonplates import SHARED_MAX, NonPlates, business, shared, somewhere, written
from training.render.layouts import american
from training.render.plate import Plate, drawn

seeds = st.integers(0, 2**32 - 1)
PLATE = np.array([[[200, 150], [320, 150], [320, 180], [200, 180]]], np.float32)
LAMP = np.array([[[40, 60], [120, 60], [120, 90], [40, 90]]], np.float32)


def scene(seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Everywhere another color, so that a piece tells where it is from."""
    rows, columns = np.mgrid[0:240, 0:400]
    return np.stack([rows, columns // 2, np.full_like(rows, seed)], axis=2).astype(np.uint8)


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), scene())
    return Photo(path, PLATE, others=LAMP)


@given(seeds)
def test_a_piece_is_no_part_of_a_plate(seed: int) -> None:
    piece = somewhere(scene(), PLATE, np.random.default_rng(seed))
    top, left = int(piece[0, 0, 0]), 2 * int(piece[0, 0, 1])
    tall, wide = piece.shape[:2]
    assert shared(PLATE, left, top, wide - 2, tall - 2) <= SHARED_MAX + 0.05


def test_a_photo_full_of_plates_still_gives_something() -> None:
    everywhere = np.array([[[0, 0], [400, 0], [400, 240], [0, 240]]], np.float32)
    assert somewhere(scene(), everywhere, np.random.default_rng(1)).size > 0


def test_shares_are_of_the_smaller_one() -> None:
    assert shared(PLATE, 200, 150, 120, 30) == pytest.approx(1)
    assert shared(PLATE, 0, 0, 400, 240) == pytest.approx(1)
    assert shared(PLATE, 260, 150, 120, 30) == pytest.approx(0.5)
    assert shared(PLATE, 0, 0, 100, 40) == 0
    assert shared(np.zeros((0, 4, 2), np.float32), 0, 0, 10, 10) == 0


@pytest.mark.usefixtures("typefaces")
def test_there_is_more_to_see_where_something_is_written() -> None:
    blank = np.full((60, 200, 3), 120, np.uint8)
    assert business(blank) == 0
    said = [business(written(blank, np.random.default_rng(seed))) for seed in range(20)]
    assert sum(one > 0 for one in said) >= 18


@pytest.mark.usefixtures("typefaces")
def test_crops_come_without_end_and_of_all_kinds(photo: Photo) -> None:
    others = NonPlates([photo], np.random.default_rng(3))
    crops = [others.crop() for _ in range(60)]
    assert all(crop.ndim == 3 and crop.size > 0 for crop in crops)
    assert len({crop.shape for crop in crops}) > 20


@pytest.mark.usefixtures("typefaces")
def test_pieces_may_lie_behind_a_number_of_the_us() -> None:
    magenta = np.full((96, 192, 3), (255, 0, 255), np.uint8)
    with_it = [magenta_of(american_plate(seed, [magenta])) for seed in range(40)]
    without = [magenta_of(american_plate(seed, [])) for seed in range(40)]
    assert sum(with_it) > sum(without) + 1


def american_plate(seed: int, artwork: list[MatLike]) -> Plate:
    random = np.random.default_rng(seed)
    return drawn(american(random), random, artwork)


def magenta_of(plate: Plate) -> float:
    """Share of the plate's pixels that are rather magenta."""
    blue, green, red = (plate.pixels[..., channel].astype(int) for channel in range(3))
    return float(((blue - green > 60) & (red - green > 60)).mean())
