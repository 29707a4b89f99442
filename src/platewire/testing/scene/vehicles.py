"""Cars as a few shaded faces in space, with the end that faces the camera drawn in detail.

A car is a body, a cabin and four wheels; which of its ends is seen, front or rear, is painted as a
flat picture with lamps, grille, bumper and plate, and laid onto the nearest face. Faces are listed
from far to near, so that drawing them in order hides what is hidden.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from platewire.testing.scene import plates
from platewire.testing.scene.lens import Points
from platewire.testing.scene.plates import Color, Texture
from platewire.testing.scene.script import Body, Car

PAINTS: dict[str, Color] = {
    "white": (236, 236, 234),
    "black": (30, 28, 27),
    "silver": (182, 180, 177),
    "red": (38, 34, 186),
    "blue": (168, 84, 28),
    "green": (64, 122, 44),
    "yellow": (40, 200, 238),
}
GLASS, TYRE, TRIM = (74, 62, 54), (26, 25, 25), (44, 42, 41)
PX_PER_M = 420
"""Detail of the painted end."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A body style in metres, measured from the end that faces the camera."""

    width: float
    length: float
    floor: float
    """Height of the body's lower edge."""
    belt: float
    """Height at which the windows begin."""
    roof: float
    glass_low: float
    """How far back the near window begins, and its upper edge."""
    glass_high: float
    cabin_end: float
    taper: float = 0.80
    """Width of the roof as a share of the body's."""


FRONTS: dict[Body, Shape] = {
    "hatchback": Shape(1.74, 4.0, 0.22, 0.92, 1.46, 0.95, 1.65, 3.7),
    "saloon": Shape(1.80, 4.6, 0.20, 0.90, 1.42, 1.15, 1.95, 3.9),
    "suv": Shape(1.86, 4.5, 0.28, 1.06, 1.68, 1.05, 1.65, 4.3, 0.84),
    "van": Shape(1.92, 4.9, 0.26, 1.14, 1.92, 0.75, 1.35, 4.8, 0.88),
}
REARS: dict[Body, Shape] = {
    "hatchback": Shape(1.74, 4.0, 0.22, 0.96, 1.46, 0.12, 0.55, 3.0),
    "saloon": Shape(1.80, 4.6, 0.20, 0.98, 1.42, 0.75, 1.35, 3.5),
    "suv": Shape(1.86, 4.5, 0.28, 1.10, 1.68, 0.08, 0.35, 3.3, 0.84),
    "van": Shape(1.92, 4.9, 0.26, 1.20, 1.92, 0.04, 0.10, 3.9, 0.88),
}


@dataclass(frozen=True, slots=True)
class Face:
    """A polygon in metres with one color, or with a picture laid onto its four corners."""

    corners: Points
    color: Color = TRIM
    texture: Texture | None = None


def faces(car: Car, *, rear: bool, x: float, z: float, turned: float) -> list[Face]:
    """The car with the middle of its near end at `x`, `z`, turned by `turned` radians."""
    shape = (REARS if rear else FRONTS)[car.body]
    paint = PAINTS[car.color]
    flank = 1.0 if x - z * np.tan(turned) < 0 else -1.0
    local = [
        *wheels(shape, flank),
        *body(shape, paint, flank),
        *cabin(shape, paint, flank),
        Face(rectangle(shape), texture=end_picture(car, rear=rear)),
        *mirrors(shape, paint, rear=rear),
    ]
    return [Face(placed(face.corners, x, z, turned), face.color, face.texture) for face in local]


def plate_corners(car: Car, *, rear: bool, x: float, z: float, turned: float) -> Points:
    """Upper left, upper right, lower right, lower left of the plate in metres."""
    shape = (REARS if rear else FRONTS)[car.body]
    width, height = plates.size_m(car.country)
    middle = plate_height(shape, rear=rear)
    left, right, top, low = -width / 2, width / 2, middle + height / 2, middle - height / 2
    corners = np.array([(left, top, 0), (right, top, 0), (right, low, 0), (left, low, 0)], float)
    return placed(corners, x, z, turned)


def shadow(car: Car, *, x: float, z: float, turned: float) -> Points:
    """The ground under the car."""
    shape = FRONTS[car.body]
    half, length = shape.width / 2 + 0.06, shape.length
    ground = [(-half, 0, -0.1), (half, 0, -0.1), (half, 0, length), (-half, 0, length)]
    return placed(np.array(ground, float), x, z, turned)


