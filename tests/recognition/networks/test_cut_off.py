import numpy as np
import pytest

from platewire.model import Pixels
from platewire.recognition.networks.cut_off import is_cut_off
from platewire.recognition.networks.text_detector import Quad

FRAME: Pixels = np.zeros((480, 640, 3), np.uint8)


def quad(left: float, top: float, width: float, height: float) -> Quad:
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


@pytest.mark.parametrize("left", [-12.0, 0.0, 640 - 100, 640 - 90])
def test_a_plate_at_the_edge_is_cut_off(left: float) -> None:
    assert is_cut_off(quad(left, 200, 100, 24), FRAME)


@pytest.mark.parametrize("left", [6.0, 300.0, 640 - 106])
def test_a_plate_away_from_the_edges_is_whole(left: float) -> None:
    assert not is_cut_off(quad(left, 200, 100, 24), FRAME)


def test_a_picture_of_nothing_but_the_plate_holds_all_of_it() -> None:
    assert not is_cut_off(quad(0, 2, 104, 24), FRAME[:30, :104])
