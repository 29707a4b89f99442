"""Photos -> training pictures: zoomed, turned, re-lit, with rendered plates and other lettering.

A picture shows a part of one photo such that its plates are between `PLATE_WIDTHS` pixels wide.
Rendered plates cover some of the real ones, and some are pasted where there was none: their corners
are known exactly. Words that are no plates (signs, captions, watermarks) teach
what not to find.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from training.detector.photos import NOTHING, Corners, Photo, read_picture
from training.detector.targets import target
from training.render.plate import draw

SIDE = 384
"""Pixels of a training picture, each way."""
PLATE_WIDTHS = (13.0, 320.0)
TURN = 9.0
"""Degrees, one standard deviation of two."""
OTHERS = 0.25
"""Share of the views that show a false positive of an earlier detector, if the photo has one."""
ZOOM_MAX = 3.0
"""Photos are enlarged at most so much."""
FACES = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
)
# fmt: off
WORDS = (
    "TAXI", "POLICE", "SALE", "OPEN", "CAFE", "BANK", "HOTEL", "STOP", "EXIT", "PARKING",
    "PIZZA", "MARKET", "AUTO", "SERVICE", "Transport", "GmbH", "www.cars.com", "+49", "30",
    "1234567", "CAM01", "2024-05-13", "17:45:02", "km/h", "CH1", "LIVE", "turbo", "DIESEL",
    "Quattro", "4x4", "XDRIVE", "hybrid", "2.0", "TDI", "GTI", "FORD", "TOYOTA", "HONDA", "AUDI",
    "SKODA", "gettyimages", "alamy", "depositphotos", "shutterstock", "Dealer", "Motors", "FOR",
    "RENT", "24h", "50", "80", "P",
)
# fmt: on

Pixels = npt.NDArray[np.uint8]
Draw = Callable[[np.random.Generator], Pixels]
"""Draws a plate, flat and clean."""
STOCK = 300
RENEWED = 0.3


class Plates:
    """A stock of rendered plates, renewed little by little, of which the best shaped is taken."""

    def __init__(self, draw: Draw, random: np.random.Generator) -> None:
        self._draw = draw
        self._random = random
        self._stock = [draw(random) for _ in range(STOCK)]

    def like(self, quad: Corners) -> Pixels:
        """One whose shape is near that of the corners."""
        if self._random.random() < RENEWED:
            self._stock[self._random.integers(STOCK)] = self._draw(self._random)
        wanted = np.log(np.hypot(*(quad[1] - quad[0])) / max(np.hypot(*(quad[3] - quad[0])), 1))
        some = self._random.choice(STOCK, 6)
        return min(
            (self._stock[index] for index in some),
            key=lambda one: abs(np.log(one.shape[1] / one.shape[0]) - wanted),
        )


class Sample(NamedTuple):
    picture: Pixels
    """SIDE x SIDE x 3, blue-green-red."""
    corners: Corners


class Shown(NamedTuple):
    """A photo with its decoded picture."""

    picture: Pixels
    corners: Corners
    doubtful: Corners = NOTHING
    others: Corners = NOTHING


class Batch(NamedTuple):
    pictures: Pixels
    """N x 3 x SIDE x SIDE, blue-green-red."""
    targets: npt.NDArray[np.float32]
    """N x 12 x cells x cells, see `targets.target`."""


def batches(photos: Sequence[Photo], rendered: bool, size: int, seed: int) -> Iterator[Batch]:
    """Endless; each photo is decoded once and kept in memory. `rendered` plates cover some."""
    random = np.random.default_rng(seed)
    plates = Plates(rendered_plate, random) if rendered else None
    pictures: dict[Path, Pixels] = {}

    def choose() -> Shown:
        photo = photos[int(random.integers(len(photos)))]
        if photo.path not in pictures:
            pictures[photo.path] = read_picture(photo.path)
        return Shown(pictures[photo.path], photo.corners, photo.doubtful, photo.others)

    while True:
        samples = [sample(choose, random, plates) for _ in range(size)]
        yield Batch(
            np.stack([one.picture.transpose(2, 0, 1) for one in samples]),
            np.stack([target(one.corners, SIDE) for one in samples]),
        )


def rendered_plate(random: np.random.Generator) -> Pixels:
    return np.asarray(draw(random).pixels, np.uint8)


def sample(
    choose: Callable[[], Shown], random: np.random.Generator, plates: Plates | None
) -> Sample:
    """One photo's part, or four smaller ones side by side, where plates are small."""
    if random.random() < 0.65:
        seen, corners = part(choose(), SIDE, random, plates)
    else:
        half = SIDE // 2
        seen, found = np.zeros((SIDE, SIDE, 3), np.uint8), []
        for left, top in ((0, 0), (half, 0), (0, half), (half, half)):
            seen[top : top + half, left : left + half], own = part(choose(), half, random, plates)
            found.append(with_center_inside(own, half) + np.array((left, top)))
        corners = np.concatenate(found).astype(np.float32)
    if random.random() < 0.3:
        letter(seen, corners, random)
    return Sample(lit(seen, random), corners)


