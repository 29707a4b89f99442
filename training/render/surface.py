"""What a plate is made of beside its number: sheet, band, arms, seals, bolts, stickers, frame."""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from training.render.fonts import CAP, Mask, glyph, installed
from training.render.layout import Color, Layout
from training.render.numbers import pick

Pixels = MatLike
"""Height x width x 3 of 8 bits, blue-green-red."""
EU_BLUE = (150, 55, 10)
DEALERS = (
    *("AUTO MEIER", "www.autohaus.de", "FORD", "TOYOTA", "HONDA OF SMITHTOWN", "BMW", "RENAULT"),
    *("CITROEN", "autocentrum.pl", "Skoda Auto", "VALLEY CHEVROLET", "DODGE", "JEEP", "MAZDA"),
    *("CONCESSIONARIA FIAT", "NISSAN", "PEUGEOT", "HYUNDAI", "KIA MOTORS", "AUDI ZENTRUM"),
    *("LEXUS", "Volkswagen", "MERCEDES-BENZ", "my other car", "ALUMNI", "UNIVERSITY OF"),
)


@cache
def texture(kind: int) -> npt.NDArray[np.float32]:
    """One of some smooth random fields, -1 to 1, 96 x 160."""
    random = np.random.default_rng(kind)
    field = np.zeros((96, 160), np.float32)
    for cells in (3, 6, 12, 24):
        rough = random.normal(size=(cells, cells * 2)).astype(np.float32) / cells
        field += cv2.resize(rough, (160, 96), interpolation=cv2.INTER_CUBIC) * 3
    return np.clip(field, -1, 1)


def field(width: int, height: int, random: np.random.Generator) -> npt.NDArray[np.float32]:
    found = texture(int(random.integers(0, 40)))
    turned = found[:: pick((1, -1), random), :: pick((1, -1), random)]
    wide = cv2.resize(turned, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide, np.float32)


def ground(
    width: int,
    height: int,
    layout: Layout,
    random: np.random.Generator,
    artwork: Sequence[Pixels] = (),
) -> Pixels:
    color = np.array(layout.ground, np.float32) + random.normal(0, 7, 3).astype(np.float32)
    if not layout.art:
        canvas = np.empty((height, width, 3), np.float32)
        canvas[:] = np.clip(color, 0, 255)
    else:
        canvas = painted(width, height, color, random)
        if artwork and random.random() < 0.4:
            canvas = over_picture(canvas, pick(artwork, random), random)
    sheet = np.clip(canvas, 0, 255).astype(np.uint8)
    if layout.stripe:
        cv2.rectangle(sheet, (0, 0), (width, round(height * 0.22)), EU_BLUE, -1)
    if random.random() < 0.65:
        edge = max(round(height * random.uniform(0.015, 0.04)), 1)
        inset = int(random.integers(0, 4))
        corners = (inset, inset), (width - 1 - inset, height - 1 - inset)
        cv2.rectangle(sheet, *corners, layout.ink, edge)
    return sheet


