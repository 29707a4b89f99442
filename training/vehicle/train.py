"""Trains the network for color and type.

    python -m training.vehicle.train --data FOLDER --out RUN
    python -m training.vehicle.train --data FOLDER --out RUN --resume

An eighth of the examples that are not held back is kept for choosing thresholds; `--all`, once
everything is chosen, trains on these as well. A resumed run gives the same weights as one that was
never stopped: its samples depend on the seed and the step alone.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from platewire.recognition.vehicle.classifier import COLORS
from training.loop import Recipe, run
from training.options import parse, training_parser
from training.schedule import Budget, OneCycle
from training.vehicle.evaluate import best_guesses
from training.vehicle.network import CLASSES, TASK, VehicleNetwork
from training.vehicle.photos import LABELS, is_for_choosing
from training.vehicle.regions import Example, Floats, batch, examples

BATCH = 48
RARE = 8
"""Vehicles other than cars that each batch has in addition. They train the type alone: most of them
are white, and the color would learn that everything is."""
TYPE_WEIGHT = 0.5
"""Of the type's loss; the color's counts 1."""
RATE = 4e-3
EPOCHS = 60
FEW = 8
"""A class with fewer examples counts as if it had so many."""


class Batch(NamedTuple):
    """The first `BATCH` examples train color and type, the rare ones after them the type."""

    pictures: Floats
    colors: npt.NDArray[np.int64]
    types: npt.NDArray[np.int64]


class VehicleTask:
    name = TASK
    outputs = CLASSES
    batch_size = BATCH + RARE

    def __init__(
        self, taught: Sequence[Example], choosing: Sequence[Example], *, rate: float, seed: int
    ) -> None:
        self.recipe = Recipe(
            rate=rate, schedule=OneCycle(), weight_decay=0.05, gradient_norm_max=2,
            averaging_decay=0.995, log_steps=50, evaluation_seconds=300,
        )  # fmt: skip
        self._taught, self._choosing, self._seed = taught, choosing, seed
        self._rare = [one for one in taught if one.type > 0]
        self._weights = rarity_weights([one.color for one in taught], len(COLORS))

    def new_network(self) -> VehicleNetwork:
        return VehicleNetwork()

    def initialize(self, network: VehicleNetwork, path: Path) -> None:
        raise ValueError(f"--init {path}: this network is trained from nothing, in minutes")

    def batches(self, first_step: int) -> Generator[Batch, None, None]:
        for step in count(first_step):
            random = np.random.default_rng((self._seed, step))
            chosen = [*chosen_from(self._taught, BATCH, random)]
            chosen += chosen_from(self._rare, RARE, random)
            yield Batch(*batch(chosen, random))

    def losses(self, network: VehicleNetwork, batch: Batch) -> Mapping[str, Tensor]:
        device = next(network.parameters()).device
        pictures, colors, types = (torch.from_numpy(part).to(device) for part in batch)
        color = cross_entropy(
            network.color_tower(pictures[:BATCH]), colors[:BATCH], self._weights.to(device),
            ignore_index=-1, label_smoothing=0.05,
        )  # fmt: skip
        kind = cross_entropy(
            network.type_tower(pictures), types, ignore_index=-1, label_smoothing=0.03
        )
        return {"color": color, "type": TYPE_WEIGHT * kind}

    def evaluate(self, network: VehicleNetwork) -> str:
        if not self._choosing:
            return "no examples to evaluate on: --all trains on all that are not held back"
        return best_guesses(network, self._choosing)


def chosen_from(
    some: Sequence[Example], size: int, random: np.random.Generator
) -> Iterator[Example]:
    return (some[place] for place in random.integers(len(some), size=size))


def rarity_weights(indices: Sequence[int], classes: int) -> Tensor:
    """Rarer classes count more, by the fourth root of how rare they are; 1 on average."""
    counts = np.bincount([index for index in indices if index >= 0], minlength=classes)
    found = 1 / np.maximum(counts, FEW) ** 0.25
    return torch.tensor(found / found.mean(), dtype=torch.float32)


def main() -> None:
    parser = training_parser(__doc__, RATE)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the photos")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="unless --steps or --minutes")
    parser.add_argument("--all", action="store_true", help="train on those for choosing as well")
    chosen = parse(parser)
    known = [one for one in examples(chosen.data, LABELS) if not one.held_back]
    choosing = [] if chosen.all else [one for one in known if is_for_choosing(one.group)]
    taught = [one for one in known if chosen.all or not is_for_choosing(one.group)]
    task = VehicleTask(taught, choosing, rate=chosen.rate, seed=chosen.seed)
    run(task, chosen, Budget(steps=chosen.epochs * (len(taught) // BATCH)))


if __name__ == "__main__":
    main()
