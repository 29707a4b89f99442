"""The lettering on a vehicle -> make and model.

The area around the plate is searched for text, which is looked up in the list of makes. Left out is
what is not the maker's lettering: the plate, its frame with the dealer's name, letters that are too
large or too small, and text too far from the plate to be on the same vehicle. `makes` interprets
the words.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from platewire.model import Box, Pixels
from platewire.recognition.networks import geometry
from platewire.recognition.networks.text_detector import TextBox, TextDetector
from platewire.recognition.networks.text_reader import TextReader
from platewire.recognition.text.reading import mean_chance
from platewire.recognition.vehicle.makes import Badges, Spoken, badges_of

# All lengths in sizes of the plate, the square root of its area: about 0.23 m on the vehicle.
ASIDE = 4.0
"""Lettering farther left or right of the plate's middle is on the next vehicle."""
ABOVE, BELOW = 4.5, 1.2
"""How far above and below the plate lettering is looked for; bumpers are lower, roofs higher."""
HEIGHTS = 0.07, 0.75
"""Of a line's box: letters of 1.5 to 15 cm."""
FRAME = 0.2
"""What stands above or below the plate this near is on the plate's frame."""
SIZE = 72.0
"""Pixels of a plate's size in the picture that is searched: a badge of 3 cm gets 9 pixels."""
ENLARGED_MAX = 2.0
"""Factor by which a small picture is enlarged for reading, at most: more adds no detail."""
SEARCHED_SIDE = 736
"""Pixels of the longer side that is searched, at most."""
ENLARGED_TO = 512
"""Pixels of the longer side to which less is enlarged for the search. To 640 the same badges were
found on 349 training photos, in a third more time."""
LINES_MAX = 14
"""Lines that are read, the surest: each costs time, and vehicles with more carry advertising."""
MIN_SCORE = 0.5
"""How surely a line must be found to be read, 0 to 1: time against faint badges."""
SAME_ROW = 0.5
"""Two boxes are on one row where their middles differ by less than this share of their height."""
ROW_GAP = 3.0
"""Neighbors on a row farther apart than this many heights do not belong together."""


class BadgeLine(NamedTuple):
    """A line of lettering and its position, in plate sizes from the center of the plate."""

    spoken: Spoken
    left: float
    right: float
    y: float
    height: float


class BadgeReader:
    """Uses the networks of an engine that has loaded them, or loads its own."""

    def __init__(
        self,
        *,
        threads: int = 1,
        folder: Path | None = None,
        detector: TextDetector | None = None,
        reader: TextReader | None = None,
    ) -> None:
        self._detector = detector or TextDetector(
            side=SEARCHED_SIDE, threads=threads, min_score=MIN_SCORE, folder=folder
        )
        self._reader = reader or TextReader(threads=threads, folder=folder)

    def read(self, pixels: Pixels, plate: Box) -> Badges:
        """Nothing where nothing is said for certain; `plate` is in pixels of the picture."""
        lines = self.lines(pixels, plate)
        return badges_of([*(line.spoken for line in lines), *rows_of(lines)])

    def lines(self, pixels: Pixels, plate: Box) -> list[BadgeLine]:
        """The lettering that may be badges."""
        size = math.sqrt(max(plate.area, 1.0))
        window = around(pixels, plate, size)
        scale = min(SIZE / size, ENLARGED_MAX, SEARCHED_SIDE / max(window.width, window.height, 1))
        searched = cut(pixels, window, scale)
        if min(searched.shape[:2]) < geometry.LINE_HEIGHT:
            return []
        found = [
            (box, line)
            for box in self._detector.find(searched, SEARCHED_SIDE, ENLARGED_TO)
            if (line := placed(box, window, scale, plate)) is not None and may_be_badge(line, plate)
        ]
        found = sorted(found, key=lambda one: -one[0].score)[:LINES_MAX]
        read = self._reader.read([geometry.cut_out(searched, box.quad) for box, _ in found])
        return [
            place._replace(spoken=Spoken(said.written, mean_chance(chances)))
            for (_, place), said in zip(found, read, strict=True)
            if (chances := [one.chance for one in said.characters])
        ]


def around(pixels: Pixels, plate: Box, size: float) -> Box:
    """Where lettering of the same vehicle can be, cut off at the picture's edge."""
    height, width = pixels.shape[:2]
    x, y = plate.center
    left, right = np.clip((x - ASIDE * size, x + ASIDE * size), 0, width)
    top, bottom = np.clip((y - ABOVE * size, y + BELOW * size), 0, height)
    return Box(int(left), int(top), int(right) - int(left), int(bottom) - int(top))


def cut(pixels: Pixels, window: Box, scale: float) -> Pixels:
    x, y, width, height = (int(value) for value in window)
    part = pixels[y : y + height, x : x + width]
    size = round(width * scale), round(height * scale)
    if part.size == 0 or min(size) < 1:
        return np.empty((0, 0, 3), np.uint8)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, size, interpolation=way), np.uint8)


def placed(box: TextBox, window: Box, scale: float, plate: Box) -> BadgeLine | None:
    """Where a box of the searched picture lies, as seen from the plate; None if it is steep."""
    shape = geometry.shape_of(box.quad)
    if shape.slope > geometry.SLOPE_MAX:
        return None
    size = math.sqrt(max(plate.area, 1.0))
    at = box.quad / scale + (window.x, window.y) - plate.center
    return BadgeLine(
        Spoken("", 0.0),
        float(at[:, 0].min()) / size,
        float(at[:, 0].max()) / size,
        float(at[:, 1].mean()) / size,
        shape.height / scale / size,
    )


def may_be_badge(line: BadgeLine, plate: Box) -> bool:
    """Whether a line has a badge's size and is neither the plate nor on its frame."""
    size = math.sqrt(max(plate.area, 1.0))
    half_width, half_height = plate.width / 2 / size, plate.height / 2 / size
    beside = line.left > half_width or line.right < -half_width
    gap = abs(line.y) - half_height - line.height / 2
    return HEIGHTS[0] <= line.height <= HEIGHTS[1] and (beside or gap > FRAME)


def rows_of(lines: Sequence[BadgeLine]) -> list[Spoken]:
    """Neighbors on one row as one line: RANGE and ROVER are often found one by one."""
    found = []
    for first in lines:
        for second in lines:
            height = (first.height + second.height) / 2
            gap = second.left - first.right
            near = -0.5 * height <= gap <= ROW_GAP * height
            if first is not second and near and abs(first.y - second.y) < SAME_ROW * height:
                found.append(
                    Spoken(
                        f"{first.spoken.written} {second.spoken.written}",
                        min(first.spoken.confidence, second.spoken.confidence),
                    )
                )
    return found
