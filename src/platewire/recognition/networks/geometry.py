"""Lines of text -> plate candidates: joined, filtered by shape, rectified.

A plate is often found as two or three boxes ("AB", "123", "CD"), so neighbors on one line are
joined and read as one picture; each is also tried alone, and the reading decides. Two lines above
each other may be one plate of two lines.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np

from platewire.model import Box, Pixels
from platewire.recognition.networks.text_detector import Quad, TextBox, corners_of, ordered

SLOPE_MAX = 0.7
"""Rise by run; steeper text is no plate that a camera is meant to read (about 35 degrees)."""
ASPECT = (1.2, 9.5)
"""Width by height of a line of a plate, of its text box as the detector draws it."""
JOIN_GAP = 1.1
"""Neighbors farther apart than this many heights are not one line."""
JOIN_HEIGHT = 1.6
"""Neighbors whose heights differ by more than this factor are not one line."""

SIDE_MARGIN = 0.1
"""Of a line's height, added at each end before reading."""
LINE_HEIGHT = 48
"""Pixels of a line as the reader wants it."""


class Shape(NamedTuple):
    """A rotated box by center, size and angle, in pixels."""

    width: float
    height: float
    slope: float


def shape_of(quad: Quad) -> Shape:
    across = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    down = (quad[3] - quad[0] + quad[2] - quad[1]) / 2
    slope = abs(float(across[1])) / max(abs(float(across[0])), 1e-6)
    return Shape(float(np.hypot(*across)), float(np.hypot(*down)), slope)


def may_be_line(quad: Quad, min_width: float) -> bool:
    """Whether one line of a plate may look like this."""
    width, height, slope = shape_of(quad)
    aspect = width / max(height, 1e-6)
    return width >= min_width and slope <= SLOPE_MAX and ASPECT[0] <= aspect <= ASPECT[1]


def joined_lines(boxes: Sequence[TextBox]) -> list[tuple[int, ...]]:
    """Indices of boxes that together make a line, left to right, two or three each."""
    follows = {
        (a, b)
        for a, first in enumerate(boxes)
        for b, second in enumerate(boxes)
        if a != b and is_right_of(first.quad, second.quad)
    }
    triples = [(a, b, d) for a, b in follows for c, d in follows if b == c and d != a]
    return sorted([*follows, *triples])


def is_right_of(left: Quad, right: Quad) -> bool:
    """Whether `right` continues the line that `left` begins."""
    a, b = shape_of(left), shape_of(right)
    height = (a.height + b.height) / 2
    if max(a.height, b.height) > JOIN_HEIGHT * min(a.height, b.height):
        return False
    end, begin = (left[1] + left[2]) / 2, (right[0] + right[3]) / 2
    direction = axis(left, right)
    along = float(np.dot(begin - end, direction))
    aside = abs(float(direction[0] * (begin - end)[1] - direction[1] * (begin - end)[0]))
    return -0.6 * height <= along <= JOIN_GAP * height and aside <= 0.45 * height


def axis(left: Quad, right: Quad) -> Quad:
    """Unit vector from the middle of one box to the other's."""
    step = right.mean(axis=0) - left.mean(axis=0)
    return np.asarray(step / max(float(np.hypot(*step)), 1e-6), np.float32)


def union(quads: Sequence[Quad]) -> Quad:
    """The smallest rotated box around all."""
    points = np.concatenate(list(quads))
    return ordered(corners_of(cv2.minAreaRect(points)))


def stacked_pairs(boxes: Sequence[TextBox]) -> list[tuple[int, int]]:
    """Indices of two boxes, upper first, that may be the two lines of one plate."""
    return [
        pair
        for a, b in combinations(range(len(boxes)), 2)
        for pair in ((a, b), (b, a))
        if is_below(boxes[pair[0]].quad, boxes[pair[1]].quad)
    ]


def is_below(upper: Quad, lower: Quad) -> bool:
    a, b = shape_of(upper), shape_of(lower)
    height = (a.height + b.height) / 2
    if max(a.height, b.height) > 1.7 * min(a.height, b.height):
        return False
    across, down = lower.mean(axis=0) - upper.mean(axis=0)
    wider = max(a.width, b.width)
    return bool(0.7 * height <= down <= 1.7 * height and abs(across) <= 0.35 * wider)


def cut_out(pixels: Pixels, quad: Quad) -> Pixels:
    """The inside of the rotated box, a little wider, upright; enlarged to at least `LINE_HEIGHT`
    pixels, as one smooth enlargement reads better than two."""
    wide = widened(quad, SIDE_MARGIN)
    width, height, _ = shape_of(wide)
    scale = max(1.0, LINE_HEIGHT / max(height, 1.0))
    size = max(round(width * scale), 8), max(round(height * scale), 8)
    target = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(wide, target)
    return np.asarray(
        cv2.warpPerspective(
            pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


def widened(quad: Quad, margin: float) -> Quad:
    """The box with `margin` times its height added at each end of the line."""
    across = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    shape = shape_of(quad)
    step = across / max(shape.width, 1e-6) * shape.height * margin
    return np.array([quad[0] - step, quad[1] + step, quad[2] + step, quad[3] - step], np.float32)


def grown(quad: Quad, margin: float) -> Quad:
    """The box with `margin` times its height added on all sides."""
    wide = widened(quad, margin)
    down = (wide[3] - wide[0] + wide[2] - wide[1]) / 2 * margin
    return np.array([wide[0] - down, wide[1] - down, wide[2] + down, wide[3] + down], np.float32)


def shifted(quad: Quad, along: float) -> Quad:
    """The box moved by so many times its height in the direction of its line."""
    across = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    shape = shape_of(quad)
    return np.asarray(quad + across / max(shape.width, 1e-6) * shape.height * along, np.float32)


def box_around(quad: Quad, pixels: Pixels) -> Box:
    """The upright box around, cut off at the picture's edge."""
    height, width = pixels.shape[:2]
    low = np.clip(quad.min(axis=0), 0, (width - 1, height - 1))
    high = np.clip(quad.max(axis=0), low + 1, (width, height))
    x, y = (round(float(value), 1) for value in low)
    return Box(x, y, round(float(high[0]) - x, 1), round(float(high[1]) - y, 1))


def overlap(a: Quad, b: Quad) -> float:
    """Share of the smaller box's area that lies in the other."""
    shared, _ = cv2.intersectConvexConvex(a.astype(np.float32), b.astype(np.float32))
    smaller = min(cv2.contourArea(a), cv2.contourArea(b))
    return float(shared) / max(smaller, 1e-6)
