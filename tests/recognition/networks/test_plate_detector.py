"""Plates found as four corners, and what the network's answer is taken for."""

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.errors import ConfigError
from platewire.recognition.networks import geometry
from platewire.recognition.networks.plate_detector import (
    FILE,
    MULTIPLE,
    STRIDE,
    SURE,
    TILE_OVERLAP,
    TILES_MAX,
    PlateBox,
    PlateDetector,
    framed,
    peaks,
    spans,
    tiles_of,
    without_overlap,
)
from tests.recognition.drawing import plate_picture, put, wall

CORNERS = np.array([[-20, -5], [20, -5], [20, 5], [-20, 5]], np.float32)


@pytest.fixture(scope="module")
def detector() -> PlateDetector:
    return PlateDetector(side=640, threads=2, min_score=0.3)


def answer_with(*cells: tuple[int, int, float]) -> np.ndarray:
    """Row, column and logit of plates of 40 x 10 pixels."""
    answer = np.zeros((9, 12, 16), np.float32)
    answer[0] = -8
    for row, column, logit in cells:
        answer[0, row, column] = logit
        answer[1:, row, column] = CORNERS.reshape(-1)
    return answer


def test_a_peak_is_a_plate_where_it_lies() -> None:
    (found,) = peaks(answer_with((3, 5, 2.0)), 0.3)
    assert found.quad.mean(axis=0).tolist() == [5.5 * STRIDE, 3.5 * STRIDE]
    assert found.score == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_neighbors_of_a_peak_are_none() -> None:
    found = peaks(answer_with((3, 5, 2.0), (3, 6, 1.0), (9, 12, 0.5)), 0.3)
    assert [one.quad.mean(axis=0)[0] // STRIDE for one in found] == [5, 12]


def test_unlikely_cells_are_passed() -> None:
    assert peaks(answer_with((3, 5, -1.0)), 0.3) == []


@given(st.integers(16, 3000), st.integers(16, 3000), st.integers(160, 1280))
def test_pictures_of_any_shape_fit_the_network(height: int, width: int, side: int) -> None:
    given_, zoom = framed(np.zeros((height, width, 3), np.uint8), side)
    assert given_.shape[0] % MULTIPLE == given_.shape[1] % MULTIPLE == 0
    assert zoom <= 2
    assert max(given_.shape[:2]) <= side + MULTIPLE
    assert round(width * zoom) <= given_.shape[1]


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500), st.floats(0, 1)), max_size=12))
def test_of_plates_that_share_picture_the_likelier_stays(
    places: list[tuple[float, float, float]],
) -> None:
    found = sorted(
        (PlateBox(CORNERS + np.array([x, y], np.float32), score) for x, y, score in places),
        key=lambda one: -one.score,
    )
    kept = without_overlap(found)
    assert kept[:1] == found[:1]
    for index, one in enumerate(kept):
        assert all(geometry.overlap(one.quad, other.quad) <= 0.4 for other in kept[:index])


@pytest.mark.parametrize("angle", [-12.0, 0.0, 12.0])
def test_a_plate_is_found_by_its_corners(detector: PlateDetector, angle: float) -> None:
    scene = wall()
    put(scene, plate_picture("MT09 HFK", height=36), (300, 200), angle)
    found = detector.find(scene)
    assert found
    assert np.abs(found[0].quad.mean(axis=0) - (300, 200)).max() < 10
    across = found[0].quad[1] - found[0].quad[0]
    assert abs(np.degrees(np.arctan2(across[1], across[0])) + angle) < 8


def test_a_wall_has_none(detector: PlateDetector) -> None:
    assert detector.find(wall()) == []


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"{FILE} is missing; reinstall platewire"):
        PlateDetector(side=640, threads=1, min_score=0.3, folder=tmp_path)


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no model")
    with pytest.raises(ConfigError, match=rf"{FILE} is corrupted .*; reinstall platewire"):
        PlateDetector(side=640, threads=1, min_score=0.3, folder=tmp_path)


# --- pictures of any shape and size ------------------------------------------------------------


def at_place(found: list[PlateBox], x: float, y: float) -> list[PlateBox]:
    """Those around this point."""
    return [plate for plate in found if cv2.pointPolygonTest(plate.quad, (x, y), False) >= 0]


@pytest.fixture(scope="module")
def usual() -> PlateDetector:
    """As the engine uses it."""
    return PlateDetector(side=768, threads=2, min_score=0.1)


@pytest.mark.parametrize("width", [120, 400, 1600, 4000])
@pytest.mark.parametrize("cut", [0.0, 0.08])
def test_a_plate_that_fills_the_picture_is_found_surely(
    usual: PlateDetector, width: int, cut: float
) -> None:
    """Cut off at its very edge, or even a little inside."""
    plate = plate_picture("12-BDF-3", height=200)
    inside = round(cut * plate.shape[0])
    plate = plate[inside : plate.shape[0] - inside, inside : plate.shape[1] - inside]
    height = round(width * plate.shape[0] / plate.shape[1])
    pixels = np.asarray(cv2.resize(plate, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    (found,) = at_place(usual.find(pixels), width / 2, height / 2)
    assert found.score >= SURE
    low, high = found.quad.min(axis=0), found.quad.max(axis=0)
    assert high[0] - low[0] >= 0.8 * width


@pytest.mark.parametrize(
    ("width", "height", "x", "y"),
    [
        (6000, 700, 5200, 350),
        (700, 6000, 350, 1510),
        (6000, 4500, 1500, 1500),
        (6000, 4500, 80, 60),
    ],
)
def test_a_plate_in_a_large_or_long_picture_is_found_once(
    usual: PlateDetector, width: int, height: int, x: int, y: int
) -> None:
    scene = np.full((height, width, 3), 90, np.uint8)
    put(scene, plate_picture("12-BDF-3", height=26), (x, y))
    (found,) = usual.find(scene)
    assert at_place([found], x, y)


@given(st.integers(16, 200_000), st.integers(16, 200_000))
def test_tiles_cover_the_picture_and_are_few(width: int, height: int) -> None:
    tiles = tiles_of(width, height, 768)
    assert len(tiles) <= TILES_MAX
    assert not tiles or (
        min(tile.left for tile in tiles) == min(tile.top for tile in tiles) == 0
        and max(tile.right for tile in tiles) == width
        and max(tile.bottom for tile in tiles) == height
    )


@given(st.integers(1, 100_000), st.integers(100, 3000))
def test_spans_overlap(length: int, tile: int) -> None:
    found = spans(length, tile)
    for (_, end), (start, _) in itertools.pairwise(found):
        assert end - start >= TILE_OVERLAP * tile - 1


def test_video_is_not_looked_at_in_tiles() -> None:
    for size in ((3840, 2160), (1920, 1080), (2160, 3840), (640, 200), (4096, 2160)):
        assert tiles_of(*size, 768) == []
