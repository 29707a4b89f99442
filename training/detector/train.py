"""Trains the plate detector; can stop and go on.

    python -m training.detector.train --data FOLDER --out FOLDER --minutes 60

`--out` keeps `last.pt` (written every few minutes; an existing one is taken up) and the log. The learning
rate follows the share of the minutes that are over, so a run on any machine ends well-annealed.
"""

import argparse
import copy
import itertools
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
from training.detector.photos import Photo, photos
from training.detector.samples import SIDE, Plates, Shown, sample
from training.detector.targets import loss, target

CORNERS = Path(__file__).parent / "corners.jsonl"
BATCH = 16
RATE = 2.5e-3
DECAY = 0.998
"""Of the averaged weights, from step to step."""
SAVE_SECONDS = 180


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
        plates = None
        if self._rendered:
            from training.render.plate import draw

            plates = Plates(lambda chance: draw(chance).pixels, random)
        pictures: dict[Path, np.ndarray] = {}

        def choose() -> Shown:
            photo = self._photos[random.integers(len(self._photos))]
            if photo.path not in pictures:
                pictures[photo.path] = cv2.imread(str(photo.path))
            return Shown(pictures[photo.path], photo.corners)

        while True:
            one = sample(choose, random, plates)
            pixels = torch.from_numpy(np.ascontiguousarray(one.picture.transpose(2, 0, 1)))
            yield pixels, torch.from_numpy(target(one.corners, SIDE))


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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True, help="the folder with the train photos")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--no-rendered", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = Detector().to(device, memory_format=torch.channels_last)
    kept = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    step, spent = 0, 0.0
    last = chosen.out / "last.pt"
    if last.exists():
        state = torch.load(last, map_location=device)
        network.load_state_dict(state["network"])
        kept.load_state_dict(state["kept"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["spent"]
    held_back = photos(chosen.data, CORNERS, held_back=True)
    loader = DataLoader(
        Samples(photos(chosen.data, CORNERS, held_back=False), step + 1, not chosen.no_rendered),
        batch_size=BATCH,
        num_workers=chosen.workers,
        multiprocessing_context="spawn",
        prefetch_factor=4,
    )
    started = time.monotonic() - spent
    saved, sums = time.monotonic(), np.zeros(3)
    for pictures, wanted in itertools.chain(loader):
        spent = time.monotonic() - started
        share = spent / (chosen.minutes * 60)
        if share >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = RATE * rate_at(share)
        network.train()
        given = pictures.to(device).float().contiguous(memory_format=torch.channels_last)
        parts = loss(network(given), wanted.to(device))
        total = parts[0] + 3 * parts[1] + parts[2]
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        average(kept, network, step)
        step += 1
        sums += [part.item() for part in parts]
        if step % 50 == 0:
            print(f"{spent / 60:6.1f} min  step {step}  {step * BATCH / spent:5.1f}/s  {sums / 50}", flush=True)
            sums[:] = 0
        if time.monotonic() - saved > SAVE_SECONDS:
            save(last, network, kept, optimizer, step, spent)
            print(recall_of(kept, held_back), flush=True)
            saved = time.monotonic()
    save(last, network, kept, optimizer, step, spent)
    print(recall_of(kept, held_back), flush=True)


def save(path: Path, network: torch.nn.Module, kept: torch.nn.Module, optimizer: torch.optim.Optimizer, step: int, spent: float) -> None:
    """At once or not at all, so that a stop in between leaves the older one."""
    state = {"network": network.state_dict(), "kept": kept.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "spent": spent}
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


if __name__ == "__main__":
    main()
