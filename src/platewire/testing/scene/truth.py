"""What a perfect reader would report of a scene, worked out from the script's own motion."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from platewire.model import Box
from platewire.testing.scene import plates, vehicles
from platewire.testing.scene.lens import Points
from platewire.testing.scene.script import Drive, Scene

LEGIBLE_PX = 100.0
"""A plate at least this wide and wholly in the picture can be read without excuse."""
STEP_S = 0.05
"""Seconds between two looks at where a vehicle is: a frame of 20 a second."""


@dataclass(frozen=True, slots=True)
class TruePassage:
    text: str
    display: str
    country: str
    color: str
    direction: str
    """`in` towards the camera, `out` away from it."""
    legible_from: float
    legible_to: float
    """Seconds of the clip."""


def passages(scene: Scene) -> list[TruePassage]:
    """In the order in which the plates become legible."""
    made = [passage(scene, drive) for drive in scene.drives]
    return sorted(made, key=lambda one: one.legible_from)


def passages_per_plate(scene: Scene) -> dict[str, int]:
    return dict(Counter(one.text for one in passages(scene)))


def passage(scene: Scene, drive: Drive) -> TruePassage:
    """Raises ValueError for a drive whose plate can never be read: the script is wrong then."""
    moments = legible_moments(scene, drive)
    if not moments:
        raise ValueError(f"the plate {drive.car.display} is never legible in scene {scene.name}")
    return TruePassage(
        text=drive.car.text,
        display=drive.car.display,
        country=drive.car.country,
        color=drive.car.color,
        direction="out" if drive.away else "in",
        legible_from=moments[0],
        legible_to=moments[-1],
    )


def legible_moments(scene: Scene, drive: Drive) -> list[float]:
    start, end = max(0.0, drive.starts), min(scene.seconds, drive.ends)
    moments = np.arange(start, end, STEP_S)
    return [
        float(at) for at in moments if legible(scene, plate_box(scene, drive, float(at)), drive)
    ]


def legible(scene: Scene, box: Box | None, drive: Drive) -> bool:
    if box is None:
        return False
    inside = box.x >= 0 and box.y >= 0
    inside = inside and box.x + box.width <= scene.lens.width
    inside = inside and box.y + box.height <= scene.lens.height
    narrower = plates.size_m(drive.car.country)[0] / 0.52
    return inside and box.width >= LEGIBLE_PX * narrower


def plate_box(scene: Scene, drive: Drive, seconds: float) -> Box | None:
    """Where the plate is in the picture, or None when it is off the road or beside the camera."""
    if not drive.on_road(seconds) or drive.distance(seconds) < scene.lens.nearest_m + 0.6:
        return None
    corners = scene.lens.project(plate_in_space(drive, seconds))
    left, top = corners.min(axis=0)
    right, low = corners.max(axis=0)
    return Box(float(left), float(top), float(right - left), float(low - top))


def plate_in_space(drive: Drive, seconds: float) -> Points:
    distance = drive.distance(seconds)
    return vehicles.plate_corners(
        drive.car,
        rear=drive.away,
        x=drive.x(distance),
        z=distance - 0.01,
        turned=turned(drive, distance),
    )


def turned(drive: Drive, distance: float) -> float:
    """Heading against the camera's axis, from the bend of the road."""
    return float(np.arctan((drive.x(distance + 1.5) - drive.x(distance)) / 1.5))
