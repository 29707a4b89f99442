"""Plates found as four corners, and what the network's answer is taken for."""

from pathlib import Path

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
    PlateBox,
    PlateDetector,
    framed,
    peaks,
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
