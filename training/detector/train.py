"""Trains the plate detector.

python -m training.detector.train --data FOLDER --out RUN --minutes 180
python -m training.detector.train --data FOLDER --out RUN --minutes 180 --resume
"""

from collections.abc import Generator, Mapping
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from training.checkpoint import Outputs
from training.detector.evaluate import recall_of
from training.detector.loss import loss
from training.detector.network import Detector
from training.detector.photos import CORNERS, photos
from training.detector.samples import Batch, batches
from training.loop import Recipe, run
from training.options import parse, training_parser
from training.schedule import Budget, Cosine
from training.workers import made_by_workers

TASK = "plate_detector"
OUTPUTS: Outputs = {}
"""It has no classes."""
DEFAULT = Budget(seconds=180 * 60)
RATE = 2.5e-3
WEIGHTS = {"score": 1.0, "corners": 3.0, "bounds": 1.0}
"""Of the parts of the loss."""


class DetectorTask:
    name = TASK
    outputs = OUTPUTS

    def __init__(
        self, data: Path, *, rate: float, batch_size: int, workers: int, rendered: bool
    ) -> None:
        self.batch_size = batch_size
        self.recipe = Recipe(
            rate=rate, schedule=Cosine(floor=0.002, warm_up_progress=0.02), weight_decay=0.01,
            gradient_norm_max=5, averaging_decay=0.998, log_steps=50, evaluation_seconds=180,
        )  # fmt: skip
        self._photos = photos(data, CORNERS, held_back=False)
        self._held_back = photos(data, CORNERS, held_back=True)
        self._workers, self._rendered = workers, rendered

    def new_network(self) -> Detector:
        network = Detector()
        network.to(memory_format=torch.channels_last)
        return network

    def initialize(self, network: Detector, path: Path) -> None:
        device = next(network.parameters()).device
        batch = next(batches(self._photos, self._rendered, self.batch_size, seed=1))
        network.load_exported(path, torch.from_numpy(batch.pictures).to(device).float())

    def batches(self, first_step: int) -> Generator[Batch, None, None]:
        make = partial(batches, self._photos, self._rendered, self.batch_size)
        return made_by_workers(make, self._workers, first_step + 1)

    def losses(self, network: Detector, batch: Batch) -> Mapping[str, Tensor]:
        device = next(network.parameters()).device
        pictures = torch.from_numpy(batch.pictures).to(device).float()
        answer = network(pictures.contiguous(memory_format=torch.channels_last))
        parts = loss(answer, torch.from_numpy(batch.targets).to(device))
        return {
            name: weight * part for (name, weight), part in zip(WEIGHTS.items(), parts, strict=True)
        }

    def evaluate(self, network: Detector) -> str:
        return str(recall_of(network, self._held_back))


def main() -> None:
    parser = training_parser(__doc__, RATE)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the photos")
    parser.add_argument("--batch", type=int, default=16, help="pictures in a step")
    parser.add_argument("--workers", type=int, default=1, help="processes that make pictures")
    parser.add_argument("--no-rendered", action="store_true", help="photos as they are")
    chosen = parse(parser)
    task = DetectorTask(
        chosen.data, rate=chosen.rate, batch_size=chosen.batch, workers=chosen.workers,
        rendered=not chosen.no_rendered,
    )  # fmt: skip
    run(task, chosen, DEFAULT)


if __name__ == "__main__":
    main()
