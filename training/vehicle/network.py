"""The network: a tower for the color and one for the type, on the same picture of a vehicle.

The color tower separates what a paint looks like from where it is. Each pixel's color alone becomes
a vector; convolutions over a larger view say how much each place counts, and the vectors are
averaged with these weights. The few labeled photos thus need not show each color at each place.
Colors are logarithms: plain, relative to the background of the plate, and relative to the brightest
of the scene, so that more light on the same paint adds the same number everywhere.
"""

import torch
from torch import Tensor, nn

from platewire.recognition.vehicle.classifier import COLORS, TYPES
from training.checkpoint import Outputs

TASK = "vehicle"
"""As its checkpoints name it."""
CLASSES: Outputs = {"colors": COLORS, "types": TYPES}
PLACES = 4
"""Maps of places, each looking for paint of its own kind: bonnet, bumper, sides, surroundings."""
PAINT = 48
"""Numbers that stand for a pixel's color."""
PLATE = slice(41, 55), slice(63, 68)
"""Columns and rows of the plate's middle."""
BRIGHTEST = 8
"""Pixels of the plate, and spots of the scene, whose mean is its white."""


def step(into: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Two steps whose result is added to what went in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.steps = nn.Sequential(
            step(width, width), nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, given: Tensor) -> Tensor:
        return torch.relu(given + self.steps(given))


class ColorTower(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.stem = nn.Sequential(step(10, 24, 2), step(24, 32))
        self.near = nn.Sequential(step(32, 48, 2), Residual(48))
        self.far = nn.Sequential(step(48, 80, 2), Residual(80))
        self.scene = nn.Sequential(step(80, 112, 2), Residual(112))
        self.scene_to_far = nn.Conv2d(112, 80, 1)
        self.far_to_near = nn.Conv2d(80, 48, 1)
        self.places = nn.Conv2d(48, PLACES, 1)
        self.paint = nn.Sequential(
            nn.Conv2d(9, 40, 1), nn.ReLU(inplace=True), nn.Conv2d(40, PAINT, 1), nn.ReLU()
        )
        self.name = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(PLACES * PAINT + 112, 96),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(96, len(COLORS)),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        colors, seen = light(pictures), pictures[:, 3:]
        near = self.near(self.stem(torch.cat([colors, seen], 1)))
        far = self.far(near)
        scene = self.scene(far)
        far = torch.relu(far + doubled(self.scene_to_far(scene)))
        near = torch.relu(near + doubled(self.far_to_near(far)))
        places = doubled(self.places(near)) + (nn.functional.avg_pool2d(seen, 2) - 1) * 20
        weights = torch.softmax(places.flatten(2), 2)
        paint = self.paint(nn.functional.avg_pool2d(colors, 2)).flatten(2)
        mixed = torch.bmm(weights, paint.transpose(1, 2)).flatten(1)
        return self.name(torch.cat([mixed, scene.mean((2, 3))], 1))


def doubled(maps: Tensor) -> Tensor:
    return nn.functional.interpolate(maps, scale_factor=2.0, mode="nearest")


def light(pictures: Tensor) -> Tensor:
    """Nine planes: the logarithms, and these less the plate's and less the scene's white."""
    logs = torch.log(torch.clamp(pictures[:, :3], min=0) + 0.04)
    plate = logs[:, :, PLATE[1], PLATE[0]].mean(1)
    scene = nn.functional.avg_pool2d(logs, 8).amax(1)
    return torch.cat([logs + 1, logs - white(plate), logs - white(scene)], 1) * pictures[:, 3:]


def white(brightness: Tensor) -> Tensor:
    """n x height x width -> n x 1 x 1 x 1, the mean of the brightest."""
    brightest = torch.topk(brightness.flatten(1), BRIGHTEST, dim=1).values
    return brightest.mean(1)[:, None, None, None]


class TypeTower(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.shapes = nn.Sequential(
            step(3, 16), step(16, 24, 2), step(24, 32, 2), step(32, 48, 2), step(48, 48)
        )
        self.name = nn.Sequential(nn.Dropout(dropout), nn.Linear(48 * 4, len(TYPES)))

    def forward(self, pictures: Tensor) -> Tensor:
        small = nn.functional.avg_pool2d(pictures, 3)
        gray = small[:, :3].mean(1, keepdim=True)
        saturated = small[:, :3].amax(1, keepdim=True) - small[:, :3].amin(1, keepdim=True)
        seen = self.shapes(torch.cat([gray, saturated, small[:, 3:]], 1))
        return self.name(nn.functional.avg_pool2d(seen, 2).flatten(1))


class VehicleNetwork(nn.Module):
    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.color_tower = ColorTower(dropout)
        self.type_tower = TypeTower(dropout)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Colors and types before softmax; pictures are n x 4 x 96 x 96, colors from 0 to 1."""
        return self.color_tower(pictures), self.type_tower(pictures)