def painted(
    width: int, height: int, color: npt.NDArray[np.float32], random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Gradients from top to bottom and pictures in pale colors, as on American plates."""
    other = np.clip(color + random.normal(0, 55, 3).astype(np.float32), 20, 255)
    way = random.random()
    if way < 0.6:
        share = np.linspace(-1, 1, height)[:, None, None]
        share = (
            np.abs(share) ** random.uniform(0.7, 3) if random.random() < 0.5 else (share + 1) / 2
        )
        canvas = np.repeat(color + (other - color) * share, width, axis=1).astype(np.float32)
    else:
        canvas = np.empty((height, width, 3), np.float32)
        canvas[:] = color
    if random.random() < 0.6:
        shade = field(width, height, random)[..., None]
        if random.random() < 0.5:
            shade = (shade > random.uniform(-0.2, 0.4)).astype(np.float32)
        tint = random.normal(0, 32, 3).astype(np.float32)
        canvas = canvas + shade * tint
    if random.random() < 0.5:
        sheet = np.clip(canvas, 0, 255).astype(np.uint8)
        picture(sheet, random)
        canvas = sheet.astype(np.float32)
    return canvas


def over_picture(
    canvas: npt.NDArray[np.float32], seen: Pixels, random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """A photo printed pale under the colors: landscapes, animals, buildings."""
    height, width = canvas.shape[:2]
    photo = cv2.resize(seen[:: pick((1, -1), random)], (width, height)).astype(np.float32)
    if random.random() < 0.5:
        photo = np.repeat(photo.mean(axis=2, keepdims=True), 3, axis=2)
    fading = np.ones((height, 1, 1))
    if random.random() < 0.5:
        edge = np.linspace(-0.5, 1, height)[:, None, None]
        fading = np.clip(edge if random.random() < 0.7 else edge[::-1], 0.1, 1)
    weight = fading * random.uniform(0.12, 0.5)
    pale = photo * random.uniform(0.4, 0.9) + canvas.mean() * 0.3
    return np.asarray(canvas + (pale - canvas) * weight, np.float32)


def logo(
    canvas: Pixels, layout: Layout, random: np.random.Generator, artwork: Sequence[Pixels]
) -> tuple[int, int]:
    """A club's or a cause's picture beside the number; pixels taken at the left and the right."""
    height, width = canvas.shape[:2]
    size = round(height * random.uniform(0.35, 0.6))
    margin = round(width * random.uniform(0.01, 0.04))
    left = margin if layout.logo == "left" else width - margin - size
    top = round(height * random.uniform(0.25, 0.35))
    place = canvas[top : top + size, left : left + size]
    blue, green, red = (int(value) for value in random.integers(0, 230, 3))
    ink = (blue, green, red)
    kind = random.random()
    if artwork and kind < 0.4:
        place[:] = cv2.resize(pick(artwork, random), place.shape[1::-1])
    elif kind < 0.6:
        cv2.circle(place, (size // 2, size // 2), size // 2 - 1, ink, -1, cv2.LINE_AA)
        draw_text(place, pick(("M", "A", "US", "VT", "UF", "G", "TN"), random), size / 2, size / 2,
                size * 0.7, pick(installed("small"), random))  # fmt: skip
    elif kind < 0.8:
        emblem(place, size / 2, size / 2, size * 0.5, ink, random)
    else:
        arms(place, size / 2, size / 2, size * 0.45, random)
    taken = size + 2 * margin
    return (taken, 0) if layout.logo == "left" else (0, taken)


def picture(sheet: Pixels, random: np.random.Generator) -> None:
    """A shape in the middle or somewhere: sun, fruit, hills, a state's outline."""
    height, width = sheet.shape[:2]
    color = tuple(int(value) for value in random.integers(60, 250, 3))
    x = int(width * (0.5 if random.random() < 0.6 else random.random()))
    y = int(height * random.uniform(0.3, 0.7))
    size = height * random.uniform(0.12, 0.4)
    kind = random.random()
    if kind < 0.4:
        cv2.circle(sheet, (x, y), int(size), color, -1, cv2.LINE_AA)
    elif kind < 0.7:
        hills = np.cumsum(random.normal(0, height * 0.07, 14)) + height * random.uniform(0.4, 0.9)
        points = [(int(n * width / 13), int(hill)) for n, hill in enumerate(hills)]
        outline = np.array([(0, height), *points, (width, height)], np.int32)
        cv2.fillPoly(sheet, [outline], color, cv2.LINE_AA)
    else:
        cv2.fillPoly(sheet, [star_shape(x, y, size, random)], color, cv2.LINE_AA)


def star_shape(
    x: float, y: float, size: float, random: np.random.Generator
) -> npt.NDArray[np.int32]:
    angles = np.sort(random.random(int(random.integers(5, 12)))) * 2 * np.pi
    radii = size * random.uniform(0.5, 1.1, len(angles))
    points = np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], axis=1)
    return np.round(points).astype(np.int32)


def band(canvas: Pixels, layout: Layout, random: np.random.Generator) -> tuple[int, int]:
    """Draws the bands; pixels taken at the left and at the right."""
    if not layout.band:
        return 0, 0
    kind, _, both = layout.band.partition(" ")
    height, width = canvas.shape[:2]
    wide = round(min(height * random.uniform(0.36, 0.46), width * 0.12))
    if layout.split:
        wide = round(width * random.uniform(0.12, 0.16))
    tall = height if not layout.split or random.random() < 0.6 else height // 2
    one_band(canvas[:tall, :wide], kind, layout.sign, random)
    if both and random.random() < 0.9:
        one_band(canvas[:, width - wide :], "blue", "", random)
        if random.random() < 0.6:
            yellow_ring(canvas, width - wide / 2, height * 0.27, wide * 0.28)
        if random.random() < 0.6:
            code = pick(("75", "06", "2A", "92", "MI", "RM", "TO", "33"), random)
            face = pick(installed("din"), random)
            draw_text(canvas[:, width - wide :], code, wide / 2, height * 0.75, wide * 0.7, face)
        return wide, wide
    return wide, 0


def one_band(area: Pixels, kind: str, sign: str, random: np.random.Generator) -> None:
    height, wide = area.shape[:2]
    blue = np.array(EU_BLUE) + random.integers(-20, 40, 3)
    area[:] = np.clip(blue, 0, 255)
    middle = wide / 2
    if kind == "eu":
        stars(area, middle, height * 0.33, wide * 0.33)
    elif kind == "flag":
        flag(area, random)
    if sign:
        face = pick(installed("din"), random)
        draw_text(area, sign, middle, height * (0.75 if kind != "blue" else 0.7), wide * 0.8, face)