def with_center_inside(corners: Corners, side: int) -> Corners:
    """Those plates whose center is in the picture."""
    middle = corners.mean(axis=1)
    inside = ((middle > 0) & (middle < side)).all(axis=1)
    return np.asarray(corners[inside], np.float32)


def part(
    photo: Shown, side: int, random: np.random.Generator, plates: Plates | None
) -> tuple[Pixels, Corners]:
    """A square of so many pixels out of the photo, perhaps with rendered plates in it."""
    picture, corners, doubtful, others = photo
    if plates is not None:
        picture = picture.copy()
        if random.random() < 0.4:
            for quad in corners:
                paste(picture, plates.like(quad), quad, random)
        for quad in doubtful:  # Now it is one.
            paste(picture, plates.like(quad), quad, random)
        corners = np.concatenate([corners, doubtful])
        quad = somewhere(picture, corners, random) if random.random() < 0.15 else None
        if quad is not None:
            paste(picture, plates.like(quad), quad, random)
            corners = np.concatenate([corners, quad[None]])
    looked_at = others if len(others) and random.random() < OTHERS else corners
    matrix = view(looked_at, picture.shape[:2], side, random)
    seen = cv2.warpPerspective(
        shrunk(picture, matrix),
        scaled(matrix, picture),
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT if random.random() < 0.5 else cv2.BORDER_REPLICATE,
        borderValue=[int(random.integers(0, 256))] * 3,
    )
    moved = cv2.perspectiveTransform(corners, matrix)
    return np.asarray(seen, np.uint8), np.asarray(moved, np.float32)


