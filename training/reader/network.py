"""The network: a picture of a plate -> symbols along two lines, country, state, number of lines.

Plain convolutions. The height is folded into two sequences by one convolution as high as the last
map: the first sequence reads the upper or only line, the second the lower one and is silent where
there is none. Each picture is normalized to its own brightness and contrast first.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from training.reader.classes import COUNTRIES, REGIONS, STEPS, SYMBOLS


class Answer(NamedTuple):
    """Logits."""

    symbols: Tensor
    """Pictures x (2 lines x STEPS) x symbols."""
    country: Tensor
    region: Tensor
    two_lines: Tensor
    """Pictures x 1."""


class Step(nn.Sequential):
    def __init__(
        self, before: int, after: int, kernel: tuple[int, int] = (3, 3),
        stride: tuple[int, int] = (1, 1), padded: bool = True,
    ) -> None:  # fmt: skip
        padding = (kernel[0] // 2, kernel[1] // 2) if padded else (0, 0)
        super().__init__(
            nn.Conv2d(before, after, kernel, stride, padding, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    def __init__(self, width: int, kernel: tuple[int, int] = (3, 3)) -> None:
        super().__init__()
        padding = kernel[0] // 2, kernel[1] // 2
        self.way = nn.Sequential(
            Step(width, width, kernel),
            nn.Conv2d(width, width, kernel, padding=padding, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.way(x))


class ReaderNetwork(nn.Module):
    def __init__(self, across: int = 160) -> None:
        super().__init__()
        self.across = across
        self.eye = nn.Sequential(
            Step(3, 32, stride=(2, 2)),
            Step(32, 48),
            Step(48, 72, stride=(2, 2)),
            Step(72, 96),
            Step(96, 96),
            Step(96, 128, stride=(2, 1)),
            Residual(128),
        )
        self.fold = Step(128, 2 * across, (6, 1), padded=False)
        self.line = nn.Sequential(Residual(across, (1, 5)), nn.Dropout(0.1))
        self.spell = nn.Conv2d(across, len(SYMBOLS), 1)
        self.judge = nn.Sequential(nn.Linear(256, 192), nn.ReLU(inplace=True))
        self.country = nn.Linear(192, len(COUNTRIES))
        self.region = nn.Linear(192, len(REGIONS))
        self.two_lines = nn.Linear(192, 1)

    def forward(self, pictures: Tensor) -> Answer:
        """Pictures x 3 x HEIGHT x WIDTH, 0 to 255."""
        mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
        spread = (pictures - mean).square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        seen = self.eye((pictures - mean) / (spread + 6))
        folded = self.fold(seen).view(-1, 2, self.across, STEPS).transpose(1, 2)
        spelled = self.spell(self.line(folded)).flatten(2).transpose(1, 2)
        pooled = torch.cat([seen.mean(dim=(2, 3)), seen.amax(dim=(2, 3))], dim=1)
        judged = self.judge(pooled)
        return Answer(spelled, self.country(judged), self.region(judged), self.two_lines(judged))