def stars(area: Pixels, x: float, y: float, radius: float) -> None:
    for step in range(12):
        angle = step * np.pi / 6
        at = (round(x + radius * np.cos(angle)), round(y + radius * np.sin(angle)))
        cv2.circle(area, at, 1, (60, 220, 250), -1)


def yellow_ring(canvas: Pixels, x: float, y: float, radius: float) -> None:
    cv2.circle(canvas, (round(x), round(y)), max(round(radius), 2), (60, 220, 240), 1, cv2.LINE_AA)


def flag(area: Pixels, random: np.random.Generator) -> None:
    height, wide = area.shape[:2]
    top, tall = round(height * 0.15), round(height * 0.3)
    rows = np.array_split(np.arange(top, top + tall), int(random.integers(2, 4)))
    for part in rows:
        if len(part):
            color = tuple(int(value) for value in random.integers(0, 255, 3))
            cv2.rectangle(area, (2, int(part[0])), (wide - 3, int(part[-1])), color, -1)


def draw_text(area: Pixels, text: str, x: float, y: float, wide: float, face: str) -> None:
    """White letters of the country's sign, as wide as the band allows."""
    mask = glyph(face, text)
    height = area.shape[0]
    scale = min(wide / mask.shape[1], height * 0.26 / CAP)
    size = max(round(mask.shape[1] * scale), 2), max(round(mask.shape[0] * scale), 2)
    small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    left, top = round(x - size[0] / 2), round(y - size[1] / 2)
    left, top = max(left, 0), max(min(top, height - size[1]), 0)
    part = area[top : top + size[1], left : left + size[0]]
    weight = small[: part.shape[0], : part.shape[1], None] / 255.0
    part[:] = (part + (245 - part) * weight).astype(np.uint8)


def blend(canvas: Pixels, alpha: Mask, ink: Color, random: np.random.Generator) -> Pixels:
    """The number in its ink, with an embossing's light and shadow around it."""
    sheet = canvas.astype(np.float32)
    weight = alpha.astype(np.float32) * (1 / 255)
    color = np.array(ink, np.float32) + random.normal(0, 8, 3).astype(np.float32)
    worn = random.random() < 0.15
    if worn:
        height, width = alpha.shape
        weight = weight * np.clip(1.05 - 0.7 * np.abs(field(width, height, random)), 0.15, 1)
    sheet += (color - sheet) * weight[..., None]
    if random.random() < 0.55:
        dx, dy = (int(value) for value in random.integers(-2, 3, 2))
        moved = np.roll(weight, (dy, dx), axis=(0, 1))
        relief = (weight - moved) * random.uniform(15, 85)
        sheet += relief[..., None]
    return np.clip(sheet, 0, 255, out=sheet).astype(np.uint8)


def seal(canvas: Pixels, x: float, y: float, radius: float, random: np.random.Generator) -> None:
    """A round sticker of an office or inspection."""
    center = (round(x), round(y))
    color = tuple(int(value) for value in random.integers(60, 240, 3))
    if random.random() < 0.5:
        color = (205, 205, 205)
    cv2.circle(canvas, center, max(round(radius), 2), color, -1, cv2.LINE_AA)
    rim = tuple(int(value) for value in random.integers(0, 200, 3))
    if random.random() < 0.7:
        cv2.circle(canvas, center, max(round(radius * 0.75), 1), rim, 1, cv2.LINE_AA)
    if random.random() < 0.6:
        cv2.fillPoly(canvas, [star_shape(x, y, radius * 0.5, random)], rim)


def arms(canvas: Pixels, x: float, y: float, size: float, random: np.random.Generator) -> None:
    """A shield with a field or two and something on it."""
    top, low, tip = y - size, y + size * 0.35, y + size * 1.1
    points = [(x - size * 0.8, top), (x + size * 0.8, top), (x + size * 0.8, low), (x, tip),
              (x - size * 0.8, low)]  # fmt: skip
    outline = np.round(np.array(points)).astype(np.int32)
    first, second = (tuple(int(value) for value in random.integers(0, 240, 3)) for _ in range(2))
    cv2.fillPoly(canvas, [outline], first, cv2.LINE_AA)
    half = outline.copy()
    if random.random() < 0.7:
        half[half[:, 0] > x, 0] = round(x)
        cv2.fillPoly(canvas, [half], second, cv2.LINE_AA)
    if random.random() < 0.6:
        mark = star_shape(x, y - size * 0.1, size * 0.5, random)
        cv2.fillPoly(canvas, [mark], (230, 230, 230), cv2.LINE_AA)
    if random.random() < 0.5:
        cv2.polylines(canvas, [outline], True, (60, 60, 60), 1, cv2.LINE_AA)


