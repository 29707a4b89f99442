"""Trains the plate reader.

    python -m training.reader.train --data FOLDER --out RUN --minutes 180
    python -m training.reader.train --data FOLDER --out RUN --minutes 180 --resume

Without --data the network learns from rendered plates alone.
"""

from collections.abc import Generator, Mapping
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from training.loop import Recipe, run
from training.options import parse, training_parser
from training.reader.classes import CLASSES, TASK
from training.reader.evaluate import rendered_batch, score
from training.reader.loss import losses
from training.reader.network import Answer, ReaderNetwork
from training.reader.real import validation_crops
from training.reader.samples import Batch, batches
from training.schedule import Budget, Cosine
from training.workers import made_by_workers

DEFAULT = Budget(seconds=180 * 60)
RATE = 2.5e-3


class ReaderTask:
    name = TASK
    outputs = CLASSES

    def __init__(
        self, data: Path | None, *, rate: float, batch_size: int, workers: int,
        real_share: float, bfloat16: bool,
    ) -> None:  # fmt: skip
        self.batch_size = batch_size
        self.recipe = Recipe(
            rate=rate, schedule=Cosine(floor=0.01, warm_up_steps=400), weight_decay=0.01,
            gradient_norm_max=5, averaging_decay=0.998, log_steps=200, evaluation_seconds=1800,
        )  # fmt: skip
        self._held_back = validation_crops(data) if data else []
        self._data, self._workers = data, workers
        self._real_share, self._bfloat16 = real_share, bfloat16

    def new_network(self) -> ReaderNetwork:
        network = ReaderNetwork()
        network.to(memory_format=torch.channels_last)
        return network

    def initialize(self, network: ReaderNetwork, path: Path) -> None:
        device = next(network.parameters()).device
        pictures = torch.from_numpy(rendered_batch().pictures[:256]).to(device)
        network.load_exported(path, pictures.permute(0, 3, 1, 2).float())

    def batches(self, first_step: int) -> Generator[Batch, None, None]:
        make = partial(batches, self._data, self._real_share, self.batch_size)
        return made_by_workers(make, self._workers, first_step + 1)

    def losses(self, network: ReaderNetwork, batch: Batch) -> Mapping[str, Tensor]:
        device = next(network.parameters()).device
        pictures = torch.from_numpy(batch.pictures).to(device).permute(0, 3, 1, 2).float()
        short = self._bfloat16 or device.type == "cuda"
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=short):
            answer = network(pictures.contiguous(memory_format=torch.channels_last))
        return losses(Answer(*(part.float() for part in answer)), batch)

    def evaluate(self, network: ReaderNetwork) -> str:
        return score(network, self._held_back, next(network.parameters()).device)


def main() -> None:
    parser = training_parser(__doc__, RATE)
    parser.add_argument("--data", type=Path, help="the folder of the photos")
    parser.add_argument("--real", type=float, default=0.25, help="share of real crops")
    parser.add_argument("--batch", type=int, default=64, help="plates in a step")
    parser.add_argument("--workers", type=int, default=1, help="processes that render plates")
    parser.add_argument("--bfloat16", action="store_true", help="faster on some new processors")
    chosen = parse(parser)
    task = ReaderTask(
        chosen.data, rate=chosen.rate, batch_size=chosen.batch, workers=chosen.workers,
        real_share=chosen.real, bfloat16=chosen.bfloat16,
    )  # fmt: skip
    run(task, chosen, DEFAULT)


if __name__ == "__main__":
    main()
