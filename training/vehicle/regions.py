"""Labeled regions as arrays, and what a camera may do to them: the pictures to learn from.

Regions are cut once, larger than the network sees them, so that a shifted, scaled or mirrored part
can be taken from them each time.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from platewire.model import Box, Pixels
from platewire.recognition.vehicle.classifier import COLORS, SIDE, TYPES, network_input
from platewire.recognition.vehicle.region import OUTSIDE, cut_region, region_around
from training.detector.photos import read_picture
from training.vehicle.photos import groups, is_held_back

OTHER_SHARE = 0.3
"""How often the color that a person would name as well is taught."""
WIDER = 1.3
"""The stored regions are so many times as wide as what the network sees."""
STORED = round(SIDE * WIDER)
TYPE_OF_LABEL = {"pickup": "car"}
"""From the front no one tells a pickup from an off-road car."""

Floats = npt.NDArray[np.float32]


class Example(NamedTuple):
    file: str
    group: str
    held_back: bool
    region: Pixels
    seen: npt.NDArray[np.uint8]
    """255 where the photo reaches, else 0."""
    color: int
    """Index into COLORS, or -1 where no one can say."""
    other: int
    """The color that a person would name as well, or -1."""
    type: int
    """Index into TYPES, or -1."""


def examples(photos: Path, labels: Path) -> list[Example]:
    rows = [json.loads(line) for line in labels.read_text().splitlines()]
    of = groups(photos, list(dict.fromkeys(row["file"] for row in rows)))
    return [example(photos, row, of[row["file"]]) for row in rows]


def example(photos: Path, row: dict[str, Any], group: str) -> Example:
    pixels = read_picture(photos / row["file"])
    region = wider(region_around(Box(*row["box"])))
    cut = cut_region(pixels, region, STORED)
    seen = cut_region(np.full_like(pixels, 255), region, STORED)[:, :, 0]
    kind = TYPE_OF_LABEL.get(row["type"], row["type"])
    return Example(
        row["file"],
        group,
        is_held_back(group),
        cut,
        np.where(seen == OUTSIDE, 0, seen).astype(np.uint8),
        COLORS.index(row["color"]) if row["color"] else -1,
        COLORS.index(row["or"]) if row.get("or") else -1,
        TYPES.index(kind) if kind else -1,
    )


def wider(region: Box) -> Box:
    """The region with a margin all around, its plate staying where it was."""
    more = region.width * (WIDER - 1) / 2
    return Box(region.x - more, region.y - more, region.width + 2 * more, region.height + 2 * more)


def plain(one: Example) -> Floats:
    """As the product sees it."""
    low = (STORED - SIDE) // 2
    part = slice(low, low + SIDE)
    return network_input(one.region[part, part], one.seen[part, part])


def varied(one: Example, chance: np.random.Generator) -> tuple[Floats, int]:
    """As another camera might have seen it, with its color, which may be another by then."""
    region, seen, color = one.region, one.seen, one.color
    if one.other >= 0 and chance.random() < OTHER_SHARE:
        color = one.other
    if chance.random() < 0.5:
        region, seen = region[:, ::-1], seen[:, ::-1]
    region, seen = moved(region, seen, chance)
    if chance.random() < 0.3:
        seen = narrowed(seen, chance)
    if chance.random() < 0.35 and color >= 0:
        region, color = repainted(region, color, chance)
    region = lit(region, chance)
    region = degraded(region, chance)
    region = np.where(seen[:, :, None] > 127, region, np.uint8(OUTSIDE))
    return network_input(region, seen), color


def moved(region: Pixels, seen: Pixels, chance: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Shifted, scaled and turned a little, as plate boxes are never exact."""
    scale = float(np.exp(chance.uniform(-0.2, 0.2)))
    matrix = cv2.getRotationMatrix2D((STORED / 2, STORED / 2), chance.uniform(-4, 4), scale)
    shift = SIDE / 2 - STORED / 2 + chance.uniform(-0.05, 0.05, 2) * SIDE
    matrix = matrix + np.array([[0, 0, shift[0]], [0, 0, shift[1]]])
    size = (SIDE, SIDE)
    cut = cv2.warpAffine(region, matrix, size, flags=cv2.INTER_AREA, borderValue=(OUTSIDE,) * 3)
    mask = cv2.warpAffine(np.ascontiguousarray(seen), matrix, size, flags=cv2.INTER_NEAREST)
    return np.asarray(cut, np.uint8), np.asarray(mask, np.uint8)