def placed(corners: Points, x: float, z: float, turned: float) -> Points:
    """Turned about the near end's middle, then moved there."""
    cos, sin = np.cos(turned), np.sin(turned)
    across = corners[:, 0] * cos + corners[:, 2] * sin + x
    ahead = -corners[:, 0] * sin + corners[:, 2] * cos + z
    return np.stack([across, corners[:, 1], ahead], axis=1)


# --- the faces ------------------------------------------------------------------------------------


def shade(color: Color, factor: float) -> Color:
    blue, green, red = (min(255, round(part * factor)) for part in color)
    return blue, green, red


def polygon(color: Color, *corners: tuple[float, float, float]) -> Face:
    return Face(np.array(corners, float), color)


def rectangle(shape: Shape) -> Points:
    half = shape.width / 2
    return np.array(
        [
            (-half, shape.belt, 0),
            (half, shape.belt, 0),
            (half, shape.floor, 0),
            (-half, shape.floor, 0),
        ],
        float,
    )


def wheels(shape: Shape, flank: float) -> list[Face]:
    """Near ones as blocks under the end, and discs on the flank that is seen."""
    made = []
    for side in (-1.0, 1.0):
        outer, inner = side * (shape.width / 2 - 0.03), side * (shape.width / 2 - 0.25)
        made.append(
            polygon(TYRE, (outer, 0, 0.5), (inner, 0, 0.5), (inner, 0.45, 0.5), (outer, 0.45, 0.5))
        )
    return made[::-1] if flank < 0 else made


def disc(color: Color, x: float, radius: float, middle: float) -> Face:
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    around = [
        (x, 0.33 + radius * np.sin(angle), middle + radius * np.cos(angle)) for angle in angles
    ]
    return Face(np.array(around, float), color)


def body(shape: Shape, paint: Color, flank: float) -> list[Face]:
    half, low, belt, end = shape.width / 2, shape.floor, shape.belt, shape.length
    side = flank * half
    near, far = shape.glass_low, shape.cabin_end
    bonnet = polygon(
        shade(paint, 1.12),
        (-half, belt, 0),
        (half, belt, 0),
        (half * 0.96, belt + 0.06, near),
        (-half * 0.96, belt + 0.06, near),
    )
    crease = polygon(
        shade(paint, 1.02),
        (-half * 0.5, belt, 0),
        (half * 0.5, belt, 0),
        (half * 0.62, belt + 0.06, near),
        (-half * 0.62, belt + 0.06, near),
    )
    wall = polygon(
        shade(paint, 0.72), (side, belt, 0), (side, belt, end), (side, low, end), (side, low, 0)
    )
    sill = polygon(
        shade(paint, 0.5),
        (side, low + 0.14, 0),
        (side, low + 0.14, end),
        (side, low, end),
        (side, low, 0),
    )
    line = polygon(
        shade(paint, 0.88),
        (side, belt, 0),
        (side, belt, far),
        (side, belt - 0.06, far),
        (side, belt - 0.06, 0),
    )
    rims = [
        disc(color, side * 1.002, radius, middle)
        for middle in (0.82, end - 0.85)
        for color, radius in ((TYRE, 0.33), ((150, 150, 150), 0.20), ((90, 90, 90), 0.07))
    ]
    return [wall, sill, line, *rims, bonnet, crease]


def cabin(shape: Shape, paint: Color, flank: float) -> list[Face]:
    """Roof, the flank's windows, and the near window in its frame."""
    half, top = shape.width / 2 * 0.96, shape.width / 2 * shape.taper
    low, roof = shape.belt + 0.05, shape.roof
    near, high, far = shape.glass_low, shape.glass_high, shape.cabin_end
    wide, narrow = flank * half, flank * top
    wall = polygon(
        shade(paint, 0.66),
        (wide, low, near),
        (narrow, roof, high),
        (narrow, roof, far),
        (wide, low, far),
    )
    windows = [
        polygon(
            GLASS,
            (
                between(wide, narrow, 0.12),
                between(low, roof, 0.12),
                between(near, high, 0.3) + start,
            ),
            (between(wide, narrow, 0.82), between(low, roof, 0.82), high + start),
            (between(wide, narrow, 0.82), between(low, roof, 0.82), high + end),
            (between(wide, narrow, 0.12), between(low, roof, 0.12), high + end),
        )
        for start, end in window_spans(shape)
    ]
    lid = polygon(
        shade(paint, 1.08),
        (-top, roof, high),
        (top, roof, high),
        (top, roof, far),
        (-top, roof, far),
    )
    frame = polygon(
        shade(paint, 0.84),
        (-half, low, near),
        (half, low, near),
        (top, roof, high),
        (-top, roof, high),
    )
    return [wall, *windows, lid, frame, *near_window(shape)]


