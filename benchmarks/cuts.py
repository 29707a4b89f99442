"""Photos with a plate in them -> pictures in which the plate is cut off, hidden or whole.

A photo is given as the surroundings of its plate, `AROUND` plate widths wide, so that a read takes
a fraction of the time; the detector gets them at the scale that the whole photo would have. The
plate's box is left, top, width and height in pixels of the photo.
"""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from platewire.model import Box, Pixels

AROUND = 3.4
"""Of the plate's width: the width of a picture; its height is this less one."""
STEPS = (0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75)
"""Of the plate's width, taken away by a cut. The outer 12% are band and border."""
TIGHT = (0.0, 0.03, 0.1)
"""Of the plate's width: what a crop has around the plate."""
NEAR = (0.02, 0.08, 0.2)
"""Of the plate's width: how far from the plate a picture ends that holds all of it."""
HIDDEN = (0.15, 0.3, 0.5, 0.7, 0.85)
"""Of the plate's width: where the middle of a pole stands."""
POLE = 0.22
"""Of the plate's width: how wide a pole is, one to two characters."""


class Cut(NamedTuple):
    kind: str
    """`uncut`, `left`, `right`, `tight`, `near` or `pole`."""
    step: float
    pixels: Pixels
    place: Box
    """Of the whole plate, in pixels of this picture; a part of it may be outside."""


def cuts(photo: Pixels, plate: Box, seed: str) -> Iterator[Cut]:
    """All pictures made of one photo; `seed` makes the poles the same in each run."""
    left, right, width = plate.x, plate.x + plate.width, plate.width
    yield uncut(photo, plate)
    for step in STEPS:
        yield starting(photo, plate, "left", step, left + step * width)
        yield ending(photo, plate, "right", step, right - step * width)
    for step in NEAR:
        if step * width <= left:
            yield starting(photo, plate, "near", step, left - step * width)
        if step * width <= photo.shape[1] - right:
            yield ending(photo, plate, "near", step, right + step * width)
    for step in TIGHT:
        yield tight(photo, plate, step)
    for step in HIDDEN:
        yield behind_pole(photo, plate, step, random.Random(f"{seed} {step}"))


def uncut(photo: Pixels, plate: Box) -> Cut:
    start = plate.center[0] - AROUND / 2 * plate.width
    return window(photo, plate, "uncut", 0.0, start, start + AROUND * plate.width)


def starting(photo: Pixels, plate: Box, kind: str, step: float, start: float) -> Cut:
    """A picture whose left edge is at `start`."""
    return window(photo, plate, kind, step, start, start + AROUND * plate.width)


def ending(photo: Pixels, plate: Box, kind: str, step: float, end: float) -> Cut:
    """A picture whose right edge is at `end`."""
    return window(photo, plate, kind, step, end - AROUND * plate.width, end)


def tight(photo: Pixels, plate: Box, step: float) -> Cut:
    more = step * plate.width
    return cropped(
        *(photo, plate, "tight", step),
        (plate.x - more, plate.y - more),
        (plate.x + plate.width + more, plate.y + plate.height + more),
    )


def behind_pole(photo: Pixels, plate: Box, step: float, chance: random.Random) -> Cut:
    """The uncut picture with a vertical pole, shaded from left to right, painted over it."""
    whole = uncut(photo, plate)
    pixels = whole.pixels.copy()
    start = max(round(whole.place.x + (step - POLE / 2) * plate.width), 0)
    columns = pixels[:, start : start + max(round(POLE * plate.width), 1)]
    shade = chance.randint(40, 200) + np.linspace(-30, 30, columns.shape[1])
    columns[:] = np.clip(shade, 0, 255).astype(np.uint8)[None, :, None]
    return Cut("pole", step, pixels, whole.place)


def window(photo: Pixels, plate: Box, kind: str, step: float, start: float, end: float) -> Cut:
    """From column `start` to `end`, with the plate halfway up."""
    reach = (AROUND - 1) / 2 * plate.width
    middle = plate.center[1]
    return cropped(photo, plate, kind, step, (start, middle - reach), (end, middle + reach))


def cropped(
    photo: Pixels, plate: Box, kind: str, step: float, low: Sequence[float], high: Sequence[float]
) -> Cut:
    x, y = (max(round(value), 0) for value in low)
    pixels = np.ascontiguousarray(photo[y : max(round(high[1]), 0), x : max(round(high[0]), 0)])
    return Cut(kind, step, pixels, plate._replace(x=plate.x - x, y=plate.y - y))
