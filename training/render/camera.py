"""A flat plate -> a crop as a camera and a plate detector would cut it: small, tilted, faulty."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from training.render.numbers import pick
from training.render.plate import Plate
from training.render.surface import field

Pixels = MatLike
"""Height x width x 3 of 8 bits, blue-green-red."""
MARGIN = 0.35
"""Share of the plate's height that is added as surroundings on each side."""
EASY = 0.5
"""Share of the crops in good light and mostly sharp, as most that a product sees."""


class Shot(NamedTuple):
    pixels: Pixels
    """The crop, blue-green-red."""
    character_boxes: npt.NDArray[np.float32]
    """Left, top, width, height of each character's upright frame in the crop."""


def shoot(plate: Plate, random: np.random.Generator) -> Shot:
    scene, margin = surrounded(plate.pixels, random)
    scene, boxes = seen_from(scene, margin, plate, random)
    if random.random() < EASY:
        return Shot(faulty(mild(scene, random), random, 0.55), boxes)
    return Shot(faulty(lit(scene, random), random, 1.0), boxes)


def surrounded(plate: Pixels, random: np.random.Generator) -> tuple[Pixels, int]:
    """The plate on a piece of car."""
    height, width = plate.shape[:2]
    margin = round(height * MARGIN)
    color = (
        random.integers(10, 235, 3)
        if random.random() < 0.6
        else np.full(3, int(random.integers(5, 240)))
    )
    size = height + 2 * margin, width + 2 * margin
    scene = np.empty((*size, 3), np.uint8)
    scene[:] = color
    if random.random() < 0.7:
        shade = field(size[1], size[0], random) * random.uniform(10, 70) + 60
        shade = cv2.cvtColor(np.clip(shade, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
        scene = np.asarray(cv2.subtract(cv2.add(scene, shade), np.full_like(scene, 60)), np.uint8)
    for _ in range(int(random.integers(0, 4))):
        level = int(random.integers(0, 255))
        y = int(random.integers(0, size[0]))
        cv2.line(
            scene,
            (0, y),
            (size[1], int(y + random.integers(-9, 9))),
            (level, level, level),
            int(random.integers(1, 9)),
        )
    if random.random() < 0.4:
        below = scene[margin : margin + height + 6, margin - 3 : margin + width + 3]
        below[:] = below // 3
    scene[margin : margin + height, margin : margin + width] = plate
    return scene, margin


def crop_size(plate: Pixels, random: np.random.Generator) -> tuple[int, int]:
    """Width and height of the crop in pixels; many are small."""
    height, width = plate.shape[:2]
    wide = float(np.exp(random.uniform(np.log(52), np.log(240))))
    if width < 2.2 * height:
        wide = float(np.clip(wide, 40, 190))
    tall = wide * height / width * random.uniform(0.85, 1.3)
    return max(round(wide), 24), max(round(tall), 12)


def seen_from(
    scene: Pixels, margin: int, plate: Plate, random: np.random.Generator
) -> tuple[Pixels, npt.NDArray[np.float32]]:
    """The crop by a homography, never cutting into the characters by much."""
    width = plate.pixels.shape[1]
    out_width, out_height = crop_size(plate.pixels, random)
    shrink = out_width / width
    if shrink < 0.7:
        kept = min(1.0, shrink * 1.6)
        scene = cv2.resize(scene, None, fx=kept, fy=kept, interpolation=cv2.INTER_AREA)
    else:
        kept = 1.0
    quad = quad_of(plate, random)
    source = (quad + margin) * kept
    target = np.array(
        [(0, 0), (out_width, 0), (out_width, out_height), (0, out_height)], np.float32
    )
    matrix = cv2.getPerspectiveTransform(source.astype(np.float32), target)
    crop = cv2.warpPerspective(
        scene, matrix, (out_width, out_height), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return crop, moved(plate.character_boxes, margin, kept, matrix)


def quad_of(plate: Plate, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """The four corners in the plate's pixels that become the crop's corners."""
    height, width = plate.pixels.shape[:2]
    boxes = plate.character_boxes
    inner = (boxes[:, 0].min(), boxes[:, 1].min(),
             (boxes[:, 0] + boxes[:, 2]).max(), (boxes[:, 1] + boxes[:, 3]).max())  # fmt: skip
    sideways, upright = random.normal(0.025, 0.04, 2), random.normal(0.05, 0.09, 2)
    if random.random() < 0.12:
        sideways, upright = random.normal(0.05, 0.06, 2), random.normal(0.15, 0.12, 2)
    room = 0.02 * width, 0.04 * height
    left = min(-sideways[0] * width, inner[0] - room[0] * random.uniform(-0.5, 1.5))
    right = max(width * (1 + sideways[1]), inner[2] + room[0] * random.uniform(-0.5, 1.5))
    top = min(-upright[0] * height, inner[1] - room[1])
    bottom = max(height * (1 + upright[1]), inner[3] + room[1])
    quad = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    middle = quad.mean(axis=0)
    turn = np.deg2rad(random.normal(0, 2.2 if random.random() < 0.8 else 6))
    slant = random.normal(0, 0.05 if random.random() < 0.75 else 0.17)
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.array([(cos, -sin + slant), (sin, cos)], np.float32)
    quad = (quad - middle) @ matrix.T + middle
    uneven = random.normal(0, 0.015, (4, 2)) * (width, height * 2)
    quad = quad + uneven.astype(np.float32)
    return np.asarray(quad, np.float32)


def moved(
    boxes: npt.NDArray[np.float32], margin: int, kept: float, matrix: MatLike
) -> npt.NDArray[np.float32]:
    left, top, wide, tall = boxes.T
    corners = np.stack([
        np.stack([left, top + tall / 2], 1), np.stack([left + wide, top + tall / 2], 1),
        np.stack([left + wide / 2, top], 1), np.stack([left + wide / 2, top + tall], 1),
    ], 1)  # fmt: skip
    points = cv2.perspectiveTransform(
        ((corners + margin) * kept).reshape(-1, 1, 2).astype(np.float32), matrix
    ).reshape(-1, 4, 2)
    x0, x1 = points[:, 0, 0], points[:, 1, 0]
    y0, y1 = points[:, 2, 1], points[:, 3, 1]
    return np.stack([x0, y0, x1 - x0, y1 - y0], 1).astype(np.float32)


def mild(crop: Pixels, random: np.random.Generator) -> Pixels:
    """Nothing but another contrast and brightness."""
    gain, lift = random.uniform(0.6, 1.1), random.uniform(-30, 50)
    return np.asarray(cv2.convertScaleAbs(crop, alpha=gain, beta=lift), np.uint8)


def lit(crop: Pixels, random: np.random.Generator) -> Pixels:
    """Light, shadow, glare, dirt, night; in floats once, then back."""
    height, width = crop.shape[:2]
    image = crop.astype(np.float32)
    if random.random() < 0.3:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    elif random.random() < 0.6:
        image *= random.normal(1, 0.09, 3).astype(np.float32)
    if random.random() < 0.35:
        shade = shadow(width, height, random)
        image *= shade[..., None]
    if random.random() < 0.15:
        dirt = np.clip(field(width, height, random) * random.uniform(0.5, 2) - 0.25, 0, 0.75)
        image += (random.uniform(30, 150) - image) * dirt[..., None]
    if random.random() < 0.12:
        x, y = random.random() * width, random.random() * height
        far = ((np.arange(width) - x) ** 2)[None] / width**2 * 6
        far = far + ((np.arange(height) - y) ** 2)[:, None] / height**2 * 2
        image += (np.exp(-far * random.uniform(2, 12)) * random.uniform(40, 190))[..., None]
    contrast = random.uniform(0.3, 1.15) if random.random() < 0.7 else random.uniform(0.9, 1.7)
    level = random.uniform(30, 200)
    image = (image - 128) * contrast + (level if contrast < 0.75 else random.normal(128, 22))
    if random.random() < 0.08:
        image = 255 - image
    return np.clip(image, 0, 255, out=image).astype(np.uint8)


def shadow(width: int, height: int, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """An edge between light and shade, hard or soft, at any angle."""
    angle = random.uniform(0, 2 * np.pi)
    along = (
        np.cos(angle) * np.linspace(-1, 1, width)[None]
        + np.sin(angle) * np.linspace(-1, 1, height)[:, None]
    )
    hard = random.uniform(1, 25)
    edge = 1 / (1 + np.exp(-np.clip((along - random.uniform(-0.6, 0.6)) * hard, -30, 30)))
    low = random.uniform(0.25, 0.85)
    return np.asarray(low + (1 - low) * edge, np.float32)


def faulty(crop: Pixels, random: np.random.Generator, severity: float = 1.0) -> Pixels:
    """Blur, motion, low resolution, noise, compression; all less where `severity` is below 1."""
    height, width = crop.shape[:2]
    coarse = width / 110 * severity
    kind = random.random()
    if kind < 0.45:
        sigma = coarse * random.uniform(0.2, 1.15)
        if sigma > 0.25:
            crop = cv2.GaussianBlur(crop, (0, 0), sigma)
    elif kind < 0.62:
        crop = smeared(crop, coarse, random)
    if random.random() < 0.2 and width > 90:
        small = max(round(width * random.uniform(0.4, 0.8)), 56)
        crop = cv2.resize(
            crop, (small, max(round(height * small / width), 10)), interpolation=cv2.INTER_AREA
        )
        way = pick((cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST), random)
        crop = cv2.resize(crop, (width, height), interpolation=way)
    if random.random() < 0.5:
        strength = random.uniform(1, 14 * severity)
        noise = random.standard_normal(
            (height, width, 3 if random.random() < 0.5 else 1), np.float32
        )
        crop = np.clip(crop + noise * strength, 0, 255).astype(np.uint8)
    if random.random() < 0.12:
        crop = cv2.addWeighted(crop, 1.8, cv2.GaussianBlur(crop, (0, 0), 1.2), -0.8, 0)
    if random.random() < 0.65:
        quality = int(random.integers(18, 92))
        packed = cv2.imencode(".jpg", crop, (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
        crop = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(crop, np.uint8)


def smeared(crop: Pixels, coarse: float, random: np.random.Generator) -> Pixels:
    """Motion blur along any direction."""
    length = max(int(coarse * random.uniform(1.5, 5.5)), 2)
    kernel = np.zeros((length, length), np.float32)
    angle = random.uniform(0, np.pi)
    middle = (length - 1) / 2
    dx, dy = np.cos(angle) * middle, np.sin(angle) * middle
    start = (round(middle - dx), round(middle - dy))
    cv2.line(kernel, start, (round(middle + dx), round(middle + dy)), 1, 1)
    return cv2.filter2D(crop, -1, kernel / kernel.sum())
