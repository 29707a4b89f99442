"""Checkpoints: the state of a training run in a file, from which it resumes.

A checkpoint names its task and what each output of the network stands for. It is not loaded into
another task, nor after the classes have changed: the weights would then mean something else.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.atomic_write import atomic_write

Outputs = Mapping[str, Sequence[str]]
"""Output -> the names of its classes, in the network's order."""


@dataclass
class TrainingState:
    """What a run changes from step to step."""

    network: nn.Module
    averaged: nn.Module
    """Exponential moving average of the weights: what is evaluated and exported."""
    optimizer: torch.optim.Optimizer
    steps: int = 0
    samples: int = 0
    """Pictures seen."""
    seconds: float = 0.0
    """Wall time of all parts of the run."""

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device


def fresh_state(network: nn.Module, rate: float, weight_decay: float) -> TrainingState:
    """`rate` is the highest learning rate."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=weight_decay)
    return TrainingState(network, copy.deepcopy(network).eval(), optimizer)


def save_checkpoint(path: Path, state: TrainingState, task: str, outputs: Outputs) -> None:
    content = {
        "task": task,
        "outputs": {name: list(classes) for name, classes in outputs.items()},
        "network": state.network.state_dict(),
        "averaged": state.averaged.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "steps": state.steps,
        "samples": state.samples,
        "seconds": state.seconds,
        "random": torch.get_rng_state(),
    }
    atomic_write(path, partial(torch.save, content))


def resume(path: Path, state: TrainingState, task: str, outputs: Outputs) -> None:
    """Fills `state`, and PyTorch's random generator. Errors as `read_checkpoint`."""
    content = read_checkpoint(path, task, outputs, state.device)
    state.network.load_state_dict(content["network"])
    state.averaged.load_state_dict(content["averaged"])
    state.optimizer.load_state_dict(content["optimizer"])
    state.steps, state.samples = content["steps"], content["samples"]
    state.seconds = content["seconds"]
    torch.set_rng_state(content["random"].cpu())


def load_averaged(path: Path, network: nn.Module, task: str, outputs: Outputs) -> int:
    """Fills the network with the averaged weights, for evaluation and export; the samples seen.

    The network is put into evaluation mode. Errors as `read_checkpoint`.
    """
    content = read_checkpoint(path, task, outputs, torch.device("cpu"))
    network.load_state_dict(content["averaged"])
    network.eval()
    return int(content["samples"])


def read_checkpoint(
    path: Path, task: str, outputs: Outputs, device: torch.device
) -> dict[str, Any]:
    """FileNotFoundError if there is none; ValueError if it is of another task, of other classes
    or written by another version of the training."""
    content = torch.load(path, map_location=device, weights_only=True)
    missing = {"task", "outputs", "network", "averaged", "optimizer", "random"} - set(content)
    if missing:
        raise ValueError(
            f"{path}: no checkpoint of this version of the training (it lacks "
            f"{', '.join(sorted(missing))}); start a new run from the .onnx file with --init"
        )
    if content["task"] != task:
        raise ValueError(f"{path}: a checkpoint of {content['task']}, not of {task}")
    for name, classes in outputs.items():
        saved = content["outputs"].get(name)
        if saved != list(classes):
            raise ValueError(
                f"{path}: the classes of output {name!r} have changed "
                f"({difference(saved or [], classes)}); start a new run with --init, "
                "which keeps the weights of the classes that both have"
            )
    return dict(content)


def difference(saved: Sequence[str], now: Sequence[str]) -> str:
    added, removed = sorted(set(now) - set(saved)), sorted(set(saved) - set(now))
    if not added and not removed:
        return "another order"
    parts = [f"{word} {', '.join(some)}" for word, some in (("new:", added), ("gone:", removed))
             if some]  # fmt: skip
    return "; ".join(parts)
