"""The vehicle's color from the picture around its plate: bonnet or boot lid, and the bumper.

What lies above and beside a plate is mostly painted metal, with grille, glass and shadow between.
Each pixel votes for a color name; paint is told from shadow by comparing with the plate's own
background, which is nearly white. In the dark, or where no color leads, there is no answer.
"""

import cv2
import numpy as np
import numpy.typing as npt

from platewire.model import Attribute, Box, Pixels, Vehicle

COLORS = (
    *("white", "silver", "gray", "black"),
    *("red", "orange", "yellow", "green", "blue", "brown", "beige"),
)
"""In the order of the votes."""

SAMPLE_SIDE = 96
"""Pixels; the surroundings are scaled to at most this, as paint has no detail."""
DARK = 45.0
"""A plate whose background is darker than this (0 to 255) stands in the night."""
COLORED_SHARE = 0.3
"""Share of colored pixels, of one hue, above which the paint has that hue."""
REDDISH = 0.65
"""A plate whose background has less green than this share of its red is lit by lamps."""
NIGHT = 60.0
"""The same for the brightest quarter of the whole picture, in green, as tail lamps have none."""
CAST_SHARE = 0.25
"""Share of magenta pixels above which the picture's colors are not to be believed."""
CONFIDENCE_MIN = 0.5
"""Less than half of what is seen around the plate is no answer."""

Votes = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def vehicle_of(pixels: Pixels, plate: Box) -> Vehicle:
    """The vehicle around a plate: its color, or nothing."""
    return Vehicle(color=color_of(pixels, plate))


def color_of(pixels: Pixels, plate: Box) -> Attribute | None:
    blue, green, red = plate_background(pixels, plate)
    white = max(blue, green, red)
    around = surroundings(pixels, plate)
    lamps_only = white < DARK or green < REDDISH * red or is_night(pixels)
    if lamps_only or around.size == 0 or has_cast(around):
        return None
    votes = votes_of(around, white)
    best = int(votes.argmax())
    confidence = float(votes[best])
    if confidence < CONFIDENCE_MIN:
        return None
    return Attribute(COLORS[best], round(min(confidence, 0.95), 2))


def is_night(pixels: Pixels) -> bool:
    """Whether the picture is mostly black, so that lamps, not daylight, color what is seen."""
    return float(np.percentile(pixels[::8, ::8, 1], 75)) < NIGHT


def has_cast(around: Pixels) -> bool:
    """Whether the camera paints everything magenta, as many do at dusk; no paint is so."""
    hsv = cv2.cvtColor(around[None], cv2.COLOR_BGR2HSV)[0]
    magenta = (hsv[:, 0] >= 140) & (hsv[:, 0] < 168) & (hsv[:, 1] > 30)
    return float(magenta.mean()) > CAST_SHARE


def plate_background(pixels: Pixels, plate: Box) -> tuple[float, float, float]:
    """Blue, green, red of the plate's background, 0 to 255: what white looks like in this light."""
    inside = window(pixels, plate.x, plate.y, plate.x + plate.width, plate.y + plate.height)
    if inside.size == 0:
        return 0.0, 0.0, 0.0
    blue, green, red = np.percentile(inside.reshape(-1, 3), 80, axis=0)
    return float(blue), float(green), float(red)


def surroundings(pixels: Pixels, plate: Box) -> Pixels:
    """Pixels of what is painted, n x 3: above the plate, and to its left and right."""
    x, y, width, height = plate
    above = window(pixels, x - 0.6 * width, y - 1.3 * width, x + 1.6 * width, y - 0.35 * height)
    left = window(pixels, x - 0.75 * width, y - height, x - 0.15 * width, y + height)
    right = window(pixels, x + 1.15 * width, y - height, x + 1.75 * width, y + height)
    parts = [small(part).reshape(-1, 3) for part in (above, left, right) if min(part.shape[:2]) > 1]
    return np.concatenate(parts) if parts else np.empty((0, 3), np.uint8)


def window(pixels: Pixels, left: float, top: float, right: float, bottom: float) -> Pixels:
    height, width = pixels.shape[:2]
    rows = slice(int(np.clip(top, 0, height)), int(np.clip(bottom, 0, height)))
    columns = slice(int(np.clip(left, 0, width)), int(np.clip(right, 0, width)))
    return pixels[rows, columns]


def small(part: Pixels) -> Pixels:
    ratio = SAMPLE_SIDE / max(part.shape[:2])
    if ratio >= 1:
        return part
    size = max(1, round(part.shape[1] * ratio)), max(1, round(part.shape[0] * ratio))
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)


def votes_of(around: Pixels, white: float) -> Votes:
    """Share of each color, 0 to 1 each."""
    hsv = cv2.cvtColor(around[None], cv2.COLOR_BGR2HSV)[0].astype(np.float32)
    hue, saturation, value = hsv[:, 0] * 2, hsv[:, 1] / 255, hsv[:, 2] / white
    spread = (around.max(axis=1).astype(np.float32) - around.min(axis=1)) / white
    colored = (saturation > 0.3) & (spread > 0.15)
    painted = colored_votes(hue, saturation, value, colored)
    if painted.max() >= COLORED_SHARE:
        return painted / max(1 - shadow_share(value, colored), 0.5)
    return gray_votes(value, ~colored) + painted


def colored_votes(
    hue: npt.NDArray[np.float32],
    saturation: npt.NDArray[np.float32],
    value: npt.NDArray[np.float32],
    colored: Mask,
) -> Votes:
    """Hue in degrees; dark orange is brown, pale orange and yellow are beige."""
    warm = (hue >= 14) & (hue < 62)
    beige = warm & (saturation < 0.5) & (value > 0.55)
    brown = warm & ~beige & (hue < 42) & (value < 0.5)
    named = {
        "red": (hue < 14) | (hue >= 335),
        "orange": warm & ~beige & ~brown & (hue < 38),
        "yellow": warm & ~beige & ~brown & (hue >= 38),
        "green": (hue >= 62) & (hue < 170),
        "blue": (hue >= 170) & (hue < 265),
        "brown": brown,
        "beige": beige,
    }
    return np.array([float((named[c] & colored).mean()) if c in named else 0.0 for c in COLORS])


def gray_votes(value: npt.NDArray[np.float32], plain: Mask) -> Votes:
    """From black to white against the plate's background; shadow and glass count as half."""
    edges = (0.87, 0.5, 0.25)
    names = {
        "white": value >= edges[0],
        "silver": (value < edges[0]) & (value >= edges[1]),
        "gray": (value < edges[1]) & (value >= edges[2]),
        "black": value < edges[2],
    }
    return np.array([float((names[c] & plain).mean()) if c in names else 0.0 for c in COLORS])


def shadow_share(value: npt.NDArray[np.float32], colored: Mask) -> float:
    """Share of pixels too dark to show any color."""
    return float(((value < 0.25) & ~colored).mean())
