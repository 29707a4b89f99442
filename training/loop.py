"""The training loop of all networks: steps, learning rate, averaged weights, log, checkpoints.

What differs from network to network is a `Task`: its samples, its losses, its evaluation, and the
numbers of its `Recipe`. A run ends when its budget is spent, or at SIGINT or SIGTERM after the step
it is in; both leave a checkpoint from which `resume` goes on.
"""

import argparse
import math
import signal
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

from training.checkpoint import (
    Outputs,
    TrainingState,
    fresh_state,
    resume,
    save_checkpoint,
)
from training.options import CHECKPOINT, budget_of
from training.schedule import Budget, Pace, Schedule

Batch = TypeVar("Batch")


class Recipe(NamedTuple):
    """How a network is trained."""

    rate: float
    """The highest learning rate."""
    schedule: Schedule
    weight_decay: float
    gradient_norm_max: float
    averaging_decay: float
    """Share of the averaged weights that stays at each step; less during the first steps."""
    log_steps: int
    """Steps between two lines of the log."""
    evaluation_seconds: float
    checkpoint_seconds: float = 120


class Task(Protocol[Batch]):
    """What one network brings to the loop."""

    @property
    def name(self) -> str:
        """Of the task, as checkpoints name it."""

    @property
    def outputs(self) -> Outputs: ...

    @property
    def recipe(self) -> Recipe: ...

    @property
    def batch_size(self) -> int:
        """Samples of a batch."""

    def new_network(self) -> nn.Module: ...

    def initialize(self, network: nn.Module, path: Path) -> None:
        """Takes the weights of an .onnx file that ships. ValueError if they do not fit."""

    def batches(self, first_step: int) -> Generator[Batch, None, None]:
        """Endless; closed at the end of the run. `first_step` is the one at which the run resumes:
        its samples differ from those of the steps before."""

    def losses(self, network: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        """The parts of the loss by name, weighted; their sum is minimized."""

    def evaluate(self, network: nn.Module) -> str:
        """One line on samples that are not trained on. The network is in evaluation mode."""


def run(task: Task[Batch], arguments: argparse.Namespace, default: Budget) -> None:
    """Starts a run or resumes one. SystemExit with a sentence if a file does not fit the network
    or cannot be read."""
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    checkpoint = arguments.out / CHECKPOINT
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        state = new_state(task, arguments.init)
        if arguments.resume:
            resume(checkpoint, state, task.name, task.outputs)
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from error
    train(task, state, budget_of(arguments, default), checkpoint)


def new_state(task: Task[Batch], init: Path | None) -> TrainingState:
    """On the GPU if there is one. ValueError or OSError if the weights in `init` do not fit."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = task.new_network().to(device)
    if init:
        task.initialize(network, init)
    return fresh_state(network, task.recipe.rate, task.recipe.weight_decay)


def train(task: Task[Batch], state: TrainingState, budget: Budget, path: Path) -> None:
    """Trains until the budget is spent or a signal asks to stop, then writes the checkpoint.

    `path` is the checkpoint's, written every `recipe.checkpoint_seconds` as well.
    FloatingPointError if the loss is no finite number: the last checkpoint stays as it is.
    """
    recipe, means = task.recipe, Means()
    began = time.monotonic() - state.seconds
    saving, evaluation = Every(recipe.checkpoint_seconds), Every(recipe.evaluation_seconds)
    with stop_requested() as stop, closing(task.batches(state.steps)) as batches:
        while not stop.is_set() and not budget.is_spent(state.steps, state.seconds):
            pace = recipe.schedule.at(budget.progress(state.steps, state.seconds), state.steps)
            means.add(step(task, state, next(batches), pace))
            state.seconds = time.monotonic() - began
            if state.steps % recipe.log_steps == 0:
                print(log_line(state, means.taken()), flush=True)
            if saving.is_due():
                save_checkpoint(path, state, task.name, task.outputs)
            if evaluation.is_due():
                print(f"  {task.evaluate(state.averaged)}", flush=True)
    if means.count:
        print(log_line(state, means.taken()), flush=True)
    save_checkpoint(path, state, task.name, task.outputs)
    if stop.is_set():
        print(f"stopped at step {state.steps}: resume with --resume", flush=True)
    else:
        print(f"  {task.evaluate(state.averaged)}", flush=True)


def step(task: Task[Batch], state: TrainingState, batch: Batch, pace: Pace) -> Mapping[str, float]:
    """One step of the optimizer; the parts of the loss before it."""
    for group in state.optimizer.param_groups:
        group["lr"] = task.recipe.rate * pace.rate
        group["betas"] = (pace.momentum, group["betas"][1])
    state.network.train()
    parts = task.losses(state.network, batch)
    stacked = torch.stack(list(parts.values()))
    state.optimizer.zero_grad(set_to_none=True)
    stacked.sum().backward()
    nn.utils.clip_grad_norm_(state.network.parameters(), task.recipe.gradient_norm_max)
    values = dict(zip(parts, stacked.detach().tolist(), strict=True))
    if not all(math.isfinite(value) for value in values.values()):
        raise FloatingPointError(
            f"step {state.steps}: the loss is {values}; resume with a lower --rate"
        )
    state.optimizer.step()
    average(state.averaged, state.network, task.recipe.averaging_decay, state.steps)
    state.steps += 1
    state.samples += task.batch_size
    return values


@torch.no_grad()
def average(averaged: nn.Module, network: nn.Module, decay: float, steps: int) -> None:
    """Moves the averaged weights towards the network's, faster during the first steps."""
    decay = min(decay, (1 + steps) / (10 + steps))
    pairs = zip(averaged.state_dict().values(), network.state_dict().values(), strict=True)
    for old, new in pairs:
        if old.dtype.is_floating_point:
            old.lerp_(new, 1 - decay)
        else:
            old.copy_(new)


def log_line(state: TrainingState, losses: Mapping[str, float]) -> str:
    pace = state.samples / max(state.seconds, 1)
    parts = "  ".join(f"{name} {value:.4f}" for name, value in losses.items())
    return (
        f"{state.seconds / 60:6.1f} min  step {state.steps:6d}  {state.samples:8d} samples  "
        f"{pace:5.0f}/s  {parts}"
    )


class Means:
    """Means of the losses since they were last taken."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self.count = 0

    def add(self, losses: Mapping[str, float]) -> None:
        self.count += 1
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value

    def taken(self) -> dict[str, float]:
        found = {name: value / self.count for name, value in self._sums.items()}
        self._sums, self.count = {}, 0
        return found


class Every:
    """Due once so many seconds have passed since it was last due."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def is_due(self) -> bool:
        due = time.monotonic() - self._last >= self._seconds
        if due:
            self._last = time.monotonic()
        return due


@contextmanager
def stop_requested() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set. A second signal acts as if there were no handler."""
    stop = threading.Event()
    signals: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}

    def request(number: int, _: object) -> None:
        stop.set()
        signal.signal(number, before[number])

    for number in before:
        signal.signal(number, request)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
