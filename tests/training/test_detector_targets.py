"""What the plate detector is taught: a score at a plate's center, its corners around it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.detector.targets import PLATE_MIN, STRIDE, target

SIDE = 128


def rectangle(x: float, y: float, width: float, height: float) -> np.ndarray:
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
    return np.asarray(corners + np.array((x, y)), np.float32)[None]


@given(st.floats(30, 90), st.floats(20, 100), st.floats(12, 60), st.floats(6, 20))
def test_corners_count_from_the_middle_of_the_cell(
    x: float, y: float, width: float, height: float
) -> None:
    quad = rectangle(x, y, width, height)
    answer = target(quad, SIDE)
    row, column = np.unravel_index(answer[0].argmax(), answer[0].shape)
    middle = np.array([column + 0.5, row + 0.5]) * STRIDE
    assert answer[0, row, column] == 1
    assert np.allclose(answer[2:10, row, column].reshape(4, 2) + middle, quad[0], atol=1e-3)
    assert answer[10:, row, column] == pytest.approx((width, height), rel=1e-3)


@pytest.mark.parametrize("quad", [rectangle(64, 64, PLATE_MIN - 1, 5), rectangle(0, 64, 40, 10)])
def test_a_small_plate_or_a_part_of_one_counts_neither_way(quad: np.ndarray) -> None:
    answer = target(quad, SIDE)
    assert answer[0].min() == -1
    assert answer[0].max() == 0
    assert answer[1].max() == 0


def test_nothing_is_taught_where_no_plate_is() -> None:
    assert target(np.zeros((0, 4, 2), np.float32), SIDE)[:10].max() == 0
