"""The network: a tower for the color and one for the type, on the same picture of a vehicle.

The tower for the color names paint pixel by pixel, where on the picture there is paint is said by
a larger view: each pixel's color becomes a vector, with no view of its neighbours, and these are
averaged over the places that the convolutions point at. So the few labelled photos need not teach
both where paint is and how each color looks at each place. Colors are taken as logarithms, and
beside the plain ones as differences from the plate's background and from the brightest of the
scene, so that more light on the same paint is the same number added everywhere.
"""

import torch
from torch import Tensor, nn

from platewire.recognition.vehicle import COLORS, TYPES

PLACES = 4
"""Maps of places, each looking for paint of its own kind: bonnet, bumper, sides, surroundings."""
PAINT = 48
"""Numbers that stand for a pixel's color."""
NEAR = slice(12, 60), slice(16, 64)
"""Columns and rows of the picture that the color is looked for in: 8 of its 12 plate sizes."""
PLATE = slice(32, 40), slice(49, 52)
"""Columns and rows of the plate's middle."""


def step(into: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
    )


class ColorTower(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.stem = nn.Sequential(step(9, 20, 2), step(20, 24))
        self.middle = nn.Sequential(step(24, 40, 2), step(40, 40))
        self.far = nn.Sequential(step(40, 64, 2), step(64, 64))
        self.back = nn.Conv2d(64, 40, 1)
        self.places = nn.Conv2d(40, PLACES, 1)
        self.paint = nn.Sequential(
            nn.Conv2d(9, 40, 1), nn.ReLU(inplace=True), nn.Conv2d(40, PAINT, 1), nn.ReLU()
        )
        self.name = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(PLACES * PAINT + 64, 96),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(96, len(COLORS)),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        colors, seen = light(pictures)
        middle = self.middle(self.stem(colors))
        far = self.far(middle)
        back = nn.functional.interpolate(self.back(far), scale_factor=2.0, mode="nearest")
        places = self.places(torch.relu(middle + back))
        places = nn.functional.interpolate(places, scale_factor=2.0, mode="nearest")
        places = places + (nn.functional.avg_pool2d(seen, 2) - 1) * 20
        weights = torch.softmax(places.flatten(2), 2)
        paint = self.paint(nn.functional.avg_pool2d(colors, 2)).flatten(2)
        mixed = torch.bmm(weights, paint.transpose(1, 2)).flatten(1)
        return self.name(torch.cat([mixed, far.mean((2, 3))], 1))


def light(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Nine planes of what is near the plate, and where there is a picture."""
    logs = torch.log(torch.clamp(pictures[:, :3], min=0) + 0.04)
    seen = pictures[:, 3:]
    plate = logs[:, :, PLATE[1], PLATE[0]].amax((1, 2, 3), keepdim=True)
    small = nn.functional.avg_pool2d(logs, 8).amax(1)
    scene = torch.topk(small.flatten(1), 8, dim=1).values.mean(1)[:, None, None, None]
    here = logs[:, :, NEAR[1], NEAR[0]]
    near = seen[:, :, NEAR[1], NEAR[0]]
    return torch.cat([here + 1, here - plate, here - scene], 1) * near, near


class TypeTower(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.shapes = nn.Sequential(
            step(3, 16), step(16, 24, 2), step(24, 32, 2), step(32, 48, 2), step(48, 48)
        )
        self.name = nn.Sequential(nn.Dropout(dropout), nn.Linear(48 * 4, len(TYPES)))

    def forward(self, pictures: Tensor) -> Tensor:
        small = nn.functional.avg_pool2d(pictures, 2)
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
        """Colors and types before softmax; pictures are n x 4 x 72 x 72, colors from 0 to 1."""
        return self.color_tower(pictures), self.type_tower(pictures)
