"""Real crops with texts: the plates of free photos, labeled by agreement (`label`) or by eye.

`labels.jsonl` and, for plates on which no readers agreed, `by_eye.jsonl` name file, box, text and
whether the crop is held back for validation. The pictures themselves are not in the repository.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from cv2.typing import MatLike

from training.render.camera import faulty
from training.render.surface import field

LABELS = Path(__file__).with_name("labels.jsonl")
BY_EYE = Path(__file__).with_name("by_eye.jsonl")
"""Texts that a person read off contact sheets; small figures of a year are no part of them."""
CORRECTIONS = Path(__file__).with_name("corrections.txt")
AROUND = 0.5
"""Share of the box's height and a third of that share of its width kept around it."""
Pixels = MatLike
"""Height x width x 3 of 8 bits, blue-green-red."""


class RealCrop(NamedTuple):
    pixels: Pixels
    """The plate with its surroundings."""
    box: tuple[float, float, float, float]
    """The plate in these pixels: left, top, width, height."""
    text: str
    country: str | None = None
    region: str | None = None


def training_crops(folder: Path) -> list[RealCrop]:
    return list(crops(folder, held_back=False))


def validation_crops(folder: Path) -> list[RealCrop]:
    return list(crops(folder, held_back=True))


def corrections() -> dict[tuple[str, str], str]:
    """What eyes read where PP-OCR was wrong: file and its text -> the right text, `-` for none."""
    lines = CORRECTIONS.read_text().splitlines() if CORRECTIONS.is_file() else []
    parts = [line.rsplit(" ", 2) for line in lines]
    return {(file, said): meant for file, said, meant in parts}


def crops(folder: Path, held_back: bool) -> Iterator[RealCrop]:
    """`folder` holds the photos named in the labels; one that is not there is passed over."""
    corrected = corrections()
    known = [path for path in (LABELS, BY_EYE) if path.is_file()]
    for line in (line for path in known for line in path.read_text().splitlines()):
        label = json.loads(line)
        if label["held_back"] != held_back:
            continue
        text = corrected.get((label["file"], label["text"]), label["text"])
        photo = cv2.imread(str(folder / label["file"]))
        if photo is not None and text != "-":
            yield cut(photo, label["box"], text, label.get("country"))


def cut(photo: Pixels, box: list[float], text: str, country: str | None) -> RealCrop:
    left, top, wide, tall = box
    x0, y0 = max(int(left - wide * AROUND / 3), 0), max(int(top - tall * AROUND), 0)
    x1 = min(int(left + wide * (1 + AROUND / 3)) + 1, photo.shape[1])
    y1 = min(int(top + tall * (1 + AROUND)) + 1, photo.shape[0])
    pixels = np.ascontiguousarray(photo[y0:y1, x0:x1])
    return RealCrop(pixels, (left - x0, top - y0, wide, tall), text, country)


def tight(crop: RealCrop, wider: float = 0.02) -> Pixels:
    """The box as it is, a little wider."""
    left, top, wide, tall = crop.box
    y0, y1 = int(max(top - tall * wider, 0)), int(top + tall * (1 + wider)) + 1
    x0, x1 = int(max(left - wide * wider, 0)), int(left + wide * (1 + wider)) + 1
    return crop.pixels[y0:y1, x0:x1]


def augmented(crop: RealCrop, random: np.random.Generator) -> Pixels:
    """Another cut, tilt, light and the camera's faults."""
    left, top, wide, tall = crop.box
    shift = random.normal(0, 1, (4, 2)) * (wide * 0.015, tall * 0.04)
    sides = random.normal(0.015, 0.03, 2) * wide
    ends = random.normal(0.04, 0.09, 2) * tall
    quad = np.array([
        (left - sides[0], top - ends[0]), (left + wide + sides[1], top - ends[0]),
        (left + wide + sides[1], top + tall + ends[1]), (left - sides[0], top + tall + ends[1]),
    ])  # fmt: skip
    middle = quad.mean(axis=0)
    turn, slant = np.deg2rad(random.normal(0, 2.5)), random.normal(0, 0.07)
    matrix = np.array([(np.cos(turn), -np.sin(turn) + slant), (np.sin(turn), np.cos(turn))])
    quad = ((quad + shift - middle) @ matrix.T + middle).astype(np.float32)
    shrink = 1.0 if random.random() < 0.55 else random.uniform(0.55, 1.0)
    width = int(np.clip(wide * shrink, min(wide, 48), 260))
    height = max(int(width * tall / wide * random.uniform(0.9, 1.15)), 10)
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    turned = cv2.warpPerspective(
        crop.pixels, cv2.getPerspectiveTransform(quad, target), (width, height),
        flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return colored(turned, random)


def colored(pixels: Pixels, random: np.random.Generator) -> Pixels:
    image = pixels.astype(np.float32)
    if random.random() < 0.25:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    if random.random() < 0.3:
        image += field(pixels.shape[1], pixels.shape[0], random)[..., None] * random.uniform(5, 40)
    image = (image - 128) * random.uniform(0.45, 1.35) + 128 + random.normal(0, 18)
    if random.random() < 0.06:
        image = 255 - image
    image = np.clip(image, 0, 255).astype(np.uint8)
    return faulty(image, random) if random.random() < 0.55 else image
