"""The region of a frame with the vehicle around a plate, from the plate's box alone.

A plate's own size says how large its vehicle is in the picture: whatever the country, the square
root of a plate's area is about 0.23 m (520 x 112, 305 x 152, 400 x 130 mm), so a car's width of
1.8 m is about eight of these. It serves where no vehicle is detected.
"""

import math

import cv2
import numpy as np

from platewire.model import Box, Pixels

REGION_SIDE = 9.6
"""Side of the square around a vehicle, in square roots of its plate's area: about 2.2 m."""
PLATE_AT = 0.68
"""How far down in the square the plate's middle is; more of a vehicle is above its plate."""
OUTSIDE = 114
"""Gray, 0 to 255, of what lies outside the picture."""


def region_around(plate: Box) -> Box:
    """The square around the vehicle of a plate; it may reach beyond the picture."""
    side = REGION_SIDE * math.sqrt(max(plate.area, 1.0))
    x, y = plate.center
    return Box(x - side / 2, y - side * PLATE_AT, side, side)


def cut_region(pixels: Pixels, region: Box, side: int) -> Pixels:
    """The region scaled to side x side pixels, gray where the picture does not reach."""
    left, top = math.floor(region.x), math.floor(region.y)
    right, bottom = math.ceil(region.x + region.width), math.ceil(region.y + region.height)
    height, width = pixels.shape[:2]
    seen = pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    scale_x, scale_y = side / (right - left), side / (bottom - top)
    cut = np.full((side, side, 3), OUTSIDE, np.uint8)
    if seen.size == 0:
        return cut
    # However thin the part that is seen, it has a place in the square.
    x0 = min(side - 1, round((max(left, 0) - left) * scale_x))
    y0 = min(side - 1, round((max(top, 0) - top) * scale_y))
    x1 = min(side, max(x0 + 1, round((min(right, width) - left) * scale_x)))
    y1 = min(side, max(y0 + 1, round((min(bottom, height) - top) * scale_y)))
    cut[y0:y1, x0:x1] = cv2.resize(seen, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    return cut
