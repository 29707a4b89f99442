"""One plate's appearance: size, colors, band, what is between the characters.

Sizes are in millimeters, colors blue-green-red.
"""

from typing import NamedTuple

import numpy as np

from training.render.numbers import COUNTRY, Number

Color = tuple[int, int, int]
WHITE = (238, 240, 240)
YELLOW = (40, 195, 245)
BLACK = (22, 22, 24)
RED = (35, 30, 190)
BLUE = (140, 50, 20)
GREEN = (60, 110, 10)
GRAY = (165, 165, 165)
NAVY = (100, 40, 20)


class Layout(NamedTuple):
    country: str
    number: Number
    width: int = 520
    height: int = 110
    cap: float = 75
    ground: Color = WHITE
    ink: Color = BLACK
    fonts: str = "din"
    band: str = ""
    """`eu`, `blue`, `flag`; with ` both` where one stands at the right as well."""
    sign: str = ""
    """Distinguishing sign of the country, for the band."""
    between: tuple[str, ...] = ("space",)
    """What may be in a gap: space, dash, dot, seal, seals, arms, emblem."""
    region: str | None = None
    top: str = ""
    bottom: str = ""
    art: bool = False
    """Pictures and gradients behind the characters."""
    split: bool = False
    """Two lines."""
    stripe: bool = False
    """A colored stripe along the top, as in Mercosur."""
    logo: str = ""
    """`left` or `right`: a club's or a cause's picture beside the number."""
    stickers: bool = False
    """Stickers in the corners are usual."""


def sign_of(country: str) -> str:
    """Distinguishing sign of the UN Convention on Road Traffic; the country table has it first."""
    return next(iter(COUNTRY[country].band), "")


def light(random: np.random.Generator) -> Color:
    return _shade(random, 170, 245)


def dark(random: np.random.Generator) -> Color:
    return _shade(random, 10, 90)


def _shade(random: np.random.Generator, darkest: int, lightest: int) -> Color:
    blue, green, red = (int(value) for value in random.integers(darkest, lightest, 3))
    return blue, green, red
