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

    @property
    def is_placed(self) -> bool:
        return self.width > 0

    def follow(self, box: Box, at: datetime, *, whole: bool = True) -> None:
        """Takes the next box; of a part of a plate (`whole` false) only the place counts."""
        if not has_place(box):
            return
        x, y = box.center
        if self.is_placed:
            self._accelerate(x, y, (at - self.at).total_seconds())
        if whole or not self.is_placed:
            self.width, self.height = box.width, box.height
        self.x, self.y, self.at = x, y, at

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
