"""The photos a detector may learn from, with their plates as four corners.

The sources give upright boxes; a tilted plate fills only part of its box. The tilt is taken from
the longest line of text that PP-OCR finds in the box, and the corners are those of the rectangle of
that tilt whose upright bounds are the box.

    python -m training.detector.photos FOLDER > corners.jsonl
"""

import json
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from training.photo_index import SOURCES, entries

"""Folders of the data's `train` part: Apache-2.0, MIT, CC0."""
CORNERS = Path(__file__).with_name("corners.jsonl")
BY_EYE = Path(__file__).with_name("by_eye.jsonl")
HELD_BACK = 10
"""One photo in so many is for validation."""
TILT_MAX = 40.0
"""Degrees; a larger tilt is an error of the text detector."""
FRAMES_TOGETHER = 100
"""Frames of a video that are held back or trained on together, as neighbors look alike."""

Pixels = npt.NDArray[np.uint8]
Corners = npt.NDArray[np.float32]
"""Plates x 4 x 2: upper left, upper right, lower right, lower left, in pixels."""


NOTHING = np.zeros((0, 4, 2), np.float32)


class Photo(NamedTuple):
    path: Path
    corners: Corners
    doubtful: Corners = NOTHING
    """A person could not decide whether these are plates."""
    others: Corners = NOTHING
    """False positives of an earlier detector."""


def read_picture(path: Path) -> Pixels:
    """Height x width x 3 of 8 bits, blue-green-red. FileNotFoundError if there is no picture."""
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise FileNotFoundError(f"{path} is missing or no picture")
    return np.asarray(pixels, np.uint8)


def photos(folder: Path, corners: Path, *, held_back: bool) -> list[Photo]:
    """Those for training, or those held back; photos without any box are left out, as some of them
    show a plate all the same."""
    seen = seen_by_eye()
    return [
        photo_of(folder, one, seen.get(one["file"], ()))
        for one in map(json.loads, corners.read_text(encoding="utf-8").splitlines())
        if one["corners"] and is_held_back(one["file"]) == held_back
    ]


def seen_by_eye() -> dict[str, list[dict[str, Any]]]:
    """What an earlier detector found beside the sources' own boxes, judged by a person."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in BY_EYE.read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        found.setdefault(one["file"], []).append(one)
    return found


def photo_of(folder: Path, one: dict[str, Any], seen: Sequence[dict[str, Any]]) -> Photo:
    def judged(plate: bool | None) -> Corners:
        return quads(each["corners"] for each in seen if each["plate"] is plate)

    corners = np.concatenate([quads(one["corners"]), judged(True)])
    return Photo(folder / one["file"], corners, judged(None), judged(False))


def quads(rows: Iterable[Sequence[float]]) -> Corners:
    return np.array(list(rows), np.float32).reshape(-1, 4, 2)


def is_held_back(file: str) -> bool:
    video, _, frame = file.removesuffix(".jpg").partition("#t=")
    scene = f"{video}{int(frame) // FRAMES_TOGETHER}" if frame else file
    return zlib.crc32(scene.encode()) % HELD_BACK == 0


def corners_of(box: Sequence[float], tilt: float) -> Corners:
    """The rectangle of that tilt in degrees, clockwise, whose upright bounds are the box."""
    x, y, width, height = box
    angle = np.radians(tilt)
    cos, sin = np.cos(angle), abs(np.sin(angle))
    long = (width * cos - height * sin) / (cos * cos - sin * sin)
    short = (height * cos - width * sin) / (cos * cos - sin * sin)
    if abs(tilt) < 1 or long < 1.2 * short or short < height / 4:
        long, short, angle = width, height, 0.0
    half = np.array([[-long, -short], [long, -short], [long, short], [-long, short]]) / 2
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray(half @ turn + (x + width / 2, y + height / 2), np.float32)


def tilt_of(quads: Sequence[Corners]) -> float:
    """Degrees, clockwise, of the longest line; 0 where there is none."""
    if not quads:
        return 0.0
    edges = [(quad[1] + quad[2] - quad[0] - quad[3]) / 2 for quad in quads]
    longest = max(edges, key=lambda edge: float(np.hypot(*edge)))
    tilt = float(np.degrees(np.arctan2(longest[1], longest[0])))
    return tilt if abs(tilt) <= TILT_MAX else 0.0


def described(folder: Path) -> Iterator[dict[str, object]]:
    """Each photo with its plates' corners."""
    from platewire.recognition.networks.text_detector import TextDetector

    detector = TextDetector(side=320, threads=1, min_score=0.4)
    for source in SOURCES:
        for photo in entries(folder, source):
            picture = read_picture(folder / photo["file"])
            boxes = [plate["box"] for plate in photo["plates"]]
            tilts = [
                tilt_of([one.quad for one in detector.find(cut(picture, box))]) for box in boxes
            ]
            corners = [corners_of(box, tilt) for box, tilt in zip(boxes, tilts, strict=True)]
            yield {
                "file": photo["file"],
                "corners": [[round(float(v), 1) for v in one.reshape(-1)] for one in corners],
            }


def cut(picture: Pixels, box: Sequence[float]) -> Pixels:
    """The box with a little around it, at least 16 pixels each way."""
    x, y, width, height = box
    margin = height / 5
    left, top = max(0, int(x - margin)), max(0, int(y - margin))
    return picture[
        top : int(max(y + height + margin, top + 16)),
        left : int(max(x + width + margin, left + 16)),
    ]


if __name__ == "__main__":
    for one in described(Path(sys.argv[1])):
        print(json.dumps(one))