def window_spans(shape: Shape) -> list[tuple[float, float]]:
    room = shape.cabin_end - shape.glass_high
    return [(0.12, room * 0.47), (room * 0.53, room * 0.92)]


def near_window(shape: Shape) -> list[Face]:
    """The glass, a paler wedge where it mirrors the sky, and head rests behind it."""

    def at(across: float, up: float) -> tuple[float, float, float]:
        half = between(shape.width / 2 * 0.96, shape.width / 2 * shape.taper, up)
        return (
            across * half * 0.93,
            between(shape.belt + 0.05, shape.roof, up),
            between(shape.glass_low, shape.glass_high, up) - 0.005,
        )

    glass = polygon(GLASS, at(-1, 0.06), at(1, 0.06), at(0.96, 0.9), at(-0.96, 0.9))
    rests = [
        polygon(
            (46, 40, 36), at(x - 0.13, 0.2), at(x + 0.13, 0.2), at(x + 0.1, 0.55), at(x - 0.1, 0.55)
        )
        for x in (-0.42, 0.42)
    ]
    sky = polygon((128, 112, 98), at(-0.96, 0.9), at(-0.2, 0.9), at(-0.62, 0.06), at(-1, 0.06))
    band = polygon((96, 82, 72), at(-0.96, 0.9), at(0.96, 0.9), at(0.965, 0.76), at(-0.965, 0.76))
    return [glass, *rests, sky, band]


def mirrors(shape: Shape, paint: Color, *, rear: bool) -> list[Face]:
    back = shape.cabin_end - 0.5 if rear else shape.glass_low + 0.35
    made = []
    for side in (-1, 1):
        inner, outer = side * shape.width / 2 * 0.95, side * (shape.width / 2 + 0.17)
        low, high = shape.belt + 0.03, shape.belt + 0.19
        corners = (
            (inner, low, back),
            (outer, low + 0.02, back),
            (outer, high, back),
            (inner, high, back),
        )
        made.append(polygon(shade(paint, 0.8), *corners))
    return [] if rear else made


def between(start: float, end: float, share: float) -> float:
    return start + (end - start) * share


# --- the end that faces the camera --------------------------------------------------------------


def plate_height(shape: Shape, *, rear: bool) -> float:
    """Metres above the road of the plate's middle."""
    return shape.floor + (shape.belt - shape.floor) * (0.46 if rear else 0.34)


@cache
def end_picture(car: Car, *, rear: bool) -> Texture:
    shape = (REARS if rear else FRONTS)[car.body]
    width, height = round(shape.width * PX_PER_M), round((shape.belt - shape.floor) * PX_PER_M)
    canvas = painted(PAINTS[car.color], width, height)
    (draw_rear if rear else draw_front)(canvas, PAINTS[car.color])
    lay_plate(canvas, car, shape, rear=rear)
    return np.dstack([canvas, rounded_mask(width, height)])


