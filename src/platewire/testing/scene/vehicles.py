"""Cars as a few shaded faces in space, with the end that faces the camera drawn in detail.

A car is a body, a cabin and wheels; whichever of its ends is seen, front or rear, is laid onto the
nearest face as a flat picture (`ends`). Faces are listed from far to near, so that drawing them in
order hides what is hidden.
"""

from dataclasses import dataclass

import numpy as np

from platewire.testing.scene import plates
from platewire.testing.scene.bodies import FRONTS, PAINTS, REARS, TRIM, Shape, plate_height, shade
from platewire.testing.scene.ends import end_picture
from platewire.testing.scene.lens import Points
from platewire.testing.scene.plates import Color, Texture
from platewire.testing.scene.script import Car

GLASS, TIRE = (74, 62, 54), (26, 25, 25)
"""Colors as blue, green, red from 0 to 255."""


@dataclass(frozen=True, slots=True)
class Face:
    """A polygon in meters with one color, or with a picture laid onto its four corners."""

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
    """Upper left, upper right, lower right, lower left of the plate in meters."""
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
            polygon(TIRE, (outer, 0, 0.5), (inner, 0, 0.5), (inner, 0.45, 0.5), (outer, 0.45, 0.5))
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
        for color, radius in ((TIRE, 0.33), ((150, 150, 150), 0.20), ((90, 90, 90), 0.07))
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
