"""Body styles and paints: the measures that the faces of a car and its painted ends share."""

from dataclasses import dataclass

from platewire.testing.scene.plates import Color
from platewire.testing.scene.script import Body

PAINTS: dict[str, Color] = {
    "white": (236, 236, 234),
    "black": (30, 28, 27),
    "silver": (182, 180, 177),
    "red": (38, 34, 186),
    "blue": (168, 84, 28),
    "green": (64, 122, 44),
    "yellow": (40, 200, 238),
    "orange": (24, 112, 232),
}
TRIM = (44, 42, 41)
"""Bumpers and grilles."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A body style in meters, measured from the end that faces the camera."""

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


def plate_height(shape: Shape, *, rear: bool) -> float:
    """Meters above the road of the plate's middle."""
    return shape.floor + (shape.belt - shape.floor) * (0.46 if rear else 0.34)


def shade(color: Color, factor: float) -> Color:
    blue, green, red = (min(255, round(part * factor)) for part in color)
    return blue, green, red
