"""Contact sheets for labeling: each vehicle with what surrounds it, its number below.

    python -m training.vehicle.sheets PHOTOS FOLDER
    python -m training.vehicle.sheets PHOTOS FOLDER --colors white silver gray black none

writes FOLDER/sheet_00.png ... and FOLDER/sheets.jsonl, which says what each number shows. The order
is shuffled, so that a label given before is no hint; marks stand at the corners of the plate whose
vehicle is meant. Of photos that are copies of each other only the first is shown. `--colors` takes
the vehicles that bear one of these labels, to look at them again.
"""

import argparse
import json
import math
import random
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from platewire.model import Box, Pixels
from training.detector.photos import read_picture
from training.vehicle.photos import LABELS, View, groups, views

WIDE, HIGH, CAPTION = 210, 172, 18
"""Pixels of a tile and of the line with its number; a sheet stays under 1.3 megapixels."""
COLUMNS, ROWS = 5, 6
AROUND = 14.0
"""Sides of what is shown, in square roots of the plate's area, its plate 69% down."""
ABOVE, BELOW = 0.62, 0.28
DRIVE_STEP = 4
"""Every so many views of a drive are shown; neighbors look alike."""
MARK = (255, 0, 255)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--colors", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    todo = labeled(chosen.colors) if chosen.colors else shown(chosen.photos)
    random.Random(chosen.seed).shuffle(todo)  # noqa: S311 - an order to look in
    write(chosen.photos, chosen.folder, todo)


def shown(folder: Path) -> list[View]:
    found = list(views(folder))
    of = groups(folder, list(dict.fromkeys(view.file for view in found)))
    photos = [view for view in found if "#t=" not in view.file and of[view.file] == view.file]
    drives = [view for view in found if "#t=" in view.file][::DRIVE_STEP]
    return [*photos, *drives]


def labeled(colors: Sequence[str]) -> list[View]:
    rows = [json.loads(line) for line in LABELS.read_text().splitlines()]
    chosen = [one for one in rows if (one["color"] or "none") in colors]
    return [View(one["file"], 0, Box(*one["box"])) for one in chosen]


def write(photos: Path, folder: Path, todo: Sequence[View]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "sheets.jsonl").open("w") as listing:
        for number, view in enumerate(todo):
            listing.write(json.dumps({"number": number, "file": view.file, "box": view.box}) + "\n")
    size = COLUMNS * ROWS
    for start in range(0, len(todo), size):
        part = enumerate(todo[start : start + size], start)
        tiles = [tile(read_picture(photos / view.file), view.box, number) for number, view in part]
        cv2.imwrite(str(folder / f"sheet_{start // size:02d}.png"), sheet(tiles))


def tile(pixels: Pixels, plate: Box, number: int) -> Pixels:
    """The surroundings as large as the tile allows, gray beside them."""
    part = surroundings(pixels, plate)
    x, y, width, height = (int(value) for value in part)
    scale = min(WIDE / width, HIGH / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(pixels[y : y + height, x : x + width], size, interpolation=way)
    made = np.full((HIGH + CAPTION, WIDE, 3), 128, np.uint8)
    left, top = (WIDE - size[0]) // 2, (HIGH - size[1]) // 2
    made[top : top + size[1], left : left + size[0]] = small
    mark(made, plate, scale, (left - x * scale, top - y * scale))
    at, white = (4, HIGH + 14), (255, 255, 255)
    cv2.putText(made, str(number), at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, white, 1, cv2.LINE_AA)
    return made


def surroundings(pixels: Pixels, plate: Box) -> Box:
    height, width = pixels.shape[:2]
    side = AROUND * math.sqrt(max(plate.area, 1.0))
    x, y = plate.center
    left, right = max(0, int(x - side / 2)), min(width, int(x + side / 2))
    top, bottom = max(0, int(y - side * ABOVE)), min(height, int(y + side * BELOW))
    return Box(left, top, max(1, right - left), max(1, bottom - top))


def mark(made: Pixels, plate: Box, scale: float, shift: tuple[float, float]) -> None:
    """A short line at each corner of the plate, just outside it."""
    top, bottom = plate.y * scale + shift[1] - 2, (plate.y + plate.height) * scale + shift[1] + 2
    left, right = plate.x * scale + shift[0] - 2, (plate.x + plate.width) * scale + shift[0] + 2
    for y in (round(top), round(bottom)):
        cv2.line(made, (round(left), y), (round(left) + 5, y), MARK, 1)
        cv2.line(made, (round(right) - 5, y), (round(right), y), MARK, 1)


def sheet(tiles: Sequence[Pixels]) -> Pixels:
    empty = np.zeros((HIGH + CAPTION, WIDE, 3), np.uint8)
    full = [*tiles, *[empty] * (COLUMNS * ROWS - len(tiles))]
    rows = [np.hstack(full[at : at + COLUMNS]) for at in range(0, len(full), COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)


if __name__ == "__main__":
    main()