def painted(paint: Color, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Body color, lighter above where it faces the sky."""
    light = np.interp(np.linspace(0, 1, height), [0, 0.12, 0.55, 1], [1.08, 1.0, 0.92, 0.72])
    rows = light[:, None, None] * np.array(paint, float)
    return np.tile(np.clip(rows, 0, 255).astype(np.uint8), (1, width, 1))


def draw_front(canvas: npt.NDArray[np.uint8], paint: Color) -> None:
    height = canvas.shape[0]
    box(canvas, TRIM, 0.30, 0.20, 0.70, 0.34)
    for bar in (0.235, 0.27, 0.305):
        box(canvas, (92, 90, 88), 0.31, bar, 0.69, bar + 0.008)
    ellipse(canvas, (205, 203, 200), 0.5, 0.27, 0.022, 0.06)
    for side in (-1, 1):
        lamp = [
            (0.5 + side * x, y) for x, y in ((0.24, 0.2), (0.47, 0.13), (0.485, 0.3), (0.27, 0.36))
        ]
        fill(canvas, (70, 68, 66), lamp)
        ellipse(canvas, (232, 236, 238), 0.5 + side * 0.34, 0.26, 0.045, 0.072)
        ellipse(canvas, (255, 255, 255), 0.5 + side * 0.34, 0.25, 0.02, 0.035)
        ellipse(canvas, (200, 205, 208), 0.5 + side * 0.43, 0.235, 0.028, 0.055)
        ellipse(canvas, (46, 44, 43), 0.5 + side * 0.39, 0.76, 0.05, 0.06)
        ellipse(canvas, (190, 196, 200), 0.5 + side * 0.39, 0.76, 0.028, 0.036)
    box(canvas, shade(paint, 0.62), 0.03, 0.455, 0.97, 0.462)
    fill(canvas, TRIM, [(0.2, 0.84), (0.8, 0.84), (0.74, 0.97), (0.26, 0.97)])
    canvas[int(height * 0.955) :] = TRIM
    canvas[: max(1, height // 70)] = shade(paint, 0.6)


def draw_rear(canvas: npt.NDArray[np.uint8], paint: Color) -> None:
    height = canvas.shape[0]
    for side in (-1, 1):
        lamp = [
            (0.5 + side * x, y) for x, y in ((0.33, 0.14), (0.49, 0.1), (0.49, 0.42), (0.36, 0.38))
        ]
        fill(canvas, (30, 24, 128), lamp)
        fill(
            canvas,
            (46, 40, 205),
            [
                (0.5 + side * x, y)
                for x, y in ((0.36, 0.17), (0.475, 0.14), (0.475, 0.26), (0.375, 0.26))
            ],
        )
        box(
            canvas,
            (205, 210, 214),
            0.5 + side * 0.43 - 0.035,
            0.31,
            0.5 + side * 0.43 + 0.035,
            0.37,
        )
        box(canvas, (24, 20, 120), 0.5 + side * 0.4 - 0.06, 0.8, 0.5 + side * 0.4 + 0.06, 0.83)
    box(canvas, shade(paint, 0.55), 0.06, 0.70, 0.94, 0.708)
    box(canvas, shade(paint, 0.7), 0.32, 0.33, 0.68, 0.62)
    box(canvas, (170, 168, 166), 0.36, 0.28, 0.64, 0.305)
    fill(canvas, TRIM, [(0.1, 0.87), (0.9, 0.87), (0.86, 1.0), (0.14, 1.0)])
    canvas[int(height * 0.96) :] = TRIM
    canvas[: max(1, height // 70)] = shade(paint, 0.6)


def lay_plate(canvas: npt.NDArray[np.uint8], car: Car, shape: Shape, *, rear: bool) -> None:
    """A black holder with the plate in it; the plate itself is drawn apart, at full detail."""
    width, height = plates.size_m(car.country)
    middle = (shape.belt - plate_height(shape, rear=rear)) / (shape.belt - shape.floor)
    half_width = (width / 2 + 0.015) / shape.width
    half_height = (height / 2 + 0.015) / (shape.belt - shape.floor)
    box(
        canvas,
        (18, 18, 18),
        0.5 - half_width,
        middle - half_height,
        0.5 + half_width,
        middle + half_height,
    )


def rounded_mask(width: int, height: int) -> npt.NDArray[np.uint8]:
    """Opacity: corners cut as a car's are."""
    mask = np.zeros((height, width), np.uint8)
    cut = [
        (0, 0.02),
        (0.008, 0),
        (0.992, 0),
        (1, 0.02),
        (1, 0.82),
        (0.955, 1),
        (0.045, 1),
        (0, 0.82),
    ]
    corners = np.array([(x * (width - 1), y * (height - 1)) for x, y in cut])
    cv2.fillPoly(mask, [corners.round().astype(np.int32)], (255,), cv2.LINE_AA)
    return mask


def fill(canvas: npt.NDArray[np.uint8], color: Color, corners: list[tuple[float, float]]) -> None:
    """A polygon whose corners are fractions of the canvas."""
    height, width = canvas.shape[:2]
    points = np.array(corners) * (width, height)
    cv2.fillPoly(canvas, [points.round().astype(np.int32)], color, cv2.LINE_AA)


def box(
    canvas: npt.NDArray[np.uint8], color: Color, left: float, top: float, right: float, low: float
) -> None:
    fill(canvas, color, [(left, top), (right, top), (right, low), (left, low)])


def ellipse(
    canvas: npt.NDArray[np.uint8], color: Color, x: float, y: float, across: float, down: float
) -> None:
    height, width = canvas.shape[:2]
    centre = (round(x * width), round(y * height))
    axes = (round(across * width), round(down * height))
    cv2.ellipse(canvas, centre, axes, 0, 0, 360, color, -1, cv2.LINE_AA)
