"""Contact sheets for labelling: thumbnails of the vehicles around the plates, with their numbers.

    python -m training.vehicle.sheets PHOTOS FOLDER

writes FOLDER/sheet_000.png ... and FOLDER/sheets.jsonl, which says what each number shows. Of
photos that are copies of each other only the first is shown.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from platewire.model import Box, Pixels
from platewire.recognition.region import cut_region, region_around
from training.vehicle.photos import View, groups, picture, views

SIDE = 158
"""Pixels of a thumbnail."""
COLUMNS, ROWS = 8, 6
DRIVE_STEP = 4
"""Every so many views of a drive are shown; neighbours look alike."""


def shown(folder: Path) -> list[View]:
    found = list(views(folder))
    of = groups(folder, list(dict.fromkeys(view.file for view in found)))
    photos = [view for view in found if "#t=" not in view.file and of[view.file] == view.file]
    drives = [view for view in found if "#t=" in view.file][::DRIVE_STEP]
    return [*reversed(photos), *drives]


def thumbnail(folder: Path, view: View, number: int) -> Pixels:
    tile = seen_part(picture(folder, view.file), region_around(view.box))
    text = str(number)
    cv2.putText(tile, text, (3, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(tile, text, (3, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 255, 255), 1, cv2.LINE_AA)
    return tile


def seen_part(pixels: Pixels, region: Box) -> Pixels:
    """What the picture shows of the region, as large as the thumbnail allows."""
    height, width = pixels.shape[:2]
    left, top = max(region.x, 0), max(region.y, 0)
    right, bottom = min(region.x + region.width, width), min(region.y + region.height, height)
    side = max(right - left, bottom - top)
    return cut_region(pixels, Box(left, top, side, side), SIDE)


def sheet(tiles: Sequence[Pixels]) -> Pixels:
    empty = np.zeros((SIDE, SIDE, 3), np.uint8)
    full = [*tiles, *[empty] * (COLUMNS * ROWS - len(tiles))]
    rows = [np.hstack(full[at : at + COLUMNS]) for at in range(0, len(full), COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)


def main(photos: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    todo = shown(photos)
    with (folder / "sheets.jsonl").open("w") as listing:
        for number, view in enumerate(todo):
            listing.write(json.dumps({"number": number, "file": view.file, "box": view.box}) + "\n")
    size = COLUMNS * ROWS
    for start in range(0, len(todo), size):
        tiles = [
            thumbnail(photos, view, start + at)
            for at, view in enumerate(todo[start : start + size])
        ]
        target = folder / f"sheet_{start // size:03d}.png"
        cv2.imwrite(str(target), sheet(tiles))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
