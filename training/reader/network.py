"""The network: a picture of a plate -> symbols along two lines, country, state, is it a plate.

Plain convolutions. One convolution as high as the last map folds the height into two sequences: the
first reads the upper or only line, the second the lower one, and only gaps where there is none. A
branch from a finer map sees small things beside the number (the sign in the band, the name of a
state, arms) and keeps where they are. Each picture is normalized to its own brightness
and contrast first.
"""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from training.initial_weights import classes_in, load_convolutions, load_linear_layers
from training.reader.classes import COUNTRIES, REGIONS, STEPS, SYMBOLS, matching_rows


class Answer(NamedTuple):
    """Logits."""

    symbols: Tensor
    """Pictures x (2 lines x STEPS) x symbols."""
    country: Tensor
    region: Tensor
    two_lines: Tensor
    """Pictures x 1."""
    plate: Tensor
    """Pictures x 1: whether it is a plate at all."""


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
        self.layers = nn.Sequential(
            Step(width, width, kernel),
            nn.Conv2d(width, width, kernel, padding=padding, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.layers(x))


class Surroundings(nn.Module):
    """Features of what is on a plate beside its number, and roughly where."""

    WIDTH = 128
    PLACES = (3, 5)
    """Rows and columns of the grid that keeps where a feature is."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Step(before, 72),
            Step(72, 96, (3, 5), stride=(2, 2)),
            Step(96, self.WIDTH, (3, 5)),
        )
        self.narrow = Step(self.WIDTH, 24, (1, 1))
        self.outputs = 2 * self.WIDTH + 24 * self.PLACES[0] * self.PLACES[1]

    def forward(self, fine: Tensor) -> Tensor:
        """12 x 40 cells -> one row of features a picture."""
        seen = self.layers(fine)
        # plain strides, as adaptive pooling does not export
        placed = nn.functional.max_pool2d(self.narrow(seen), (2, 4))
        return torch.cat([seen.amax(dim=(2, 3)), seen.mean(dim=(2, 3)), placed.flatten(1)], dim=1)


class ReaderNetwork(nn.Module):
    def __init__(self, across: int = 160) -> None:
        super().__init__()
        self.across = across
        self.fine = nn.Sequential(
            Step(3, 32, stride=(2, 2)),
            Step(32, 48),
            Step(48, 72, stride=(2, 2)),
            Step(72, 96),
        )
        self.coarse = nn.Sequential(
            Step(96, 96),
            Step(96, 128, stride=(2, 1)),
            Residual(128),
        )
        self.fold = Step(128, 2 * across, (6, 1), padded=False)
        self.line = nn.Sequential(Residual(across, (1, 5)), nn.Dropout(0.1))
        self.spell = nn.Conv2d(across, len(SYMBOLS), 1)
        self.around = Surroundings(96)
        self.judge = nn.Sequential(
            nn.Linear(2 * 128 + self.around.outputs, 192),
            nn.ReLU(inplace=True),
            nn.Dropout(0.1),
        )
        self.country = nn.Linear(192, len(COUNTRIES))
        self.region = nn.Linear(192, len(REGIONS))
        self.two_lines = nn.Linear(192, 1)
        self.plate = nn.Linear(192, 1)

    def forward(self, pictures: Tensor) -> Answer:
        """Pictures x 3 x HEIGHT x WIDTH, 0 to 255."""
        mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
        spread = (pictures - mean).square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        fine = self.fine((pictures - mean) / (spread + 6))
        seen = self.coarse(fine)
        folded = self.fold(seen).view(-1, 2, self.across, STEPS).transpose(1, 2)
        spelled = self.spell(self.line(folded)).flatten(2).transpose(1, 2)
        pooled = [seen.mean(dim=(2, 3)), seen.amax(dim=(2, 3)), self.around(fine)]
        judged = self.judge(torch.cat(pooled, dim=1))
        return Answer(
            spelled,
            self.country(judged),
            self.region(judged),
            self.two_lines(judged),
            self.plate(judged),
        )

    def load_exported(self, path: Path, pictures: Tensor) -> None:
        """The weights of an exported file; `pictures` is a batch as `forward` takes it.

        Countries and regions that the file does not know start fresh, and so does what tells two
        lines from one, as the export leaves it out. ValueError if the symbols differ.
        """
        known = classes_in(path)
        if known["symbols"] != list(SYMBOLS):
            raise ValueError(f"{path} spells {known['symbols']}, this network {list(SYMBOLS)}")
        parts = (self.fine, self.coarse, self.fold, self.line, self.spell, self.around)
        load_convolutions(self, path, pictures, parts)
        rows = {
            "country": matching_rows(known["countries"], COUNTRIES),
            "region": matching_rows(known["regions"], REGIONS),
        }
        load_linear_layers(self, path, rows)
