"""Direction of travel across the frame, compared with the preset angle of the camera.

A `Course` stores a point only if the plate has moved or grown notably since the last one, so a
vehicle that stands for an hour adds nothing. The movement is the median of all slopes between the
stored points (Theil-Sen), which tolerates a badly placed box. A plate that hardly moves but grows
approaches the camera, which counts as down (90 degrees).
"""

import math
from itertools import combinations
from statistics import median

from msgspec import Struct, field

from platewire.model import Box, Direction

POINTS_MAX = 24
"""The last points decide, so a vehicle that turns back is seen to turn back."""
POINTS_MIN = 3
"""Boxes from which on a direction is judged: two give a line whatever they are, a third contradicts
noise."""
STEP_WIDTHS = 0.2
"""Plate widths to move before a point is kept; below it boxes merely tremble."""
STEP_GROWTH = math.log(1.15)
MOVEMENT_WIDTHS_MIN = 0.4
"""Plate widths of movement, over all points kept, that make an angle."""
GROWTH_MIN = math.log(1.5)

Course = list[tuple[float, float, float]]
"""Center x, center y and logarithm of the width, in pixels, of the boxes that were kept."""


class Compass(Struct, array_like=True):
    """The track of one passage and its direction so far."""

    course: Course = field(default_factory=list)
    direction: Direction = Direction.UNKNOWN

    def follow(self, box: Box, preset: float | None, tolerance: float) -> None:
        """Takes one more box; a direction once known only ever turns into the opposite one."""
        if preset is None or not _extend(self.course, box):
            return
        angle = movement(self.course)
        if angle is not None and (found := judge(angle, preset, tolerance)) != Direction.UNKNOWN:
            self.direction = found

    def join(self, later: "Compass") -> None:
        """Goes on with the course of the same vehicle."""
        self.course = [*self.course, *later.course][-POINTS_MAX:]
        if later.direction != Direction.UNKNOWN:
            self.direction = later.direction


def judge(angle: float, preset: float, tolerance: float) -> Direction:
    """`in` within `tolerance` degrees of the preset angle, `out` within as many of its opposite."""
    if _between(angle, preset) <= tolerance:
        return Direction.IN
    if _between(angle, preset + 180) <= tolerance:
        return Direction.OUT
    return Direction.UNKNOWN


def movement(course: Course) -> float | None:
    """Angle of movement in degrees, 0 to the right and 90 down; None while it is too small."""
    if len(course) < POINTS_MIN:
        return None
    across, down, growth = (_slope([point[axis] for point in course]) for axis in range(3))
    width = math.exp(median(point[2] for point in course))
    if math.hypot(across, down) >= MOVEMENT_WIDTHS_MIN * width:
        return math.degrees(math.atan2(down, across)) % 360
    if abs(growth) >= GROWTH_MIN:
        return 90.0 if growth > 0 else 270.0
    return None


def _extend(course: Course, box: Box) -> bool:
    if box.width <= 0:
        return False
    x, y = box.center
    point = (x, y, math.log(box.width))
    if course and not _stepped(course[-1], point, box.width):
        return False
    course.append(point)
    del course[:-POINTS_MAX]
    return True


def _stepped(
    last: tuple[float, float, float], point: tuple[float, float, float], width: float
) -> bool:
    moved = math.dist(last[:2], point[:2]) >= STEP_WIDTHS * width
    return moved or abs(point[2] - last[2]) >= STEP_GROWTH


def _slope(values: list[float]) -> float:
    """Median slope over all pairs, times the length: the whole movement along one axis."""
    pairs = combinations(enumerate(values), 2)
    return median((b - a) / (j - i) for (i, a), (j, b) in pairs) * (len(values) - 1)


def _between(one: float, other: float) -> float:
    return abs((one - other + 180) % 360 - 180)
