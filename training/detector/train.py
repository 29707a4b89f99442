"""Trains the plate detector; can stop and go on.

    python -m training.detector.train --data FOLDER --out FOLDER --minutes 60

`--out` keeps `last.pt`, written every few minutes; an existing one is taken up. `--start` begins
with a file that ships instead of nothing. The learning rate
follows the share of the minutes that are over, so a run on any machine ends well-annealed.
"""

import argparse
import copy
import math
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from training.detector.evaluate import recall_of
from training.detector.network import Detector
from training.detector.photos import CORNERS, Photo, photos
from training.detector.samples import SIDE, Plates, Shown, sample
from training.detector.targets import loss, target
from training.taken_up import take_up

BATCH = 16
RATE = 2.5e-3
DECAY = 0.998
"""Of the averaged weights, from step to step."""
WEIGHTS = (1.0, 3.0, 1.0)
"""Of the losses of chance, corners and bounds."""
SAVE_SECONDS = 180
TELL_STEPS = 50


class Samples(IterableDataset[tuple[Tensor, Tensor]]):
    """Without end; photos are decoded once and kept."""

    def __init__(self, found: list[Photo], seed: int, rendered: bool) -> None:
        self._photos = found
        self._seed = seed
        self._rendered = rendered

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        random = np.random.default_rng([self._seed, worker.id if worker else 0])
        plates = rendered_plates(random) if self._rendered else None
        pictures: dict[Path, np.ndarray] = {}

        def choose() -> Shown:
            photo = self._photos[random.integers(len(self._photos))]
            if photo.path not in pictures:
                pictures[photo.path] = cv2.imread(str(photo.path))
            return Shown(pictures[photo.path], *photo[1:])

        while True:
            one = sample(choose, random, plates)
            pixels = torch.from_numpy(np.ascontiguousarray(one.picture.transpose(2, 0, 1)))
            yield pixels, torch.from_numpy(target(one.corners, SIDE))


def rendered_plates(random: np.random.Generator) -> Plates:
    from training.render.plate import draw

    return Plates(lambda chance: draw(chance).pixels, random)


class Run:
    """The networks, the fresh and the averaged one, and how far they have come."""

    def __init__(self, folder: Path, rate: float = RATE) -> None:
        self.rate = rate
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = Detector().to(self.device, memory_format=torch.channels_last)
        self.kept = copy.deepcopy(self.network)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=RATE, weight_decay=0.01)
        self.step, self.spent = 0, 0.0
        self._last = folder / "last.pt"
        folder.mkdir(parents=True, exist_ok=True)
        if self._last.exists():
            self._take_up(torch.load(self._last, map_location=self.device))

    def begin_with(self, path: Path, pictures: Tensor) -> None:
        """The weights of a file that ships, where there is no checkpoint yet."""
        own = self.network
        stages = (own.to_4, own.to_8, own.to_16, own.to_32, own.to_64)
        parts = (*stages, *reversed(own.sides), own.smooth, own.head)
        take_up(own, path, pictures.to(self.device).float(), parts)
        self.kept.load_state_dict(own.state_dict())

    def _take_up(self, state: dict) -> None:
        self.network.load_state_dict(state["network"])
        self.kept.load_state_dict(state["kept"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent = state["step"], state["spent"]

    def save(self) -> None:
        """At once or not at all, so that a stop in between leaves the older one."""
        state = {
            "network": self.network.state_dict(),
            "kept": self.kept.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "spent": self.spent,
        }
        fresh = self._last.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self._last)

    def learn(self, pictures: Tensor, wanted: Tensor, share: float) -> np.ndarray:
        """One step at this share of the whole time; the three losses."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * rate_at(share)
        self.network.train()
        given = pictures.to(self.device).float().contiguous(memory_format=torch.channels_last)
        parts = loss(self.network(given), wanted.to(self.device))
        self.optimizer.zero_grad(set_to_none=True)
        sum(weight * part for weight, part in zip(WEIGHTS, parts, strict=True)).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        average(self.kept, self.network, self.step)
        self.step += 1
        return np.array([part.item() for part in parts])


def rate_at(share: float) -> float:
    """Warm up over a fiftieth, then half a cosine."""
    return min(1.0, share * 50) * 0.5 * (1 + math.cos(math.pi * min(share, 1.0))) + 0.002


def average(kept: torch.nn.Module, fresh: torch.nn.Module, step: int) -> None:
    decay = min(DECAY, (1 + step) / (10 + step))
    for old, new in zip(kept.state_dict().values(), fresh.state_dict().values(), strict=True):
        if old.dtype.is_floating_point:
            old.lerp_(new, 1 - decay)
        else:
            old.copy_(new)


def train(run: Run, loader: DataLoader, held_back: list[Photo], seconds: float) -> None:
    """Until so many seconds are spent, those of earlier runs counted in."""
    started, saved, sums = time.monotonic() - run.spent, time.monotonic(), np.zeros(3)
    for pictures, wanted in loader:
        run.spent = time.monotonic() - started
        if run.spent >= seconds:
            break
        sums += run.learn(pictures, wanted, run.spent / seconds)
        if run.step % TELL_STEPS == 0:
            print(f"{run.spent / 60:6.1f} min  step {run.step}  {sums / TELL_STEPS}", flush=True)
            sums[:] = 0
        if time.monotonic() - saved > SAVE_SECONDS:
            run.save()
            print(recall_of(run.kept, held_back), flush=True)
            saved = time.monotonic()
    run.save()
    print(recall_of(run.kept, held_back), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the photos")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=180)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1, help="processes that make pictures")
    parser.add_argument("--start", type=Path, help="an .onnx file to begin with")
    parser.add_argument("--rate", type=float, default=RATE, help="the highest learning rate")
    parser.add_argument("--no-rendered", action="store_true", help="photos as they are")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(1)
    run = Run(chosen.out, chosen.rate)
    learned = photos(chosen.data, CORNERS, held_back=False)
    loader = DataLoader(
        Samples(learned, run.step + 1, not chosen.no_rendered),
        batch_size=BATCH,
        num_workers=chosen.workers,
        multiprocessing_context="spawn",
        prefetch_factor=4,
    )
    if chosen.start and not run.step:
        run.begin_with(chosen.start, next(iter(loader))[0])
    train(run, loader, photos(chosen.data, CORNERS, held_back=True), chosen.minutes * 60)


if __name__ == "__main__":
    main()
