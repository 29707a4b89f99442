"""An image -> the plates in it, as four corners each, by platewire's network.

For every cell of 8 x 8 pixels of the scaled image, the network returns the probability of a plate's
center, and the positions of its corners. Peaks become plates, and of overlapping ones the most
probable is used. Trained by `training/detector`; model card: `models/plate_detector.md`.
"""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from platewire.model import Pixels
from platewire.recognition.networks import geometry
from platewire.recognition.networks.cut_off import is_cut_off
from platewire.recognition.networks.models import open_own
from platewire.recognition.networks.text_detector import Quad

FILE = "plate_detector.onnx"
STRIDE = 8
"""Pixels of the network's input for one cell, each way."""
MULTIPLE = 64
"""Both sides of the network's input are multiples of this many pixels."""
ENLARGED_MAX = 2.0
"""Small pictures are enlarged at most so much: plates in them may be small too."""
OVERLAP_MAX = 0.4
"""Of the smaller one's area; plates that share more are the same one."""
WIDE = 200.0
"""Pixels of the network's input; wider plates are rare in training."""
SMALLER = 0.45
"""Of the side, for the second look."""
PLATES_MAX = 12
"""At most so many plates of a frame, the likeliest; a car park seen from above has more."""


class PlateBox(NamedTuple):
    """The corners of a plate in image pixels, clockwise from the upper left; its confidence."""

    quad: Quad
    score: float
    partial: bool = False
    """Whether the edge of the image cuts the plate off."""


class PlateDetector:
    """`side` is the length in pixels to which the longer side of an image is scaled."""

    def __init__(
        self, *, side: int, threads: int, min_score: float, folder: Path | None = None
    ) -> None:
        self._side = side
        self._min_score = min_score
        self._session = open_own(FILE, threads, folder)
        self._input = self._session.get_inputs()[0].name

    def find(self, pixels: Pixels) -> list[PlateBox]:
        """The likeliest first. Plates larger than the network was trained on come out in pieces:
        where there may be such, or nothing was found, the picture is looked at once more, small.
        """
        found, zoom = self._look(pixels, self._side)
        widest = max((width_of(plate) * zoom for plate in found), default=WIDE)
        if widest >= WIDE:
            again, small = self._look(pixels, round(self._side * SMALLER))
            large = [plate for plate in again if width_of(plate) * small >= WIDE * SMALLER]
            found = [
                *large,
                *(plate for plate in found if not any(shares(plate, one) for one in large)),
            ]
        likeliest = sorted(found, key=lambda one: -one.score)[:PLATES_MAX]
        return [one._replace(partial=is_cut_off(one.quad, pixels)) for one in likeliest]

    def _look(self, pixels: Pixels, side: int) -> tuple[list[PlateBox], float]:
        """Plates in pixels of the picture, and by how much it was scaled."""
        given, zoom = framed(pixels, side)
        (answer,) = self._session.run(None, {self._input: given[None]})
        found = peaks(np.asarray(answer)[0], self._min_score)
        return without_overlap([one._replace(quad=one.quad / zoom) for one in found]), zoom


def framed(pixels: Pixels, side: int) -> tuple[Pixels, float]:
    """The picture scaled and filled up with black to whole multiples, and the scale."""
    zoom = min(side / max(pixels.shape[:2]), ENLARGED_MAX)
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=way)
    height, width = scaled.shape[:2]
    given = np.zeros((whole(height), whole(width), 3), np.uint8)
    given[:height, :width] = scaled
    return given, zoom


def whole(length: int) -> int:
    return -(-length // MULTIPLE) * MULTIPLE


def peaks(answer: npt.NDArray[np.float32], min_score: float) -> list[PlateBox]:
    """Cells likelier than their neighbors, in pixels of the network's input, best first."""
    chance = 1 / (1 + np.exp(-answer[0]))
    highest = cv2.dilate(chance, np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero((chance >= highest) & (chance >= min_score))
    middles = (np.stack([columns, rows], axis=1) + 0.5) * STRIDE
    corners = answer[1:9, rows, columns].T.reshape(-1, 4, 2) + middles[:, None]
    found = [
        PlateBox(np.asarray(quad, np.float32), float(score))
        for quad, score in zip(corners, chance[rows, columns], strict=True)
    ]
    return sorted(found, key=lambda one: -one.score)


def without_overlap(found: list[PlateBox]) -> list[PlateBox]:
    kept: list[PlateBox] = []
    for plate in found:
        if not any(shares(plate, other) for other in kept):
            kept.append(plate)
    return kept


def shares(one: PlateBox, other: PlateBox) -> bool:
    return geometry.overlap(one.quad, other.quad) > OVERLAP_MAX


def width_of(plate: PlateBox) -> float:
    return geometry.shape_of(plate.quad).width
