"""Image quality of a plate from its four corners: size, angle, sharpness, light.

The crop is set upright and brought to `HEIGHT` pixels, so that sharpness means how many pixels an
edge is wide where characters have a fixed size: a small plate that was enlarged is as blurred as a
large one out of focus. `weight` puts it all into one number, by which reads vote in a passage:

    weight = FLOOR + (1 - FLOOR) * ramp(height, 6, 16) * ramp(sharpness, 0.1, 0.35)
                   * ramp(contrast, 0.05, 0.3) * ramp(-|angle|, -60, -25) * (1 - flooded)

where `ramp(x, low, high)` is 0 up to `low`, 1 from `high`, straight between, and `flooded` is how
far more than half of the crop is pure black or white. All numbers were chosen on rendered plates.
"""

import cv2
import numpy as np
import numpy.typing as npt

from platewire.model import Box, Pixels, Quality

Quad = npt.NDArray[np.float32]
"""Four corners, 4 x 2: upper left, upper right, lower right, lower left."""

HEIGHT = 32
"""Pixels of the crop that is measured."""
WIDTHS = (32, 256)
"""Pixels, the least and the most of the crop."""
DARK, BRIGHT = 4, 251
"""Gray values at or beyond which nothing more can be told apart."""
FLOOR = 0.1
"""Even the worst read counts a little: alone it is all there is."""


def of_quad(pixels: Pixels, quad: Quad) -> Quality:
    """`quad` in pixels of the picture; corners may lie outside of it."""
    across = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    down = (quad[3] - quad[0] + quad[2] - quad[1]) / 2
    width, height = float(np.hypot(*across)), float(np.hypot(*down))
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    return seen(upright(pixels, quad, width, height), width, height, angle)


def of_box(pixels: Pixels, box: Box) -> Quality:
    """For engines that say an upright box alone; the angle is then not known and taken as 0."""
    x, y, width, height = box
    corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    return of_quad(pixels, np.array(corners, np.float32))


def seen(gray: npt.NDArray[np.uint8], width: float, height: float, angle: float) -> Quality:
    low, high = (float(value) for value in np.percentile(gray, (5, 95)))
    contrast = (high - low) / 255
    clipped = float(np.mean((gray <= DARK) | (gray >= BRIGHT)))
    sharp = sharpness(gray, high - low)
    return Quality(
        width=round(width, 1),
        height=round(height, 1),
        angle=round(angle, 1),
        sharpness=round(sharp, 3),
        contrast=round(contrast, 3),
        clipped=round(clipped, 3),
        weight=round(weight(height, sharp, contrast, angle, clipped), 3),
    )


def weight(height: float, sharp: float, contrast: float, angle: float, clipped: float) -> float:
    """`FLOOR` to 1; the formula stands at the head of this file."""
    good = (
        ramp(height, 6, 16)
        * ramp(sharp, 0.1, 0.35)
        * ramp(contrast, 0.05, 0.3)
        * ramp(-abs(angle), -60, -25)
        * (1 - ramp(clipped, 0.5, 1.0))
    )
    return FLOOR + (1 - FLOOR) * good


def ramp(value: float, low: float, high: float) -> float:
    return float(min(max((value - low) / (high - low), 0.0), 1.0))


def sharpness(gray: npt.NDArray[np.uint8], contrast: float) -> float:
    """The steepest twentieth of all steps from pixel to pixel along the text, by the contrast:
    1 where an edge is one pixel wide, a half where it is two; 0 for a plain picture."""
    if contrast < 1:
        return 0.0
    steps = np.abs(np.diff(gray.astype(np.float32), axis=1))
    return float(min(np.percentile(steps, 95) / contrast, 1.0))


def upright(pixels: Pixels, quad: Quad, width: float, height: float) -> npt.NDArray[np.uint8]:
    """The inside of the quad in gray, `HEIGHT` pixels high; shrunk in two steps, the second with
    the mean of areas, as a large crop would otherwise look sharper than it is."""
    size = max(round(min(width, 1024)), 8), max(round(min(height, 256)), 4)
    target = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(np.asarray(quad, np.float32), target)
    crop = cv2.warpPerspective(pixels, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    gray = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    wide = int(np.clip(round(size[0] * HEIGHT / size[1]), *WIDTHS))
    way = cv2.INTER_AREA if size[1] > HEIGHT else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, (wide, HEIGHT), interpolation=way), np.uint8)
