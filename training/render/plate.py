"""One clean, flat number plate of any country, with the place of each character.

A pixel is 1.25 mm. What is no character of the number, as the band, arms, stickers, bolts, names
and slogans, is drawn too but never part of the text.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from training.render.fonts import ABOVE, BELOW, CAP, Mask, glyph, installed
from training.render.layout import Color, Layout
from training.render.layouts import any_layout
from training.render.numbers import pick
from training.render.surface import (
    arms,
    band,
    blend,
    bolts,
    emblem,
    frame,
    ground,
    logo,
    seal,
    sticker,
)

SCALE = 0.8
"""Pixels per millimeter."""
Pixels = MatLike
"""Height x width x 3 of 8 bits, blue-green-red."""


class Plate(NamedTuple):
    pixels: Pixels
    """Height x width x 3, blue-green-red."""
    text: str
    """The number, with marks on letters, without spaces and dashes."""
    country: str
    """ISO 3166-1 alpha-2."""
    region: str | None
    """State of the US."""
    lines: int
    """1 or 2."""
    character_boxes: npt.NDArray[np.float32]
    """One row of left, top, width, height in pixels for each character of the text."""
    line_of: npt.NDArray[np.int64]
    """0 for characters of the first line, 1 for the second's."""


class Area(NamedTuple):
    left: float
    top: float
    width: float
    height: float


class Set(NamedTuple):
    """A line set in type: masks at their places, and the gaps to fill."""

    characters: list[tuple[str, Mask, int, int, int]]
    """Character, mask, left, top of the mask, top of the capital."""
    gaps: list[tuple[str, float, float]]
    """Which separator was written, its middle and its width."""
    cap: int


def draw(random: np.random.Generator, artwork: Sequence[Pixels] = ()) -> Plate:
    """`artwork` are pictures that may lie behind the number, of any size."""
    return drawn(any_layout(random), random, artwork)


def drawn(layout: Layout, random: np.random.Generator, artwork: Sequence[Pixels] = ()) -> Plate:
    width, height = round(layout.width * SCALE), round(layout.height * SCALE)
    canvas = ground(width, height, layout, random, artwork)
    taken = (
        band(canvas, layout, random) if not layout.logo else logo(canvas, layout, random, artwork)
    )
    area = text_area(layout, width, height, taken, random)
    face = pick(installed(layout.fonts), random)
    lines = lines_of(layout, random)
    as_drawn = alike(layout.country, random)
    sets = [
        set_line(line, place, layout.cap * SCALE, face, as_drawn, random)
        for line, place in zip(lines, areas_of(area, layout, lines), strict=True)
    ]
    fill_gaps(canvas, sets, layout, random)
    captions(canvas, layout, area, random)
    alpha = inked(sets, width, height, random)
    canvas = blend(canvas, alpha, layout.ink, random)
    if random.random() < 0.55:
        bolts(canvas, random)
    for _ in range(2 if layout.stickers else 1):
        if random.random() < (0.5 if layout.stickers else 0.12):
            sticker(canvas, sets_boxes(sets), random)
    if random.random() < 0.35:
        canvas, left, top = frame(canvas, random)
    else:
        left = top = 0
    boxes = sets_boxes(sets)
    boxes[:, 0] += left
    boxes[:, 1] += top
    return Plate(
        pixels=canvas,
        text="".join(char for one in sets for char, *_ in one.characters),
        country=layout.country,
        region=layout.region,
        lines=len(sets),
        character_boxes=boxes,
        line_of=np.array([n for n, one in enumerate(sets) for _ in one.characters], np.int64),
    )


def alike(country: str, random: np.random.Generator) -> dict[str, str]:
    """Characters that have the same shape on this plate, so that only their place tells which."""
    found: dict[str, str] = {}
    if random.random() < (0.5 if country in ("GB", "IN", "US", "NL", "AU") else 0.2):
        found |= {"0": "O"} if random.random() < 0.7 else {"O": "0"}
    if country != "BR" and random.random() < (0.5 if country in ("GB", "IN", "PK", "AU") else 0.08):
        found["1"] = "I"
    return found


