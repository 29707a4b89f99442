"""The engine as it ships, on whole photos that the reader was not trained on.

    python -m training.evaluate_engine --data FOLDER [--models FOLDER] [--show]

Reports how many of the held-back plates (`training.reader.real`) are read exactly, O and 0 taken as
one, how often the country is right where a person named it, and how many texts are read where there
is no plate. For choosing the product's rules and thresholds; the published figures come from photos
that serve nothing else.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from platewire.model import Box, Frame, Read
from platewire.recognition.engine import Engine
from platewire.recognition.engines.plates import PlatesSettings
from platewire.recognition.networks import models
from platewire.recognition.pictures import load_picture
from training.detector.evaluate import iou
from training.detector.photos import seen_by_eye
from training.photo_index import SOURCES, entries
from training.reader.evaluate import folded
from training.reader.real import BY_EYE, LABELS, corrections

AT = datetime(2026, 1, 1, tzinfo=UTC)
IOU_MIN = 0.3
"""Overlap from which on a read belongs to a plate."""


class Photo(NamedTuple):
    file: str
    labels: Sequence[dict[str, Any]]
    """Held-back plates with text."""
    plates: Sequence[Sequence[float]]
    """Boxes of all plates known there: left, top, width, height."""


def photos(data: Path) -> Iterator[Photo]:
    labels: dict[str, list[dict[str, Any]]] = {}
    corrected = corrections()
    for path in (LABELS, BY_EYE):
        for label in map(json.loads, path.read_text("utf-8").splitlines()):
            label["text"] = corrected.get((label["file"], label["text"]), label["text"])
            if label["held_back"] and label["text"] != "-":
                labels.setdefault(label["file"], []).append(label)
    boxes = boxes_of(data)
    for file, found in labels.items():
        yield Photo(file, found, boxes.get(file, []))


def boxes_of(data: Path) -> dict[str, list[Sequence[float]]]:
    found: dict[str, list[Sequence[float]]] = {}
    for source in SOURCES:
        for entry in entries(data, source):
            found[entry["file"]] = [plate["box"] for plate in entry["plates"]]
    for file, seen in seen_by_eye().items():
        for one in seen:
            if one["plate"] is not False:
                corners = np.array(one["corners"]).reshape(4, 2)
                low, size = corners.min(axis=0), np.ptp(corners, axis=0)
                found.setdefault(file, []).append([*low, *size])
    return found


class Counts:
    def __init__(self) -> None:
        self.plates = self.exact = self.with_country = self.right_country = 0
        self.false_reads = self.photos = 0

    def add(self, photo: Photo, reads: Sequence[Read], show: bool) -> None:
        self.photos += 1
        for label in photo.labels:
            there = [read for read in reads if overlaps(read.box, label["box"])]
            self._count(photo, label, there, show)
        false = [read for read in reads if not any(overlaps(read.box, box) for box in photo.plates)]
        self.false_reads += len(false)
        if show and false:
            print(f"  {photo.file}: no plate: {[(read.text, read.confidence) for read in false]}")

    def _count(
        self, photo: Photo, label: dict[str, Any], there: Sequence[Read], show: bool
    ) -> None:
        hits = [read for read in there if folded(read.text) == folded(label["text"])]
        wrong_country = bool(hits and label["country"] and hits[0].country != label["country"])
        self.plates += 1
        self.exact += bool(hits)
        if hits and label["country"]:
            self.with_country += 1
            self.right_country += not wrong_country
        if show and (not hits or wrong_country):
            got = [(read.text, read.raw, read.country, read.confidence) for read in there]
            print(f"  {photo.file}: {label['text']} {label['country']} read as {got}")

    def __str__(self) -> str:
        return (
            f"{self.exact} of {self.plates} plates exact (O = 0), country right for "
            f"{self.right_country} of {self.with_country}, "
            f"{self.false_reads} false reads on {self.photos} photos"
        )


def overlaps(box: Box, other: Sequence[float]) -> bool:
    left, top, wide, tall = other
    theirs = np.array([left, top, left + wide, top + tall])
    ours = np.array([box.x, box.y, box.x + box.width, box.y + box.height])
    return bool(iou(ours, theirs) >= IOU_MIN)


def evaluate(engine: Engine, data: Path, show: bool = False) -> Counts:
    counts = Counts()
    for number, photo in enumerate(photos(data)):
        pixels = load_picture(data / photo.file)
        counts.add(photo, engine.read(Frame(photo.file, number, AT, pixels)), show)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, help="another folder of models")
    parser.add_argument("--show", action="store_true", help="print what was not right")
    parser.add_argument("--alone", action="store_true", help="without the second opinion")
    arguments = parser.parse_args()
    if arguments.models:
        models.OWN_FOLDER = arguments.models
    settings = (
        PlatesSettings(threads=1, second_opinion="never")
        if arguments.alone
        else PlatesSettings(threads=1, second_opinion="doubtful")
    )
    print(evaluate(settings.build(), arguments.data, arguments.show))


if __name__ == "__main__":
    main()
