"""The vehicle around a plate -> color and type, by a small network.

The network sees a square around the plate only: 11 colors, and `unknown` if light or distance hide
the color; five types. The thresholds were set on photos that were not used for training. Below them
the result is null.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from platewire.model import Attribute, Box, Pixels, Vehicle
from platewire.recognition.networks.models import open_own
from platewire.recognition.vehicle.region import cut_region, region_around

MODEL = "vehicle.onnx"
SIDE = 96
"""Pixels of the square that the network sees."""
COLORS = (
    *("white", "silver", "gray", "black"),
    *("red", "orange", "yellow", "green", "blue", "brown", "beige"),
    "unknown",
)
TYPES = ("car", "van", "truck", "bus", "motorcycle")
COLOR_MIN, TYPE_MIN = 0.65, 0.7
"""What is less likely than this is not said."""
OTHER_TYPE_MIN = 0.9
"""The same for what is no car: there were few such vehicles to learn from."""
PLATE_WIDTH_MIN = 24.0
"""Pixels; around narrower plates a vehicle is a few spots."""
SEEN_MIN = 0.12
"""Share of the square that must lie in the picture; the plate alone tells nothing."""
GRAY_PICTURE = 6.0
"""Difference between the channels, 0 to 255, that hardly any pixel of a gray picture exceeds."""

Floats = npt.NDArray[np.float32]


class Chances(NamedTuple):
    """0 to 1 for each of COLORS and each of TYPES; both rows sum to 1."""

    colors: Floats
    types: Floats


class VehicleClassifier:
    def __init__(self, *, threads: int = 1, folder: Path | None = None) -> None:
        self._session = open_own(MODEL, threads, folder)
        self._input = self._session.get_inputs()[0].name

    def look(self, pixels: Pixels, plate: Box) -> Vehicle:
        """The vehicle of a plate whose box is in pixels of the picture."""
        if plate.width < PLATE_WIDTH_MIN:
            return Vehicle()
        region, seen = region_of(pixels, plate)
        if (seen > 127).mean() < SEEN_MIN:
            return Vehicle()
        chances = self.chances(network_input(region, seen))
        gray = is_gray(region, seen)
        return Vehicle(
            color=None if gray else said(COLORS, chances.colors, COLOR_MIN),
            type=type_of(chances.types),
        )

    def chances(self, picture: Floats) -> Chances:
        colors, types = self._session.run(None, {self._input: picture[None]})
        return Chances(np.asarray(colors)[0], np.asarray(types)[0])


def region_of(pixels: Pixels, plate: Box) -> tuple[Pixels, npt.NDArray[np.uint8]]:
    """The square around the vehicle, and 255 where the picture reaches."""
    region = region_around(plate)
    return cut_region(pixels, region, SIDE), seen_part(pixels, region, SIDE)


def seen_part(pixels: Pixels, region: Box, side: int) -> npt.NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    middles = (np.arange(side) + 0.5) / side * region.width
    columns = (region.x + middles >= 0) & (region.x + middles < width)
    rows = (region.y + middles >= 0) & (region.y + middles < height)
    return np.where(rows[:, None] & columns[None, :], 255, 0).astype(np.uint8)


def network_input(region: Pixels, seen: npt.NDArray[np.uint8]) -> Floats:
    """4 x side x side: blue, green, red from 0 to 1, and 1 where the picture reaches, else 0."""
    planes = np.empty((4, *region.shape[:2]), np.float32)
    planes[:3] = region.transpose(2, 0, 1) / np.float32(255)
    planes[3] = seen > 127
    planes[:3] *= planes[3]
    return planes


def is_gray(region: Pixels, seen: npt.NDArray[np.uint8]) -> bool:
    """Whether the camera gives no colors, as at night under infrared: then nobody can name one."""
    spread = (region.max(axis=2).astype(np.int16) - region.min(axis=2))[seen > 127]
    return float(np.percentile(spread, 98)) < GRAY_PICTURE


def type_of(chances: Floats) -> Attribute | None:
    found = said(TYPES, chances, TYPE_MIN)
    sure = found and (found.value == "car" or found.confidence >= OTHER_TYPE_MIN)
    return found if sure else None


def said(names: tuple[str, ...], chances: Floats, least: float) -> Attribute | None:
    best = int(chances.argmax())
    if names[best] == "unknown" or chances[best] < least:
        return None
    return Attribute(names[best], round(float(chances[best]), 4))
