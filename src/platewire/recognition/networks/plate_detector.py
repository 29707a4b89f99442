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
FILLED_SIDE = 128
"""Pixels to which the longer side is scaled for the look at a plate that fills the picture: the
plate is then about as wide as plates in training."""
BORDER = 0.5
"""Of that side, in gray on all sides. In training there is something around each plate: of crops
at the very plate the network is less sure, or finds nothing (benchmarks/bench_stills.py)."""
GRAY = 114
"""Brightness of the border, 0 to 255: between a plate and a dark car."""
FILLS = 0.4
"""Of the picture's longer side; a narrower plate does not fill it, and is seen better at a larger
scale."""
SURE = 0.3
"""Chance from which on a plate counts as found, so that no further look is needed."""
TILED_SIDE = 4096
"""Pixels; a picture that is longer is also looked at in tiles. Video frames are not: 4K is less."""
TILED_ASPECT = 2.5
"""So is a picture that is so many times longer than high, or higher than long, where plates would
become too small."""
TILED_ZOOM = 0.5
"""Only where the whole picture was scaled down by more than this."""
TILE_SIDE = 3000
"""Pixels of a tile's side, at most: a plate that is 120 pixels wide is 30 in the network."""
TILES_MAX = 48
"""Of a picture, at most, a bound on time: one of 108 megapixels has 20. Others get larger tiles."""
TILE_OVERLAP = 0.25
"""Of a tile's side: a plate that is narrower lies in one tile whole."""
CUT_MARGIN = 0.01
"""Of a tile's side; what is nearer to an edge inside the picture may be cut off there."""
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
        where there may be such, or nothing was found, the picture is looked at once more, small,
        and once with a border around it. Plates in very large or long pictures come out tiny or
        not at all: such are looked at in tiles, too.
        """
        found = self._find_whole(pixels)
        for tile in tiles_of(pixels.shape[1], pixels.shape[0], self._side):
            found += self._find_in_tile(pixels, tile)
        found = without_overlap(sorted(found, key=lambda one: -one.score))
        return [one._replace(partial=is_cut_off(one.quad, pixels)) for one in found[:PLATES_MAX]]

    def _find_whole(self, pixels: Pixels) -> list[PlateBox]:
        found, zoom = self._look(pixels, self._side)
        widest = max((width_of(plate) * zoom for plate in found), default=WIDE)
        large: list[PlateBox] = []
        if widest >= WIDE:
            again, small = self._look(pixels, round(self._side * SMALLER))
            large = [plate for plate in again if width_of(plate) * small >= WIDE * SMALLER]
            found = [
                *large,
                *(plate for plate in found if not any(shares(plate, one) for one in large)),
            ]
        if large or not any(plate.score >= SURE for plate in found):
            found = joined(found, self._look_bordered(pixels))
        return found

    def _find_in_tile(self, pixels: Pixels, tile: "Tile") -> list[PlateBox]:
        part = pixels[tile.top : tile.bottom, tile.left : tile.right]
        found, _ = self._look(np.ascontiguousarray(part), self._side)
        offset = np.array([tile.left, tile.top], np.float32)
        moved = [one._replace(quad=one.quad + offset) for one in found]
        size = pixels.shape[1], pixels.shape[0]
        return [plate for plate in moved if not is_cut(plate, tile, size)]

    def _look_bordered(self, pixels: Pixels) -> list[PlateBox]:
        """Plates that fill the picture. Unsure ones are left out: a wall in a gray border looks a
        little like a plate, too."""
        given, zoom, offset = bordered(pixels)
        found = self._plates_in(given, max(self._min_score, SURE))
        least = FILLS * max(pixels.shape[:2])
        plates = [one._replace(quad=(one.quad - offset) / zoom) for one in found]
        return [plate for plate in plates if width_of(plate) >= least]

    def _look(self, pixels: Pixels, side: int) -> tuple[list[PlateBox], float]:
        """Plates in pixels of the picture, and by how much it was scaled."""
        given, zoom = framed(pixels, side)
        found = self._plates_in(given, self._min_score)
        return [one._replace(quad=one.quad / zoom) for one in found], zoom

    def _plates_in(self, given: Pixels, min_score: float) -> list[PlateBox]:
        """In pixels of the network's input, the likeliest first."""
        (answer,) = self._session.run(None, {self._input: given[None]})
        return without_overlap(peaks(np.asarray(answer)[0], min_score))


