"""An image -> the lines of text in it, as rotated boxes, by PP-OCR.

The network is PP-OCR's text detector, a differentiable-binarization model (Liao et al. 2020,
"Real-time Scene Text Detection with Differentiable Binarization"): its output is a map of how
likely each pixel is the shrunken core of a text line. Here the map is cut into boxes that are
grown back to the size of the text. Which of them may be plates is for `geometry` to say.
"""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import pyclipper

from platewire.model import Pixels
from platewire.recognition.networks.models import DETECTOR, model_folder, open_session

Quad = npt.NDArray[np.float32]
"""Four corners of a rotated box, 4 x 2: upper left, upper right, lower right, lower left."""

MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)
STRIDE = 32
"""Both sides of the network's input are multiples of this many pixels."""
CORE = 0.3
"""A pixel of the map above this belongs to the core of a line."""
CORE_SIDE = 3.0
"""Cores thinner than this many pixels of the map are noise."""
SMALL_SIDE = 640
"""Pictures whose longer side is shorter are enlarged to this, at most twice."""
GROWTH = 1.6
"""The core is grown by area / perimeter times this, as in training."""


class TextBox(NamedTuple):
    """A line of text in image pixels, and the mean of the map in it, 0 to 1."""

    quad: Quad
    score: float


class TextDetector:
    """`side` is the maximum length in pixels of the longer side; larger images are scaled down."""

    def __init__(
        self, *, side: int, threads: int, min_score: float, folder: Path | None = None
    ) -> None:
        self._side = side
        self._min_score = min_score
        self._session = open_session((folder or model_folder()) / DETECTOR, threads)
        self._input = self._session.get_inputs()[0].name

    def find(
        self, pixels: Pixels, side: int | None = None, enlarged_to: int = SMALL_SIDE
    ) -> list[TextBox]:
        """Boxes in pixels of the picture, in no order; `side` and how far a smaller picture is
        enlarged are for this picture alone."""
        size = network_size(pixels, side or self._side, enlarged_to)
        scaled = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        (maps,) = self._session.run(None, {self._input: normalized(scaled)})
        boxes = boxes_of_map(np.asarray(maps)[0, 0], self._min_score)
        scale = np.array(
            [pixels.shape[1] / scaled.shape[1], pixels.shape[0] / scaled.shape[0]], np.float32
        )
        return [TextBox(quad * scale, score) for quad, score in boxes]


def network_size(pixels: Pixels, side: int, enlarged_to: int) -> tuple[int, int]:
    """Width and height of the network's input, both whole strides: the longer side is at most
    `side`; small pictures are enlarged, as the network was trained on larger text."""
    height, width = pixels.shape[:2]
    longer = max(height, width)
    ratio = min(side, max(longer, min(enlarged_to, 2 * longer))) / longer
    return (
        max(STRIDE, round(width * ratio / STRIDE) * STRIDE),
        max(STRIDE, round(height * ratio / STRIDE) * STRIDE),
    )


def normalized(scaled: Pixels) -> npt.NDArray[np.float32]:
    """1 x 3 x height x width, as the network was trained: blue first, ImageNet's mean."""
    planes = (scaled.astype(np.float32) * np.float32(1 / 255) - MEAN) / DEVIATION
    return np.ascontiguousarray(planes.transpose(2, 0, 1)[None])


def boxes_of_map(chances: npt.NDArray[np.float32], min_score: float) -> list[TextBox]:
    """Cuts the map into cores, and grows each to the size of its text."""
    cores = (chances > CORE).astype(np.uint8)
    contours, _ = cv2.findContours(cores, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    boxes = (box_of_core(chances, np.asarray(one, np.int32), min_score) for one in contours)
    return [box for box in boxes if box is not None]


def box_of_core(
    chances: npt.NDArray[np.float32], contour: npt.NDArray[np.int32], min_score: float
) -> TextBox | None:
    rectangle = cv2.minAreaRect(contour)
    if min(rectangle[1]) < CORE_SIDE:
        return None
    core = corners_of(rectangle)
    score = mean_inside(chances, core)
    if score < min_score:
        return None
    return TextBox(ordered(grown(core)), score)


def corners_of(rectangle: cv2.typing.RotatedRect) -> Quad:
    return np.asarray(cv2.boxPoints(rectangle), np.float32)


def mean_inside(chances: npt.NDArray[np.float32], corners: Quad) -> float:
    """The map's mean inside the box."""
    height, width = chances.shape
    low = np.clip(np.floor(corners.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)), 0, (width - 1, height - 1)).astype(int)
    window = chances[low[1] : high[1] + 1, low[0] : high[0] + 1]
    mask = np.zeros(window.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(corners - low).astype(np.int32)], (1,))
    return float(cv2.mean(window, mask)[0])


def grown(core: Quad) -> Quad:
    """The box around the core, each edge moved outwards by the distance DB shrank it."""
    area = cv2.contourArea(core)
    distance = area * GROWTH / cv2.arcLength(core, True)
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(
        core.round().astype(int).tolist(), pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON
    )
    paths = offset.Execute(distance)
    if not paths:
        return core
    return corners_of(cv2.minAreaRect(np.array(paths[0], np.float32)))


def ordered(corners: Quad) -> Quad:
    """The four corners from the upper left clockwise, as a person holding the text upright."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], np.float32)
