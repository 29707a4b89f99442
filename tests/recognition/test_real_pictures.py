"""Photos and clips of the real world with truth; sane lower bounds, the figures are measured
elsewhere."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from platewire.recognition.engines.rapidocr import RapidOcr
from platewire.recognition.pictures import load_picture
from tests.recognition.drawing import frame_of

pytestmark = pytest.mark.realdata


def entries(real_data: Path, name: str, count: int) -> list[dict[str, Any]]:
    """Some entries of a set, evenly spread; skips where the set is missing."""
    index = real_data / f"evaluate/{name}.jsonl"
    if not index.exists():
        pytest.skip(f"no pictures of {name} in {real_data}")
    lines = index.read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines[:: max(1, len(lines) // count)][:count]]


@pytest.mark.parametrize(
    ("name", "share"), [("openalpr_eu", 0.6), ("openalpr_br", 0.7), ("openalpr_us", 0.3)]
)
def test_photos_are_read(engine: RapidOcr, real_data: Path, name: str, share: float) -> None:
    right = []
    for entry in entries(real_data, name, 8):
        pixels = load_picture(real_data / "evaluate" / entry["file"])
        texts = {read.text.replace("O", "0") for read in engine.read(frame_of(pixels))}
        right += [plate["text"].replace("O", "0") in texts for plate in entry["plates"]]
    assert sum(right) >= share * len(right)


def test_most_vehicles_of_the_clips_are_read(engine: RapidOcr, real_data: Path) -> None:
    right = []
    for entry in entries(real_data, "clips", 6):
        seen = texts_of_clip(engine, real_data / "evaluate" / entry["file"])
        right += [seen[vehicle["text"]] > 0 for vehicle in entry["vehicles"]]
    assert sum(right) > len(right) / 2


def texts_of_clip(engine: RapidOcr, path: Path) -> Counter[str]:
    """How often each text was read in every ninth frame."""
    seen: Counter[str] = Counter()
    clip = cv2.VideoCapture(str(path))
    number = 0
    while True:
        there, pixels = clip.read()
        if not there:
            break
        if number % 9 == 0:
            seen.update(read.text for read in engine.read(frame_of(np.asarray(pixels, np.uint8))))
        number += 1
    clip.release()
    return seen


def test_pictures_without_plates_give_few_reads(engine: RapidOcr, real_data: Path) -> None:
    found = 0
    for entry in entries(real_data, "negatives", 15):
        pixels = load_picture(real_data / "evaluate" / entry["file"])
        found += len(engine.read(frame_of(pixels)))
    assert found <= 4
