"""Plates that fill the picture, as in crops of cameras and close-ups of phones: how many are found.

Photos of the folder `train` are cropped around the box of the plate, with several margins, and
scaled to several sizes. Compared are the looks without a border, as video frames need them, and all
looks. Nothing of the folder `evaluate` is used.
"""

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.report import Table
from platewire.decoding.decode import decode
from platewire.model import Pixels
from platewire.recognition.networks.plate_detector import SURE, PlateBox, PlateDetector

DATA = Path(
    os.environ.get("PLATEWIRE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)
SETS = ("openlpr", "kaggle_cars")
PHOTOS_EACH = 12
"""Random photos of each set; with three margins and three sizes, a few hundred pictures."""
WIDTH_MIN = 80
"""Pixels of a plate in its photo; narrower ones are not enlarged well."""
MARGINS = (-0.12, 0.0, 0.25)
"""Of the plate's height, on each side; less than 0 cuts the plate's edge off."""
SIDES = (60, 120, 1600)
"""Pixels of the crop's longer side."""
OVERLAP_MIN = 0.5
"""Intersection over union with the box from which on the place is right."""

Box = tuple[float, float, float, float]


class WithoutBorder(PlateDetector):
    def _look_bordered(self, pixels: Pixels) -> list[PlateBox]:
        return []


def run() -> Table:
    if not (DATA / "train").is_dir():
        table = Table("Plates that fill the picture", ("margin",))
        table.notes.append(f"Not measured: {DATA} is missing (set PLATEWIRE_DATA).")
        return table
    settings: dict[str, Any] = {"side": 768, "threads": 2, "min_score": 0.1}
    detectors = (WithoutBorder(**settings), PlateDetector(**settings))
    cropped = [crop for photo in _photos() for crop in _crops(*photo)]
    columns = ("margin", "crops", "found without a border", "found", "CPU ms without", "CPU ms")
    table = Table("Plates that fill the picture", columns)
    for margin in MARGINS:
        crops = [(pixels, box) for each, pixels, box in cropped if each == margin]
        without, every = (_measured(detector, crops) for detector in detectors)
        row = (f"{margin:+.2f}", str(len(crops)), _share(without), _share(every))
        table.rows.append((*row, f"{_median_ms(without):.0f}", f"{_median_ms(every):.0f}"))
    table.notes = [
        f"Photos of the training folder ({', '.join(SETS)}), cropped around the box of the plate; "
        "the margin is in plate heights. Longer sides of "
        f"{', '.join(map(str, SIDES))} pixels. Found: intersection over union of at least "
        f"{OVERLAP_MIN} at a score of at least {SURE}, from which on any text of the plate counts."
    ]
    return table


def _photos() -> list[tuple[Pixels, Box]]:
    photos = []
    for name in SETS:
        lines = (DATA / "train" / f"{name}.jsonl").read_text("utf-8").splitlines()
        boxed = [
            (entry["file"], plate["box"])
            for entry in map(json.loads, lines)
            for plate in entry["plates"]
            if plate["box"] and plate["box"][2] >= WIDTH_MIN
        ]
        for file, box in random.Random(3).sample(boxed, PHOTOS_EACH):
            photos.append((decode((DATA / "train" / file).read_bytes()), tuple(box)))
    return photos


def _crops(photo: Pixels, plate: Box) -> list[tuple[float, Pixels, Box]]:
    crops = []
    x, y, width, height = plate
    for margin in MARGINS:
        around = margin * height
        left, top = round(max(x - around, 0)), round(max(y - around, 0))
        cut = photo[top : round(y + height + around), left : round(x + width + around)]
        for side in SIDES:
            zoom = side / max(cut.shape[:2])
            way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
            pixels = np.asarray(
                cv2.resize(cut, None, fx=zoom, fy=zoom, interpolation=way), np.uint8
            )
            box = ((x - left) * zoom, (y - top) * zoom, width * zoom, height * zoom)
            crops.append((margin, pixels, box))
    return crops


def _measured(detector: PlateDetector, crops: list[tuple[Pixels, Box]]) -> list[tuple[bool, float]]:
    """Whether the plate was found, and in how many seconds of the CPU: others may use it too."""
    measured = []
    for pixels, box in crops:
        begun = time.process_time()
        found = detector.find(pixels)
        seconds = time.process_time() - begun
        measured.append((any(_is_right(plate, box, pixels) for plate in found), seconds))
    return measured


def _is_right(plate: PlateBox, box: Box, pixels: Pixels) -> bool:
    """The part of the box that is in the picture counts."""
    if plate.score < SURE:
        return False
    size = np.array(pixels.shape[1::-1], np.float32)
    low = np.clip(plate.quad.min(axis=0), 0, size), np.clip(box[:2], 0, size)
    high = np.clip(plate.quad.max(axis=0), 0, size), np.clip(np.add(box[:2], box[2:]), 0, size)
    shared = float(np.prod(np.maximum(np.minimum(*high) - np.maximum(*low), 0)))
    areas = [float(np.prod(end - start)) for start, end in zip(low, high, strict=True)]
    return shared >= OVERLAP_MIN * (sum(areas) - shared)


def _share(measured: list[tuple[bool, float]]) -> str:
    right = sum(found for found, _ in measured)
    return f"{right} ({right / len(measured):.1%})"


def _median_ms(measured: list[tuple[bool, float]]) -> float:
    return float(np.median([seconds for _, seconds in measured])) * 1000