def framed(pixels: Pixels, side: int) -> tuple[Pixels, float]:
    """The picture scaled and filled up with black to whole multiples, and the scale."""
    zoom = min(side / max(pixels.shape[:2]), ENLARGED_MAX)
    small = scaled(pixels, zoom)
    height, width = small.shape[:2]
    given = np.zeros((whole(height), whole(width), 3), np.uint8)
    given[:height, :width] = small
    return given, zoom


def scaled(pixels: Pixels, zoom: float) -> Pixels:
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    size = max(round(pixels.shape[1] * zoom), 1), max(round(pixels.shape[0] * zoom), 1)
    return np.asarray(cv2.resize(pixels, size, interpolation=way), np.uint8)


def bordered(pixels: Pixels) -> tuple[Pixels, float, npt.NDArray[np.float32]]:
    """The picture, small, in the middle of a gray one; its scale, and where its corner lies."""
    zoom = FILLED_SIDE / max(pixels.shape[:2])
    small = scaled(pixels, zoom)
    height, width = small.shape[:2]
    border = round(2 * BORDER * FILLED_SIDE)
    given = np.full((whole(height + border), whole(width + border), 3), GRAY, np.uint8)
    top, left = (given.shape[0] - height) // 2, (given.shape[1] - width) // 2
    given[top : top + height, left : left + width] = small
    return given, zoom, np.array([left, top], np.float32)


def joined(found: list[PlateBox], filling: list[PlateBox]) -> list[PlateBox]:
    """Of a plate that both looks found, the surer answer: the others are its pieces."""
    for plate in filling:
        same = [other for other in found if shares(plate, other)]
        if all(other.score < plate.score for other in same):
            found = [plate, *(one for one in found if all(one is not other for other in same))]
    return found


class Tile(NamedTuple):
    """In pixels of the picture."""

    left: int
    top: int
    right: int
    bottom: int


def tiles_of(width: int, height: int, side: int) -> list[Tile]:
    """None where the whole picture is enough. `side` is that of the network's input."""
    short, long = sorted((width, height))
    is_long = long >= TILED_ASPECT * short and side / long < TILED_ZOOM
    if not is_long and long <= TILED_SIDE:
        return []
    tile = min(max(2 * short, side), TILE_SIDE)
    while len(spans(width, tile)) * len(spans(height, tile)) > TILES_MAX:
        tile *= 2
    return [
        Tile(left, top, right, bottom)
        for top, bottom in spans(height, tile)
        for left, right in spans(width, tile)
    ]


def spans(length: int, tile: int) -> list[tuple[int, int]]:
    """Parts of `tile` pixels, evenly over the length, that overlap by at least `TILE_OVERLAP`."""
    if length <= tile:
        return [(0, length)]
    steps = int(np.ceil((length - tile) / (tile * (1 - TILE_OVERLAP))))
    starts = [round((length - tile) * step / steps) for step in range(steps + 1)]
    return [(start, start + tile) for start in starts]


def is_cut(plate: PlateBox, tile: Tile, size: tuple[int, int]) -> bool:
    """Whether it reaches an edge of its tile that is inside the picture of this size."""
    low, high = plate.quad.min(axis=0), plate.quad.max(axis=0)
    near = CUT_MARGIN * max(tile.right - tile.left, tile.bottom - tile.top)
    return bool(
        (tile.left > 0 and low[0] < tile.left + near)
        or (tile.top > 0 and low[1] < tile.top + near)
        or (tile.right < size[0] and high[0] > tile.right - near)
        or (tile.bottom < size[1] and high[1] > tile.bottom - near)
    )


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