def text_area(
    layout: Layout, width: int, height: int, taken: tuple[int, int], random: np.random.Generator
) -> Area:
    """Where the number stands: between the bands, under and above the captions."""
    left, right = taken
    top = bottom = 0.06 * height
    if layout.stripe:
        top = height * 0.25
    elif layout.top:
        top = height * random.uniform(0.20, 0.28)
    if layout.bottom:
        bottom = height * random.uniform(0.14, 0.2)
    side = width * random.uniform(0.015, 0.05 if left else 0.09)
    return Area(left + side, top, width - left - right - 2 * side, height - top - bottom)


def lines_of(layout: Layout, random: np.random.Generator) -> list[str]:
    """The display in one line, or broken in two at the separator nearest to the middle."""
    shown = layout.number.display
    breaks = [at for at, char in enumerate(shown) if char in " -." and 0 < at < len(shown) - 1]
    if not layout.split or not breaks:
        return [shown]
    at = breaks[0] if random.random() < 0.5 else min(breaks, key=lambda k: abs(k - len(shown) / 2))
    return [shown[:at], shown[at + 1 :]]


def areas_of(area: Area, layout: Layout, lines: list[str]) -> list[Area]:
    if len(lines) == 1:
        return [area]
    half = area.height / 2
    return [Area(area.left, area.top + n * half, area.width, half) for n in range(2)]


def set_line(
    shown: str,
    area: Area,
    cap: float,
    face: str,
    as_drawn: dict[str, str],
    random: np.random.Generator,
) -> Set:
    """Characters side by side, stretched to fill most of the area, centered or at the left."""
    cap = min(cap, area.height * 0.94)
    scale = cap / CAP
    masks = {
        char: glyph(face, as_drawn.get(char, char)) for char in set(shown) if char not in " -."
    }
    space = cap * random.uniform(0.06, 0.2)
    gap = cap * random.uniform(0.22, 0.6)
    natural = (
        sum(masks[char].shape[1] * scale + space if char in masks else gap for char in shown)
        - space
    )
    wanted = area.width * random.uniform(0.82, 0.98) / natural
    stretch = float(np.clip(wanted, 0.35, random.uniform(0.8, 1.3)))
    left_over = max(area.width - natural * stretch, 0)
    wider = 1.0
    if left_over > 0 and random.random() < 0.45:
        inside = len(shown) - 1
        more = left_over * random.uniform(0.3, 0.9) / max(inside, 1)
        space += min(more / stretch, cap * 0.35)
        wider = 1 + min(more / stretch, cap * 0.35) / gap
    total = (
        sum(
            masks[char].shape[1] * scale + space if char in masks else gap * wider for char in shown
        )
        - space
    )
    total *= stretch
    slack = max(area.width - total, 0)
    x = area.left + slack * (0.5 if random.random() < 0.75 else random.uniform(0, 1))
    top = area.top + (area.height - cap) * random.uniform(0.35, 0.65)
    characters, gaps = [], []
    for char in shown:
        if char not in masks:
            gaps.append((char, x + (gap * wider - space) * stretch / 2, gap * wider * stretch))
            x += gap * wider * stretch
            continue
        mask = masks[char]
        size = (max(round(mask.shape[1] * scale * stretch), 2), round(mask.shape[0] * scale))
        small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
        characters.append((char, small, round(x), round(top - ABOVE * scale), round(top)))
        x += (mask.shape[1] * scale + space) * stretch
    return Set(characters, gaps, round(cap))


def inked(sets: list[Set], width: int, height: int, random: np.random.Generator) -> Mask:
    """All characters in one mask, made a little bolder or thinner."""
    alpha: Mask = np.zeros((height, width), np.uint8)
    for one in sets:
        for _, mask, left, top, _ in one.characters:
            put(alpha, mask, left, top)
    kind = random.random()
    if kind < 0.45:
        around = np.ones((int(random.integers(1, 4)), int(random.integers(1, 4))), np.uint8)
        alpha = cv2.dilate(alpha, around)
    elif kind < 0.6:
        alpha = cv2.erode(alpha, np.ones((2, 2), np.uint8))
    return alpha


def put(alpha: Mask, mask: Mask, left: int, top: int) -> None:
    """The brighter of both at each pixel; what lies outside is cut off."""
    height, width = alpha.shape
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + mask.shape[1], width), min(top + mask.shape[0], height)
    if x1 > x0 and y1 > y0:
        part = mask[y0 - top : y1 - top, x0 - left : x1 - left]
        target = alpha[y0:y1, x0:x1]
        np.maximum(target, part, out=target)


