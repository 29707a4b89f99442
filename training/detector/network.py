"""The plate detector's network: a picture in, for every 8 x 8 pixels a plate's chance and corners.

Plain convolutions from stride 2 to 64, whose features are summed up again to stride 8. One head
says how likely a plate's middle lies in the cell, and where its four corners lie from there. Fully
convolutional: any picture whose sides are multiples of `MULTIPLE` pixels.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from training.initial_weights import load_convolutions

MULTIPLE = 64
CORNER_SCALE = 32.0
"""Pixels for an answer of one."""


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Block(nn.Module):
    """Two convolutions and the way around them (He et al. 2015)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = convolution(width, width)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(features + self.second(self.first(features)))


class Detector(nn.Module):
    """N x 3 x H x W, blue-green-red, 0 to 255 -> N x 9 x H/8 x W/8.

    Channel 0 is the chance's logit; 1 to 8 are x, y of the corners (upper left, then clockwise)
    from the cell's middle, in pixels.
    """

    def __init__(
        self, widths: tuple[int, int, int, int, int, int] = (16, 32, 64, 96, 128, 128)
    ) -> None:
        super().__init__()
        a, b, c, d, e, f = widths
        self.to_4 = nn.Sequential(convolution(3, a, 2), convolution(a, b, 2))
        self.to_8 = nn.Sequential(convolution(b, c, 2), Block(c))
        self.to_16 = nn.Sequential(convolution(c, d, 2), Block(d), Block(d))
        self.to_32 = nn.Sequential(convolution(d, e, 2), Block(e), Block(e))
        self.to_64 = nn.Sequential(convolution(e, f, 2), Block(f))
        neck = 64
        self.sides = nn.ModuleList(nn.Conv2d(width, neck, 1) for width in (c, d, e, f))
        self.smooth = convolution(neck, neck)
        self.head = nn.Sequential(convolution(neck, neck), nn.Conv2d(neck, 9, 1))
        nn.init.constant_(self.head[-1].bias[:1], -4.0)

    def forward(self, pictures: Tensor) -> Tensor:
        levels = []
        features = self.to_4(pictures / 128 - 1)
        for stage in (self.to_8, self.to_16, self.to_32, self.to_64):
            features = stage(features)
            levels.append(features)
        total = self.sides[3](levels[3])
        for side, level in zip(reversed(self.sides[:3]), reversed(levels[:3]), strict=True):
            total = side(level) + nn.functional.interpolate(total, scale_factor=2.0, mode="nearest")
        answer = self.head(self.smooth(total))
        return torch.cat([answer[:, :1], answer[:, 1:] * CORNER_SCALE], dim=1)

    def load_exported(self, path: Path, pictures: Tensor) -> None:
        """The weights of an exported file; `pictures` is a batch as `forward` takes it."""
        stages = (self.to_4, self.to_8, self.to_16, self.to_32, self.to_64)
        parts = (*stages, *reversed(self.sides), self.smooth, self.head)
        load_convolutions(self, path, pictures, parts)
