"""The engine as it ships, on whole photos that the reader did not learn from.

    python -m training.whole --data FOLDER [--models FOLDER] [--show]

How many of the plates held back (`training.reader.real`) are read exactly, O and 0 taken as one,
how often the country is right where a person told it, and how many other texts are read at places
that hold no plate. For choosing the product's own rules and thresholds; the numbers
that are published come from photos that serve nothing else.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from platewire.model import Box, Frame, Read
from platewire.recognition import models
from platewire.recognition.engine import Engine
from platewire.recognition.pictures import load_picture
from platewire.recognition.plates import PlatesEngine
from training.detector.evaluate import iou
from training.detector.photos import seen_by_eye
from training.reader.evaluate import folded
from training.reader.real import BY_EYE, LABELS, corrections

AT = datetime(2026, 1, 1, tzinfo=UTC)
SAME_PLACE = 0.3
"""Overlap from which on a read is of a plate."""


class Photo(NamedTuple):
    file: str
    labels: Sequence[dict[str, Any]]
    """Plates with text that are held back."""
    plates: Sequence[Sequence[float]]
    """Boxes of all plates that anybody saw there: left, top, width, height."""


def photos(data: Path) -> Iterator[Photo]:
    labels: dict[str, list[dict[str, Any]]] = {}
    corrected = corrections()
    for path in (LABELS, BY_EYE):
        for label in map(json.loads, path.read_text().splitlines()):
            label["text"] = corrected.get((label["file"], label["text"]), label["text"])
            if label["held_back"] and label["text"] != "-":
                labels.setdefault(label["file"], []).append(label)
    boxes = boxes_of(data)
    for file, found in labels.items():
        yield Photo(file, found, boxes.get(file, []))


def boxes_of(data: Path) -> dict[str, list[Sequence[float]]]:
    found: dict[str, list[Sequence[float]]] = {}
    for source in ("openlpr", "romania", "kaggle_cars"):
        for entry in map(json.loads, (data / f"{source}.jsonl").read_text().splitlines()):
            found[entry["file"]] = [plate["box"] for plate in entry["plates"]]
    for file, seen in seen_by_eye().items():
        for one in seen:
            if one["plate"] is not False:
                corners = np.array(one["corners"]).reshape(4, 2)
                low, size = corners.min(axis=0), np.ptp(corners, axis=0)
                found.setdefault(file, []).append([*low, *size])
    return found


class Sums:
    def __init__(self) -> None:
        self.plates = self.right = self.known = self.home = self.false = self.photos = 0

    def add(self, photo: Photo, reads: Sequence[Read], show: bool) -> None:
        self.photos += 1
        for label in photo.labels:
            there = [read for read in reads if same_place(read.box, label["box"])]
            hits = [read for read in there if folded(read.text) == folded(label["text"])]
            self.plates += 1
            self.right += bool(hits)
            if hits and label["country"]:
                self.known += 1
                self.home += hits[0].country == label["country"]
            if show and (not hits or (label["country"] and hits[0].country != label["country"])):
                said = [(read.text, read.raw, read.country, read.confidence) for read in there]
                print(f"  {photo.file}: {label['text']} {label['country']} read as {said}")
        false = [
            read for read in reads if not any(same_place(read.box, box) for box in photo.plates)
        ]
        self.false += len(false)
        if show and false:
            print(f"  {photo.file}: no plate: {[(read.text, read.confidence) for read in false]}")

    def __str__(self) -> str:
        return (
            f"{self.right} of {self.plates} folded, country {self.home} of {self.known}, "
            f"{self.false} reads of no plate on {self.photos} photos"
        )


def same_place(box: Box, other: Sequence[float]) -> bool:
    left, top, wide, tall = other
    theirs = np.array([left, top, left + wide, top + tall])
    ours = np.array([box.x, box.y, box.x + box.width, box.y + box.height])
    return bool(iou(ours, theirs) >= SAME_PLACE)


def measured(engine: Engine, data: Path, show: bool = False) -> Sums:
    sums = Sums()
    for number, photo in enumerate(photos(data)):
        pixels = load_picture(data / photo.file)
        sums.add(photo, engine.read(Frame(photo.file, number, AT, pixels)), show)
    return sums


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, help="another folder of models")
    parser.add_argument("--show", action="store_true", help="print what was not right")
    parser.add_argument("--alone", action="store_true", help="without the second opinion")
    chosen = parser.parse_args()
    if chosen.models:
        models.OWN_FOLDER = chosen.models
    second = "never" if chosen.alone else "doubtful"
    print(
        measured(PlatesEngine(threads=1, second_opinion=second).build(), chosen.data, chosen.show)
    )


if __name__ == "__main__":
    main()