def fill_gaps(canvas: Pixels, sets: list[Set], layout: Layout, random: np.random.Generator) -> None:
    """Dashes, dots, seals or arms where the display has a separator."""
    kind = pick(layout.between, random)
    if kind == "arms" and random.random() < 0.3:
        kind = "emblem"
    for one in sets:
        top = one.characters[0][4] if one.characters else 0
        for index, (_, middle, width) in enumerate(one.gaps):
            if kind in ("arms", "emblem", "seal", "seals") and index > 0 and random.random() < 0.7:
                continue
            center = (middle, top + one.cap / 2)
            mark(canvas, kind, center, width, one.cap, layout.ink, random)


def mark(
    canvas: Pixels,
    kind: str,
    center: tuple[float, float],
    width: float,
    cap: int,
    ink: Color,
    random: np.random.Generator,
) -> None:
    x, y = center
    if kind == "dash":
        half, thick = width * 0.28, max(cap * random.uniform(0.05, 0.09), 1)
        corner = (round(x - half), round(y - thick))
        cv2.rectangle(canvas, corner, (round(x + half), round(y + thick)), ink, -1)
    elif kind == "dot":
        radius = max(round(min(width * 0.25, cap * 0.08)), 2)
        cv2.circle(canvas, (round(x), round(y)), radius, ink, -1, cv2.LINE_AA)
    elif kind in ("seal", "seals"):
        wide = min(width * random.uniform(0.4, 0.6), cap * 0.25)
        places = (-0.27, 0.27) if kind == "seals" else (random.uniform(-0.3, 0.3),)
        for place in places:
            seal(canvas, x, y + place * cap, wide, random)
    elif kind == "arms":
        arms(canvas, x, y, min(width * 0.55, cap * 0.35), random)
    elif kind == "emblem":
        color = ink if random.random() < 0.7 else tuple(random.integers(0, 200, 3).tolist())
        emblem(canvas, x, y, min(width * 0.55, cap * random.uniform(0.25, 0.5)), color, random)


def captions(canvas: Pixels, layout: Layout, area: Area, random: np.random.Generator) -> None:
    """Names and slogans above and below the number."""
    height, width = canvas.shape[:2]
    face = pick(installed("small"), random)
    color = layout.ink if random.random() < 0.7 else tuple(random.integers(10, 150, 3).tolist())
    if layout.stripe:
        caption(canvas, layout.top, width / 2, height * 0.11, height * 0.09, (240, 240, 240), face)
        return
    if layout.top:
        tall = area.top * random.uniform(0.5, 0.72)
        caption(canvas, layout.top, width / 2, area.top * 0.52, tall, color, face)
    if layout.bottom:
        below = height - area.top - area.height
        tall = below * random.uniform(0.4, 0.62)
        middle = height - below * 0.52
        caption(canvas, layout.bottom, width / 2, middle, tall, color, face)


def caption(
    canvas: Pixels, text: str, x: float, y: float, tall: float, color: Color, face: str
) -> None:
    mask = glyph(face, text)
    scale = tall / CAP
    room = canvas.shape[1] * 0.86
    size = (
        max(round(min(mask.shape[1] * scale, room)), 2),
        max(round(mask.shape[0] * scale), 2),
    )
    small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    alpha = np.zeros(canvas.shape[:2], np.uint8)
    middle = (ABOVE + CAP / 2) / (ABOVE + CAP + BELOW)
    put(alpha, small, round(x - size[0] / 2), round(y - size[1] * middle))
    top = max(round(y - size[1]), 0)
    rows = slice(top, min(round(y + size[1]) + 1, canvas.shape[0]))
    weight = alpha[rows, :, None].astype(np.float32) / 255
    part = canvas[rows].astype(np.float32)
    canvas[rows] = (part + (np.array(color, np.float32) - part) * weight).astype(np.uint8)


def sets_boxes(sets: list[Set]) -> npt.NDArray[np.float32]:
    rows = [
        (left, top, mask.shape[1], one.cap)
        for one in sets
        for _, mask, left, _, top in one.characters
    ]
    return np.array(rows, np.float32).reshape(-1, 4)