def emblem(
    canvas: Pixels, x: float, y: float, size: float, ink: Color, random: np.random.Generator
) -> None:
    """A dark figure as high as half a character: a state's outline, a fruit, a bell. Readers take
    these for letters more than any shield, as they have the letters' color."""
    corners = int(random.integers(5, 13))
    turns = np.sort(random.uniform(0, 2 * np.pi, corners))
    reach = size * random.uniform(0.55, 1.0, corners)
    stretch = random.uniform(0.6, 1.0)
    outline = np.stack([x + reach * stretch * np.cos(turns), y + reach * np.sin(turns)], axis=1)
    shape = [np.round(outline).astype(np.int32)]
    if random.random() < 0.25:
        cv2.polylines(canvas, shape, True, ink, max(1, round(size * 0.15)), cv2.LINE_AA)
        return
    cv2.fillPoly(canvas, shape, ink, cv2.LINE_AA)
    if random.random() < 0.5:
        cv2.fillPoly(canvas, [star_shape(x, y, size * 0.4, random)], (230, 230, 230), cv2.LINE_AA)


def bolts(canvas: Pixels, random: np.random.Generator) -> None:
    height, width = canvas.shape[:2]
    radius = max(round(height * random.uniform(0.025, 0.05)), 1)
    high = height * random.uniform(0.08, 0.15) if width < 3 * height else height / 2
    side = width * random.uniform(0.12, 0.3)
    if width >= 3 * height and random.random() < 0.7:
        high = height * random.uniform(0.1, 0.9)
    color = int(random.integers(30, 225))
    places = [(side, high), (width - side, high)]
    if width < 3 * height and random.random() < 0.5:
        places += [(side, height - high), (width - side, height - high)]
    for x, y in places:
        cv2.circle(canvas, (round(x), round(y)), radius, (color, color, color), -1, cv2.LINE_AA)
        cv2.circle(canvas, (round(x) - 1, round(y) - 1), max(radius // 2, 1), (235, 235, 235), -1)


def sticker(canvas: Pixels, boxes: npt.NDArray[np.float32], random: np.random.Generator) -> None:
    """A small label in a corner, kept off the characters."""
    height, width = canvas.shape[:2]
    side = round(height * random.uniform(0.1, 0.2))
    left = int(pick((0.02, 0.86, 0.15, 0.75), random) * width)
    top = int(pick((0.03, 0.78), random) * height)
    hidden = (
        (boxes[:, 0] < left + 1.6 * side) & (boxes[:, 0] + boxes[:, 2] > left)
        & (boxes[:, 1] + boxes[:, 3] * 0.15 < top + side)
        & (boxes[:, 1] + boxes[:, 3] * 0.85 > top)
    )  # fmt: skip
    if not hidden.any():
        color = tuple(int(value) for value in random.integers(0, 255, 3))
        corner = (left + round(1.5 * side), top + side)
        cv2.rectangle(canvas, (left, top), corner, color, -1)
        face = pick(installed("small"), random)
        text = pick(("11", "JUN", "09", "22", "MAR", "2014", "CA 8"), random)
        area = canvas[top : top + side, left : corner[0]]
        draw_text(area, text, 0.75 * side, side / 2, 1.2 * side, face)


def frame(canvas: Pixels, random: np.random.Generator) -> tuple[Pixels, int, int]:
    """The plate in a holder, with or without a dealer's name; and how far it moved."""
    height = canvas.shape[0]
    sides = round(height * random.uniform(0.02, 0.07))
    top = round(height * random.uniform(0.02, 0.16))
    bottom = round(height * random.uniform(0.03, 0.22))
    shade = int(random.integers(15, 70) if random.random() < 0.7 else random.integers(120, 230))
    color = (shade, shade, shade)
    held = cv2.copyMakeBorder(canvas, top, bottom, sides, sides, cv2.BORDER_CONSTANT, value=color)
    for place, tall in ((bottom, bottom), (0, top)):
        if tall > height * 0.1 and random.random() < 0.7:
            rows = held[-place:] if place else held[:tall]
            face = pick(installed("small"), random)
            name = pick(DEALERS, random)
            bright = 235 if shade < 110 else 20
            dealer(rows, name, face, bright)
    return held, sides, top


def dealer(rows: Pixels, name: str, face: str, bright: int) -> None:
    mask = glyph(face, name)
    tall, width = rows.shape[:2]
    scale = min(tall * 0.62 / CAP, width * 0.8 / mask.shape[1])
    size = max(round(mask.shape[1] * scale), 2), max(round(mask.shape[0] * scale), 2)
    small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)[:tall]
    top = max((tall - small.shape[0]) // 2, 0)
    left = max((width - size[0]) // 2, 0)
    part = rows[top : top + small.shape[0], left : left + size[0]]
    weight = small[:, : part.shape[1], None] / 255.0
    part[:] = (part + (float(bright) - part) * weight).astype(np.uint8)
