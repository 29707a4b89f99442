"""Negative samples: pieces of photos, some with lettering, and a detector's false positives.

The reader learns to spell nothing there and to answer that it is no plate. The renderer uses pieces
of the same photos as artwork behind a number.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from training.detector.photos import CORNERS, Photo, photos, read_picture
from training.detector.samples import WORDS
from training.render.camera import faulty, mild
from training.render.fonts import CAP, glyph, installed
from training.render.numbers import of_pattern, pick
from training.render.surface import DEALERS, draw_text

Pixels = MatLike
"""Height x width x 3 of 8 bits, blue-green-red."""
PIECES_A_PHOTO = 6
TRIED = 4
"""The busiest of so many places is mostly chosen: detectors err where there is detail."""
SHARED_MAX = 0.1
"""Of a piece's area may be a plate."""
FALSE_POSITIVES = 0.45
"""Share of false positives of an earlier detector."""
WRITTEN = 0.45
"""Share of the pieces with lettering."""
PATTERNS = ("+11 111 1111", "1111-11-11", "11:11:11", "AA", "A1", "11.1", "111", "AAAA", "11 km/h")


class NonPlates:
    """Pieces of photos without end; a photo is decoded once for a few of them."""

    def __init__(self, found: Sequence[Photo], random: np.random.Generator) -> None:
        self._photos = found
        self._false_positives = [(photo.path, quad) for photo in found for quad in photo.others]
        self._random = random
        self._pieces: list[Pixels] = []

    def piece(self) -> Pixels:
        if not self._pieces:
            photo = pick(self._photos, self._random)
            picture = read_picture(photo.path)
            count = PIECES_A_PHOTO
            self._pieces = [busiest(picture, photo.corners, self._random) for _ in range(count)]
        return self._pieces.pop()

    def crop(self) -> Pixels:
        """A piece as a camera shows it, with lettering or without."""
        if self._false_positives and self._random.random() < FALSE_POSITIVES:
            seen = self._false_positive()
        else:
            seen = self.piece()
            if self._random.random() < WRITTEN:
                seen = written(seen, self._random)
        return faulty(mild(seen, self._random), self._random, 0.6)

    def _false_positive(self) -> Pixels:
        path, quad = pick(self._false_positives, self._random)
        picture = read_picture(path)
        low, high = quad.min(axis=0), quad.max(axis=0)
        margin = (high[1] - low[1]) * self._random.normal(0.08, 0.12, 4)
        left, top = np.maximum(low - margin[:2], 0).astype(int)
        right, bottom = np.maximum(high + margin[2:], (left + 12, top + 6)).astype(int)
        return picture[top:bottom, left:right]

    def artwork(self, count: int) -> list[Pixels]:
        return [cv2.resize(self.piece(), (192, 96)) for _ in range(count)]


def nonplates(folder: Path, random: np.random.Generator) -> NonPlates:
    """From the photos of `folder` that are not held back."""
    return NonPlates(photos(folder, CORNERS, held_back=False), random)


def busiest(
    picture: Pixels, corners: npt.NDArray[np.float32], random: np.random.Generator
) -> Pixels:
    pieces = [somewhere(picture, corners, random) for _ in range(TRIED)]
    if random.random() < 0.3:
        return pieces[0]
    return max(pieces, key=business)


def somewhere(
    picture: Pixels, corners: npt.NDArray[np.float32], random: np.random.Generator
) -> Pixels:
    """A rectangle shaped like a plate that is not one; the smallest possible after many tries."""
    height, width = picture.shape[:2]
    for _ in range(20):
        wide = float(np.exp(random.uniform(np.log(36), np.log(260))))
        tall = wide / random.uniform(1.3, 5.5)
        if wide >= width or tall >= height:
            continue
        left, top = random.uniform(0, width - wide), random.uniform(0, height - tall)
        if shared(corners, left, top, wide, tall) <= SHARED_MAX:
            return picture[int(top) : int(top + tall) + 1, int(left) : int(left + wide) + 1]
    return picture[:12, :36]


def shared(
    corners: npt.NDArray[np.float32], left: float, top: float, wide: float, tall: float
) -> float:
    """The largest share of the rectangle that lies in one plate's upright bounds, and of that
    plate in the rectangle."""
    if not len(corners):
        return 0.0
    low, high = corners.min(axis=1), corners.max(axis=1)
    across = np.minimum(high[:, 0], left + wide) - np.maximum(low[:, 0], left)
    down = np.minimum(high[:, 1], top + tall) - np.maximum(low[:, 1], top)
    both = np.clip(across, 0, None) * np.clip(down, 0, None)
    smaller = np.minimum((high - low).prod(axis=1), wide * tall)
    return float((both / np.maximum(smaller, 1)).max())


def business(piece: Pixels) -> float:
    """How much there is to see."""
    gray = cv2.cvtColor(piece, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(gray, (40, 12), interpolation=cv2.INTER_AREA).astype(np.float32)
    return float(np.abs(np.diff(small, axis=1)).mean())


def written(piece: Pixels, random: np.random.Generator) -> Pixels:
    """A word, name or number on it, as on signs, badges and in a camera's caption."""
    if random.random() < 0.5:
        piece = cv2.GaussianBlur(piece, (0, 0), random.uniform(2, 8))
    sheet = cv2.resize(piece, (320, max(round(320 * piece.shape[0] / piece.shape[1]), 40)))
    text = lettering(random)
    face = pick(installed(pick(("small", "wide", "din", "serif"), random)), random)
    mask = glyph(face, text)
    scale = min(300 / mask.shape[1], sheet.shape[0] * random.uniform(0.3, 0.8) / CAP)
    room = int(mask.shape[0] * scale) + 1
    top = int(random.uniform(0, max(sheet.shape[0] - room, 1)))
    area = sheet[top : top + room]
    dark = random.random() < 0.5
    if dark:
        area[:] = 255 - area
    draw_text(area, text, area.shape[1] / 2, area.shape[0] / 2, mask.shape[1] * scale, face)
    if dark:
        area[:] = 255 - area
    wide = max(round(float(np.exp(random.uniform(np.log(40), np.log(240))))), 24)
    return cv2.resize(sheet, (wide, max(round(wide * sheet.shape[0] / 320), 10)))


def lettering(random: np.random.Generator) -> str:
    kind = random.random()
    if kind < 0.5:
        return pick(WORDS, random)
    return (
        pick(DEALERS, random) if kind < 0.75 else of_pattern(pick(PATTERNS, random), random).display
    )
