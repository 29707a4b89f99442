"""Trains the network; may be stopped and goes on where it was.

    python -m training.vehicle.train --data PHOTOS --out RUN

Of the examples that are not held back an eighth is kept for choosing thresholds, by their group;
`--all`, once everything is chosen, teaches these as well.
"""

import argparse
import hashlib
from pathlib import Path

import torch

from training.vehicle.learning import BATCH, Learning
from training.vehicle.regions import examples

LABELS = Path(__file__).parent / "labels.jsonl"
CHECKPOINT = "checkpoint.pt"


def is_for_choosing(group: str) -> bool:
    return int(hashlib.md5(group.encode(), usedforsecurity=False).hexdigest(), 16) % 8 == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="those for choosing are taught too")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    known = [one for one in examples(chosen.data, LABELS) if not one.held_back]
    taught = [one for one in known if chosen.all or not is_for_choosing(one.group)]
    steps = chosen.epochs * (len(taught) // BATCH)
    learning = Learning(taught, steps=steps, seed=chosen.seed)
    run(learning, chosen.out / CHECKPOINT)


def run(learning: Learning, path: Path) -> None:
    if path.is_file():
        learning.resume(path)
    total = 0.0
    while learning.step < learning.steps:
        total += learning.once()
        if learning.step % 50 == 0:
            print(f"step {learning.step} of {learning.steps}: loss {total / 50:.3f}", flush=True)
            total = 0.0
            learning.keep(path)
    learning.keep(path)


if __name__ == "__main__":
    main()