def view(
    corners: Corners, shape: Sequence[int], side: int, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """The photo's pixels -> the square's: one plate gets a width drawn evenly in its logarithm, but
    the photo is never so small that it leaves most of the square empty."""
    height, width = shape
    quad = corners[random.integers(len(corners))]
    plate = float(np.hypot(*(quad[1] - quad[0])))
    low, high = np.log(PLATE_WIDTHS)
    zoom = float(np.exp(random.uniform(low, high))) / plate
    zoom = max(zoom, side / max(height, width) * random.uniform(0.85, 1.2))
    zoom = min(zoom, ZOOM_MAX, PLATE_WIDTHS[1] * side / SIDE / plate)
    turn = np.radians(np.clip(random.normal(0, TURN / 2), -25, 25))
    stretch = np.exp(random.normal(0, 0.08))
    cos, sin = np.cos(turn) * zoom, np.sin(turn) * zoom
    linear = np.array([[cos * stretch, -sin + random.normal(0, 0.06) * zoom], [sin * stretch, cos]])
    center = quad.mean(axis=0) if random.random() < 0.9 else random.uniform((0, 0), (width, height))
    half = plate * zoom * 0.45
    target = random.uniform(min(half, side / 2), max(side - half, side / 2), 2)
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = target - linear @ center
    matrix[2, :2] = random.normal(0, 0.00008, 2) * min(zoom, 1.0)
    return matrix


def shrunk(picture: Pixels, matrix: npt.NDArray[np.float64]) -> Pixels:
    """Reduced by averaging where the view is much smaller, as a camera does."""
    factor = shrink_factor(matrix)
    if factor == 1:
        return picture
    height, width = picture.shape[:2]
    size = (max(1, width // factor), max(1, height // factor))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def shrink_factor(matrix: npt.NDArray[np.float64]) -> int:
    zoom = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    return max(1, int(1 / max(zoom, 1e-3)))


def scaled(matrix: npt.NDArray[np.float64], picture: Pixels) -> npt.NDArray[np.float64]:
    """`matrix` for the picture that `shrunk` gives."""
    factor = shrink_factor(matrix)
    height, width = picture.shape[:2]
    across, down = width / max(1, width // factor), height / max(1, height // factor)
    return matrix @ np.diag([across, down, 1.0]) if factor > 1 else matrix


def somewhere(picture: Pixels, taken: Corners, random: np.random.Generator) -> Corners | None:
    height, width = picture.shape[:2]
    long = width * np.exp(random.uniform(np.log(0.05), np.log(0.5)))
    short = long / random.choice((1.4, 2.0, 4.6), p=(0.15, 0.3, 0.55))
    if short > height * 0.8:
        return None
    middle = random.uniform((long / 2, short / 2), (width - long / 2, height - short / 2))
    flat = np.array([[-long, -short], [long, -short], [long, short], [-long, short]]) / 2
    quad = np.asarray(flat + random.normal(0, short * 0.07, (4, 2)) + middle, np.float32)
    low, high = quad.min(axis=0), quad.max(axis=0)
    for other in taken:
        if (other.min(axis=0) < high).all() and (other.max(axis=0) > low).all():
            return None
    return quad


def paste(picture: Pixels, plate: Pixels, quad: Corners, random: np.random.Generator) -> None:
    """Puts the plate onto the four corners, in the light of what was there."""
    low = np.maximum(np.floor(quad.min(axis=0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(quad.max(axis=0)).astype(int) + 2, picture.shape[1::-1])
    if (high - low < 4).any():
        return
    height, width = plate.shape[:2]
    long = max(8.0, float(np.hypot(*(quad[1] - quad[0]))))
    factor = max(1, int(width / long))
    if factor > 1:
        plate = np.asarray(
            cv2.resize(plate, (width // factor, height // factor), interpolation=cv2.INTER_AREA),
            np.uint8,
        )
        height, width = plate.shape[:2]
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, np.asarray(quad - low, np.float32))
    size = tuple(int(v) for v in high - low)
    drawn = cv2.warpPerspective(plate, matrix, size, flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(np.full(plate.shape[:2], 255, np.uint8), matrix, size)
    window = picture[low[1] : high[1], low[0] : high[0]]
    light = float(np.clip(np.percentile(window, 92) / 230, 0.15, 1.1)) * random.uniform(0.8, 1.2)
    if random.random() < 0.4:
        blur = random.uniform(0.4, 1.4)
        drawn = cv2.GaussianBlur(drawn, (0, 0), blur)
        mask = cv2.GaussianBlur(mask, (0, 0), 0.7)
    share = mask[:, :, None].astype(np.float32) / 255
    window[:] = np.clip(window * (1 - share) + drawn * light * share, 0, 255).astype(np.uint8)


def letter(picture: Pixels, corners: Corners, random: np.random.Generator) -> None:
    """Words on the picture where no plate is: captions, signs, watermarks."""
    for _ in range(random.integers(1, 4)):
        word = " ".join(random.choice(WORDS, random.integers(1, 4)))
        face, scale = int(random.choice(FACES)), float(random.uniform(0.3, 1.6))
        thick = int(random.integers(1, 3))
        (width, height), base = cv2.getTextSize(word, face, scale, thick)
        at = random.integers((-20, height), (SIDE, SIDE))
        low = at - np.array((4, height + 4))
        high = at + np.array((width + 4, base + 4))
        if any((q.min(axis=0) < high).all() and (q.max(axis=0) > low).all() for q in corners):
            continue
        color = (
            [int(v) for v in random.integers(0, 256, 3)]
            if random.random() < 0.5
            else [int(random.choice((0, 255)))] * 3
        )
        if random.random() < 0.35:
            ground = [int(v) for v in random.integers(0, 256, 3)]
            cv2.rectangle(picture, [int(v) for v in low], [int(v) for v in high], ground, -1)
        cv2.putText(picture, word, [int(v) for v in at], face, scale, color, thick, cv2.LINE_AA)


def lit(picture: Pixels, random: np.random.Generator) -> Pixels:
    """The same scene in other light, through another camera."""
    values: MatLike = picture.astype(np.float32)
    if random.random() < 0.12:
        values[:] = values.mean(axis=2, keepdims=True)
    values = 255 * (values / 255) ** np.exp(random.normal(0, 0.35))
    values = (values - 128) * np.exp(random.normal(0, 0.25)) + 128 + random.normal(0, 22)
    values *= np.exp(random.normal(0, 0.06, 3)).astype(np.float32)
    if random.random() < 0.3:
        values = cv2.GaussianBlur(values, (0, 0), random.uniform(0.4, 1.5))
    if random.random() < 0.12:
        length = int(random.integers(3, 9))
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1 / length
        values = cv2.filter2D(values, -1, kernel)
    if random.random() < 0.3:
        values += random.normal(0, random.uniform(2, 14), values.shape).astype(np.float32)
    picture = np.clip(values, 0, 255).astype(np.uint8)
    if random.random() < 0.5:
        quality = int(random.integers(25, 90))
        picture = np.asarray(
            cv2.imdecode(
                cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1],
                cv2.IMREAD_COLOR,
            ),
            np.uint8,
        )
    return picture
