"""Direction of travel across the frame, compared with the preset angle of the camera.

A `Course` stores a point only if the plate has moved or grown notably since the last one, so a
vehicle that stands for an hour adds nothing. The movement is the median of all slopes between the
stored points (Theil-Sen), which tolerates a badly placed box. A plate that hardly moves but grows
approaches the camera, which counts as down (90 degrees), and so does one that grows while it moves
to the side, as that of a vehicle beside the lane does.

Once the direction is known, a `Leg` stores how far the vehicle has come. It has turned back when
the points since the farthest one lead the other way for a fifth of that.
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
TURN_SHARE = 0.2
"""Share of the way come that a vehicle has to go back to have turned: about a fifth, so that one
that only rolls back a little has not."""
TURN_WIDTHS_MIN, TURN_WIDTHS_MAX = 0.4, 3.0
"""Plate widths: that way back is at least, and need never be more than; 3 are 1.5 m."""
STRAY_WIDTHS = 1.0
"""Plate widths that a single point lies off both its neighbors to be dropped as misplaced."""

Point = tuple[float, float, float]
"""Center x, center y and logarithm of the width of a box, in pixels."""
Course = list[Point]
"""Those of the boxes that were kept."""


class Compass(Struct, array_like=True):
    """The track of one passage and its direction so far."""

    course: Course = field(default_factory=list)
    direction: Direction = Direction.UNKNOWN
    since: Point | None = None
    """Where the vehicle came from, or turned last; None before the direction was known."""

    def follow(self, box: Box, preset: float | None, tolerance: float) -> None:
        """Takes one more box; a direction once known only ever turns into the opposite one."""
        if preset is None or box.width <= 0:
            return
        point = (*box.center, math.log(box.width))
        kept = _extend(self.course, point, box.width)
        if self.direction == Direction.UNKNOWN and kept:
            self.direction = direction_of(self.course, preset, tolerance)
            self.since = self.course[0]
        elif self.direction != Direction.UNKNOWN:
            course = self.course if kept else [*self.course, point]
            self._turn(course, preset, tolerance)

    def join(self, later: "Compass") -> None:
        """Goes on with the course of the same vehicle."""
        self.course = [*self.course, *later.course][-POINTS_MAX:]
        if later.direction != Direction.UNKNOWN:
            self.direction = later.direction

    def _turn(self, course: Course, preset: float, tolerance: float) -> None:
        """Turns around if the points since the farthest one lead back for long enough.

        The last point of `course` need not be kept.
        """
        unit = math.exp(course[-1][2])
        ahead = preset if self.direction == Direction.IN else preset + 180
        way = [_progress(point, ahead, unit) for point in course]
        top = max(range(len(way)), key=way.__getitem__)
        back = way[top + 1 :]
        if direction_of(course[top + 1 :], preset, tolerance) != opposite(self.direction):
            return
        gone = -_slope(back) * len(back) / (len(back) - 1)
        come = way[top] - _progress(self.since or course[0], ahead, unit)
        if gone >= min(max(TURN_SHARE * come, TURN_WIDTHS_MIN * unit), TURN_WIDTHS_MAX * unit):
            self.direction, self.since = opposite(self.direction), course[top]
            del self.course[:top]


def opposite(direction: Direction) -> Direction:
    """Of `in` or `out`."""
    return Direction.OUT if direction == Direction.IN else Direction.IN


def direction_of(course: Course, preset: float, tolerance: float) -> Direction:
    """By the angle of the movement; where that is to the side, by whether the plate grows."""
    if len(course) < POINTS_MIN:
        return Direction.UNKNOWN
    angle, growth = movement(course), _slope([point[2] for point in course])
    found = Direction.UNKNOWN if angle is None else judge(angle, preset, tolerance)
    if found == Direction.UNKNOWN and abs(growth) >= GROWTH_MIN:
        return judge(90.0 if growth > 0 else 270.0, preset, tolerance)
    return found


def judge(angle: float, preset: float, tolerance: float) -> Direction:
    """`in` within `tolerance` degrees of the preset angle, `out` within as many of its opposite."""
    if _between(angle, preset) <= tolerance:
        return Direction.IN
    if _between(angle, preset + 180) <= tolerance:
        return Direction.OUT
    return Direction.UNKNOWN


def movement(course: Course) -> float | None:
    """Angle of movement in degrees, 0 to the right and 90 down; None while it is too small."""
    across, down = (_slope([point[axis] for point in course]) for axis in range(2))
    width = math.exp(median(point[2] for point in course))
    if math.hypot(across, down) >= MOVEMENT_WIDTHS_MIN * width:
        return math.degrees(math.atan2(down, across)) % 360
    return None


def _extend(course: Course, point: Point, width: float) -> bool:
    if course and not _stepped(course[-1], point, width):
        return False
    if len(course) > 1 and _strays(course[-2], course[-1], point, width):
        del course[-1]
    course.append(point)
    del course[:-POINTS_MAX]
    return True


def _strays(before: Point, point: Point, after: Point, width: float) -> bool:
    """Whether a point lies far off both its neighbors."""
    off = min(math.dist(before[:2], point[:2]), math.dist(point[:2], after[:2]))
    return off > STRAY_WIDTHS * width + math.dist(before[:2], after[:2])


def _progress(point: Point, ahead: float, unit: float) -> float:
    """Pixels come in the direction `ahead`; a plate that grows, measured in widths of `unit`
    pixels, comes downwards."""
    along, down = math.cos(math.radians(ahead)), math.sin(math.radians(ahead))
    return point[0] * along + (point[1] + unit * point[2]) * down


def _stepped(last: Point, point: Point, width: float) -> bool:
    moved = math.dist(last[:2], point[:2]) >= STEP_WIDTHS * width
    return moved or abs(point[2] - last[2]) >= STEP_GROWTH


def _slope(values: list[float]) -> float:
    """Median slope over all pairs, times the length: the whole movement along one axis."""
    pairs = combinations(enumerate(values), 2)
    return median((b - a) / (j - i) for (i, a), (j, b) in pairs) * (len(values) - 1)


def _between(one: float, other: float) -> float:
    return abs((one - other + 180) % 360 - 180)
