"""Which zone of the camera contains a point of the frame.

Even-odd rule by a ray to the right (as in W. R. Franklin, PNPOLY), so that a polygon may be hollow
or cross itself. Of overlapping zones the first in the configuration counts.
"""

from collections.abc import Sequence

from platewire.passage.settings import Point, Zone


def zone_at(zones: Sequence[Zone], x: float, y: float) -> str | None:
    """Name of the first zone that holds the point; x and y are fractions of the picture."""
    return next((zone.name for zone in zones if contains(zone.polygon, x, y)), None)


def contains(polygon: Sequence[Point], x: float, y: float) -> bool:
    """Whether the point lies inside; points on a left or upper edge are inside."""
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside
