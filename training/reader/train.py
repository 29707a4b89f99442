"""python -m training.reader.train --minutes N --out FOLDER [--data FOLDER] [--resume]

Trains for N minutes in all, over as many runs as it takes: a run that was stopped goes on with
--resume where its last checkpoint stood. The learning rate falls over the whole of the minutes.
`--start` begins with a file that ships instead of nothing. Uses a GPU when there is one; on a CPU
`--threads`, and with `--bfloat16` what some new processors are faster at.
"""

import argparse
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from training.reader.evaluate import rendered_batch, score
from training.reader.network import Answer, ReaderNetwork
from training.reader.real import validation_crops
from training.reader.samples import UNKNOWN, Batch, Renderers
from training.taken_up import take_up, take_up_linear

RATE = 2.5e-3
WARM_UP = 400
KEEP = 0.998
"""Share of the averaged weights that stays at each step."""


@dataclass
class State:
    network: ReaderNetwork
    averaged: ReaderNetwork
    optimizer: torch.optim.Optimizer
    rate: float = RATE
    steps: int = 0
    seen: int = 0
    seconds: float = 0.0


def main() -> None:
    arguments = parser().parse_args()
    torch.set_num_threads(arguments.threads)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    arguments.out.mkdir(parents=True, exist_ok=True)
    state = fresh(device, arguments.rate)
    if arguments.start and not arguments.resume:
        begin_with(state, arguments.start)
    if arguments.resume:
        restore(state, arguments.out / "checkpoint.pt", device)
    renderers = Renderers(
        arguments.renderers, 1 + state.steps, arguments.batch, arguments.data, arguments.real
    )
    try:
        run(state, renderers, arguments, device)
    finally:
        renderers.close()
        save(state, arguments.out / "checkpoint.pt")


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__)
    found.add_argument("--minutes", type=float, required=True)
    found.add_argument("--out", type=Path, required=True)
    found.add_argument("--data", type=Path, help="the folder of the photos in labels.jsonl")
    found.add_argument("--real", type=float, default=0.25, help="share of real crops")
    found.add_argument("--resume", action="store_true")
    found.add_argument("--start", type=Path, help="an .onnx file to begin with")
    found.add_argument("--rate", type=float, default=RATE, help="the highest learning rate")
    found.add_argument("--bfloat16", action="store_true")
    found.add_argument("--threads", type=int, default=1)
    found.add_argument("--renderers", type=int, default=1, help="processes that render")
    found.add_argument("--batch", type=int, default=64)
    found.add_argument("--check-every", type=int, default=2000, help="steps between validations")
    return found


def fresh(device: torch.device, rate: float = RATE) -> State:
    torch.manual_seed(1)
    network = ReaderNetwork().to(device, memory_format=torch.channels_last)
    averaged = ReaderNetwork().to(device, memory_format=torch.channels_last)
    averaged.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.01)
    return State(network, averaged.eval(), optimizer, rate)


def begin_with(state: State, path: Path) -> None:
    """All but what tells two lines from one comes from the file, which has no such answer."""
    pictures = torch.from_numpy(rendered_batch().pictures[:256]).permute(0, 3, 1, 2).float()
    device, own = next(state.network.parameters()).device, state.network
    parts = (own.fine, own.coarse, own.fold, own.line, own.spell, own.around)
    take_up(own, path, pictures.to(device), parts)
    take_up_linear(own, path)
    state.averaged.load_state_dict(state.network.state_dict())


def run(
    state: State, renderers: Renderers, arguments: argparse.Namespace, device: torch.device
) -> None:
    real = validation_crops(arguments.data) if arguments.data else []
    last_saved = began = time.monotonic()
    before = state.seconds
    losses: list[float] = []
    while state.seconds < arguments.minutes * 60:
        set_rate(state, state.seconds / (arguments.minutes * 60))
        losses.append(step(state, renderers.next(), device, arguments.bfloat16))
        state.seconds = before + time.monotonic() - began
        if state.steps % 200 == 0:
            pace = state.seen / max(state.seconds, 1)
            print(f"{state.seconds / 60:6.1f} min  {state.seen:8d} seen  {pace:5.0f}/s  "
                  f"loss {np.mean(losses):.4f}", flush=True)  # fmt: skip
            losses.clear()
        if state.steps % arguments.check_every == 0:
            print(score(state.averaged, real, device), flush=True)
        if time.monotonic() - last_saved > 120:
            save(state, arguments.out / "checkpoint.pt")
            last_saved = time.monotonic()
    print(score(state.averaged, real, device), flush=True)


