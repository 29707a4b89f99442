"""Vehicle data on real photos: those held back from training are named about as well as the card
says, and badges are read."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from platewire.model import Attribute, Box, Pixels
from platewire.recognition.vehicle.badges import BadgeReader
from platewire.recognition.vehicle.classifier import VehicleClassifier

pytestmark = pytest.mark.realdata
LABELS = Path(__file__).parents[3] / "training" / "vehicle" / "labels.jsonl"


def photo(folder: Path, file: str) -> Pixels:
    return np.asarray(cv2.imread(str(folder / "train" / file)), np.uint8)


def plate_of(file: str) -> Box:
    rows = (json.loads(line) for line in LABELS.read_text().splitlines())
    return next(Box(*row["box"]) for row in rows if row["file"] == file)


def value(found: Attribute | None) -> str | None:
    return found.value if found else None


@pytest.mark.parametrize(
    ("file", "make", "model"),
    [
        ("openlpr/train_2264.jpg", "Volkswagen", "Tiguan"),
        ("openlpr/train_1603.jpg", "Skoda", "Fabia"),
        ("kaggle_cars/Cars315.jpg", "Ford", None),
        ("openlpr/val_779.jpg", None, None),
    ],
)
def test_badges_are_read(real_data: Path, file: str, make: str, model: str | None) -> None:
    found = BadgeReader(threads=2).read(photo(real_data, file), plate_of(file))
    assert (value(found.make), value(found.model)) == (make, model)


def test_colors_that_are_said_are_mostly_right(real_data: Path) -> None:
    """Some of these photos were learned from; this is a guard against breakage, no measurement."""
    rows = [json.loads(line) for line in LABELS.read_text().splitlines()]
    named = [row for row in rows if row["color"] not in (None, "unknown")][::12]
    look = VehicleClassifier().look
    said = [
        (row["color"], value(look(photo(real_data, row["file"]), Box(*row["box"])).color))
        for row in named
    ]
    given = [(truth, color) for truth, color in said if color]
    assert len(given) > len(said) / 2
    assert sum(truth == color for truth, color in given) / len(given) > 0.7
