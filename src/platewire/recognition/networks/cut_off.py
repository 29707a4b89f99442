"""Whether a plate is cut off by an edge of the picture.

A detector draws a plate that is cut off up to the edge, or beyond it. A plate that ends just at the
edge by chance looks the same, so it counts as cut off, too: the next frame settles that. A picture
that holds a plate alone was cropped by somebody; there the edges say nothing.
"""

from platewire.model import Box, Pixels
from platewire.recognition.networks.geometry import shape_of
from platewire.recognition.networks.text_detector import Quad

EDGE_GAP = 0.2
"""Of the plate's height: a plate that ends at most so far from an edge is cut off by it. Set on cut
training photos, of the half that `benchmarks/bench_partial.py` calls the first: of 41 pieces, 40
end at most 0.0 from the edge and one 0.17."""
ALONE = 4.0
"""Of the plate's area: a picture of at most so much holds the plate alone, as a crop does. Crops
with a tenth of the plate's width around it have up to 2.6."""


def is_cut_off(quad: Quad, pixels: Pixels) -> bool:
    """`quad` in pixels of the picture, clockwise from the upper left; it may reach beyond it."""
    plate = shape_of(quad)
    (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
    around = Box(float(left), float(top), float(right - left), float(bottom - top))
    return _ends_at_edge(around, plate.height, plate.width * plate.height, pixels)


def is_box_cut_off(box: Box, pixels: Pixels) -> bool:
    """The same of an upright box."""
    return _ends_at_edge(box, box.height, box.area, pixels)


def _ends_at_edge(around: Box, plate_height: float, area: float, pixels: Pixels) -> bool:
    height, width = pixels.shape[:2]
    if width * height <= ALONE * area:
        return False
    right, bottom = around.x + around.width, around.y + around.height
    gap = min(around.x, around.y, width - right, height - bottom)
    return bool(gap <= EDGE_GAP * plate_height)