def narrowed(seen: Pixels, chance: np.random.Generator) -> Pixels:
    """As near the edge of the picture: a part lies outside."""
    seen = seen.copy()
    for _ in range(int(chance.integers(1, 4))):
        depth = int(chance.integers(4, SIDE // 3))
        edge = chance.integers(4)
        if edge == 0:
            seen[:depth] = 0
        elif edge == 1:
            seen[:, :depth] = 0
        elif edge == 2:
            seen[:, -depth:] = 0
        else:
            seen[-depth // 2 :] = 0
    return seen


HUES = {"red": 358, "orange": 24, "yellow": 50, "green": 130, "blue": 215}
"""Degrees of the middle of each paint, and what a turn of it is called by."""
SPANS = (
    ("red", -12, 8), ("orange", 18, 32), ("yellow", 46, 58), ("green", 90, 160), ("blue", 200, 240)
)  # fmt: skip


def repainted(region: Pixels, color: int, chance: np.random.Generator) -> tuple[Pixels, int]:
    """Another paint on the same vehicle: all hues turned. Grays stay what they are."""
    name = COLORS[color]
    if name not in ("red", "blue", "green", "yellow", "orange"):
        return region, color
    target, low, high = SPANS[chance.integers(len(SPANS))]
    turn = chance.uniform(low, high) - HUES[name]
    hsv = cv2.cvtColor(region, cv2.COLOR_BGR2HSV).astype(np.int32)
    hsv[:, :, 0] = (hsv[:, :, 0] + round(turn / 2)) % 180
    if target in ("orange", "yellow"):
        if name == "blue":
            hsv[:, :, 2] = np.clip(hsv[:, :, 2] * 1.5 + 20, 0, 255)
        dark = np.median(hsv[:, :, 2]) < 60
        if dark:
            return region, color
    bgr = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)
    return np.asarray(bgr, np.uint8), COLORS.index(target)


def lit(region: Pixels, chance: np.random.Generator) -> Pixels:
    """Another light and another white balance, both within what leaves a color its name: with
    more of it, silver and white would have to be called the same."""
    gain = np.exp(chance.normal(0, 0.08) + chance.normal(0, 0.03, 3))
    gamma = np.exp(chance.normal(0, 0.07))
    table = np.arange(256)[:, None] / 255.0
    curve = np.clip((table**gamma) * gain * 255 + chance.normal(0, 4), 0, 255)
    return np.stack([curve[:, c][region[:, :, c]] for c in range(3)], 2).astype(np.uint8)


def degraded(region: Pixels, chance: np.random.Generator) -> Pixels:
    """Blur, few pixels, JPEG."""
    if chance.random() < 0.4:
        few = int(chance.integers(SIDE // 4, SIDE))
        small = cv2.resize(region, (few, few), interpolation=cv2.INTER_AREA)
        region = np.asarray(cv2.resize(small, (SIDE, SIDE)), np.uint8)
    if chance.random() < 0.4:
        quality = int(chance.integers(25, 90))
        _, jpeg = cv2.imencode(".jpg", region, [cv2.IMWRITE_JPEG_QUALITY, quality])
        region = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)
    return region


def batch(
    chosen: Sequence[Example], chance: np.random.Generator
) -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    made = [varied(one, chance) for one in chosen]
    pictures = np.stack([picture for picture, _ in made])
    colors = np.array([color for _, color in made], np.int64)
    return pictures, colors, np.array([one.type for one in chosen], np.int64)
