"""The camera: meters on the road to pixels of the picture, and how sharp things are where.

A pinhole with a shifted sensor, as architects use: uprights stay upright, and the horizon is one
row. The axes are x to the right, y up from the road, z ahead of the camera, all in meters.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""N x 3 meters, or N x 2 pixels once projected."""


@dataclass(frozen=True, slots=True)
class Lens:
    width: int = 1280
    height: int = 720
    focal_px: float = 1850.0
    mounted_m: float = 1.75
    """Height above the road."""
    horizon: float = 0.27
    """Row of the horizon as a fraction of the picture's height."""
    focus_m: float = 6.0
    """Distance at which the picture is sharpest."""
    aperture: float = 15.0
    """Blur in pixels at infinity is this divided by `focus_m`."""
    nearest_m: float = 0.35
    """What is nearer is cut off."""

    def project(self, points: Points) -> Points:
        """N x 3 meters, all at least `nearest_m` ahead, to N x 2 pixels."""
        x, y, z = points[:, 0], points[:, 1], points[:, 2]
        across = self.width / 2 + self.focal_px * x / z
        down = self.height * self.horizon + self.focal_px * (self.mounted_m - y) / z
        return np.stack([across, down], axis=1)

    def clipped(self, polygon: Points) -> Points:
        """The part of a polygon that lies in front of the camera; empty where none does."""
        kept: list[npt.NDArray[np.float64]] = []
        for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            inside, next_inside = start[2] >= self.nearest_m, end[2] >= self.nearest_m
            if inside:
                kept.append(start)
            if inside != next_inside:
                kept.append(
                    start + (end - start) * (self.nearest_m - start[2]) / (end[2] - start[2])
                )
        return np.array(kept) if len(kept) > 2 else np.empty((0, 3))

    def pixels(self, meters: float, distance_m: float) -> float:
        """How wide something is in the picture."""
        return self.focal_px * meters / distance_m

    def blur_px(self, distance_m: float) -> float:
        """Standard deviation of the defocus: the circle of confusion of a thin lens."""
        return self.aperture * abs(1 / self.focus_m - 1 / max(distance_m, 2.0))