def set_rate(state: State, progress: float) -> None:
    rate = float(state.rate * (0.5 * (1 + np.cos(np.pi * min(progress, 1))) * 0.99 + 0.01))
    for group in state.optimizer.param_groups:
        group["lr"] = rate * min((state.steps + 1) / WARM_UP, 1)


def step(state: State, batch: Batch, device: torch.device, short: bool = False) -> float:
    state.network.train()
    pictures = torch.from_numpy(batch.pictures).to(device).permute(0, 3, 1, 2).float()
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=short or device.type == "cuda"):
        answer = state.network(pictures)
    loss = loss_of(Answer(*(part.float() for part in answer)), batch, device)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
    state.optimizer.step()
    average(state)
    state.steps += 1
    state.seen += len(batch.pictures)
    return float(loss.detach())


def loss_of(answer: Answer, batch: Batch, device: torch.device) -> Tensor:
    def moved(values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(device)

    spelled = answer.symbols.log_softmax(dim=2)
    columns = moved(batch.columns)
    weights = torch.ones(spelled.shape[2], device=device)
    weights[0] = 0.4
    by_column = nn.functional.nll_loss(
        spelled.flatten(0, 1), columns.flatten(), weights, ignore_index=UNKNOWN
    )
    steps = torch.full((len(spelled),), spelled.shape[1], dtype=torch.long)
    by_line = nn.functional.ctc_loss(
        spelled.transpose(0, 1), moved(batch.texts), steps, moved(batch.lengths).cpu(),
        zero_infinity=True,
    )  # fmt: skip
    country = nn.functional.cross_entropy(
        answer.country, moved(batch.countries), ignore_index=UNKNOWN, label_smoothing=0.05
    )
    regions = moved(batch.regions)
    region = nn.functional.cross_entropy(
        answer.region, regions, ignore_index=UNKNOWN, label_smoothing=0.05, reduction="sum"
    ) / (regions != UNKNOWN).sum().clamp(min=1)
    known = moved(batch.two_lines) >= 0
    lines = nn.functional.binary_cross_entropy_with_logits(
        answer.two_lines[known, 0], moved(batch.two_lines)[known]
    )
    plate = nn.functional.binary_cross_entropy_with_logits(answer.plate[:, 0], moved(batch.plates))
    return by_column + by_line + 0.3 * country + 0.1 * region + 0.1 * lines + 0.3 * plate


@torch.no_grad()
def average(state: State) -> None:
    keep = min(KEEP, (1 + state.steps) / (10 + state.steps))
    theirs, ours = state.averaged.state_dict(), state.network.state_dict()
    for name, value in theirs.items():
        if value.is_floating_point():
            value.lerp_(ours[name], 1 - keep)


def save(state: State, path: Path) -> None:
    """Written beside and moved, so that a stop in between leaves the former one."""
    written = path.with_suffix(".new")
    torch.save(
        {
            "network": state.network.state_dict(), "averaged": state.averaged.state_dict(),
            "optimizer": state.optimizer.state_dict(), "steps": state.steps,
            "seen": state.seen, "seconds": state.seconds,
        },
        written,
    )  # fmt: skip
    written.replace(path)


def restore(state: State, path: Path, device: torch.device) -> None:
    kept = torch.load(path, map_location=device, weights_only=True)
    state.network.load_state_dict(kept["network"])
    state.averaged.load_state_dict(kept["averaged"])
    state.optimizer.load_state_dict(kept["optimizer"])
    state.steps, state.seen, state.seconds = kept["steps"], kept["seen"], kept["seconds"]


if __name__ == "__main__":
    main()
