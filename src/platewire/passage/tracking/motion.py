"""Position of a vehicle's plate in the frame, and its prediction.

Position and velocity in pixels over frame time, smoothed; no model of the road. Everything that
depends on scale is measured in plate widths, as a plate is about half a meter wide anywhere.
"""

import math
from datetime import datetime

from msgspec import Struct

from platewire.model import Box

LOOK_AHEAD_SECONDS = 1.0
"""Further ahead a constant velocity says nothing."""
SMOOTHING = 0.5
"""Share of the earlier speed in the new one, 0 to 1: more is steadier, less follows a braking
vehicle sooner."""
HEADING_WIDTHS = 0.5
"""Plate widths of movement that give a heading: five times what a box trembles."""

# How far from its course a vehicle can be, in plate widths. A vehicle that follows, or comes along
# the other lane, is at least two behind or five beside; a box trembles by a tenth.
BACK_WIDTHS = 1.0
BACK_WIDTHS_PER_SECOND = 0.15
"""Plate widths by which that grows each second: who turns back has to stop first."""
BESIDE_WIDTHS = 1.5
"""Plate widths to the side of the course: three quarters of a meter."""
BESIDE_WIDTHS_PER_SECOND = 2.0
"""Plate widths by which that grows each second, as a lane bends."""
BESIDE_WIDTHS_MAX = 4.0
"""Plate widths to the side at most: below the distance of two lanes."""


class Motion(Struct, array_like=True):
    at: datetime
    """Frame time of the last position."""
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    """0 while no read had a box."""
    height: float = 0.0
    speed_x: float = 0.0
    speed_y: float = 0.0
    """Pixels per second."""
    steps: int = 0
    mark: tuple[float, float] | None = None
    """Where the heading was taken last, in pixels."""
    heading: tuple[float, float] | None = None
    """Where the vehicle goes, or went before it stopped, as across and down of length 1."""
    aside: tuple[float, float] | None = None
    """Center of the last box, where it was against the motion and is not believed yet."""

    @property
    def is_placed(self) -> bool:
        return self.width > 0

    def follow(self, box: Box, at: datetime, *, whole: bool = True) -> bool:
        """Takes the next box; of a part of a plate (`whole` false) only the place counts.

        A box against the motion is taken only when the box before it was there too: False else.
        """
        if not has_place(box):
            return False
        x, y = box.center
        if self.contradicts(box, at):
            if not self._was_aside(box):
                self.aside = (x, y)
                return False
            self._start_over(at)
        self.aside = None
        if self.is_placed:
            self._accelerate(x, y, (at - self.at).total_seconds())
        if whole or not self.is_placed:
            self.width, self.height = box.width, box.height
        self.x, self.y, self.at = x, y, at
        self._head()
        return True

    def contradicts(self, box: Box, at: datetime) -> bool:
        """Whether a vehicle that moves like this cannot be at the box: it lies behind, or beside.

        False while the vehicle was not seen to move.
        """
        if self.heading is None:
            return False
        scale = max(self.width, box.width)
        across, down = (box.center[0] - self.x) / scale, (box.center[1] - self.y) / scale
        ahead = across * self.heading[0] + down * self.heading[1]
        beside = abs(across * self.heading[1] - down * self.heading[0])
        seconds = (at - self.at).total_seconds()
        side = min(BESIDE_WIDTHS + BESIDE_WIDTHS_PER_SECOND * seconds, BESIDE_WIDTHS_MAX)
        return -ahead > BACK_WIDTHS + BACK_WIDTHS_PER_SECOND * seconds or beside > side

    def _was_aside(self, box: Box) -> bool:
        return self.aside is not None and math.dist(self.aside, box.center) <= (
            BESIDE_WIDTHS_MAX * box.width
        )

    def predicted(self, at: datetime) -> Box:
        """The box expected at a frame time not before the last one."""
        seconds = min((at - self.at).total_seconds(), LOOK_AHEAD_SECONDS)
        x, y = self.x + self.speed_x * seconds, self.y + self.speed_y * seconds
        return Box(x - self.width / 2, y - self.height / 2, self.width, self.height)

    def jump(self, box: Box, at: datetime) -> float:
        """Plate widths from where the plate is expected, or was last, to the box."""
        center = box.center
        off = min(math.dist(center, self.predicted(at).center), math.dist(center, (self.x, self.y)))
        return off / max(self.width, box.width)

    def _start_over(self, at: datetime) -> None:
        self.speed_x = self.speed_y = 0.0
        self.steps, self.at = 0, at
        self.mark = self.heading = None

    def _head(self) -> None:
        mark = self.mark or (self.x, self.y)
        way = math.dist(mark, (self.x, self.y))
        if way >= HEADING_WIDTHS * self.width:
            self.heading = ((self.x - mark[0]) / way, (self.y - mark[1]) / way)
        if self.mark is None or way >= HEADING_WIDTHS * self.width:
            self.mark = (self.x, self.y)

    def _accelerate(self, x: float, y: float, seconds: float) -> None:
        if seconds <= 0:
            return
        keep = SMOOTHING if self.steps else 0.0
        self.speed_x = keep * self.speed_x + (1 - keep) * (x - self.x) / seconds
        self.speed_y = keep * self.speed_y + (1 - keep) * (y - self.y) / seconds
        self.steps += 1


def has_place(box: Box) -> bool:
    """Whether the box says anything: cameras that read plates themselves may give none."""
    return box.width > 0 and box.height > 0 and all(map(math.isfinite, box))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0 to 1."""
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    if across <= 0 or down <= 0:
        return 0.0
    return across * down / (one.area + other.area - across * down)
