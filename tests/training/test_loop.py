"""The training loop and its checkpoints, on a network of two weights.

Needs PyTorch, which is no dependency of platewire or its tests: see training/README.md.
"""

import os
import signal
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed (see training/README.md)")

from training.checkpoint import (  # noqa: E402
    TrainingState,
    fresh_state,
    load_averaged,
    resume,
    save_checkpoint,
)
from training.loop import Recipe, train  # noqa: E402
from training.schedule import Budget, OneCycle  # noqa: E402

CLASSES = {"countries": ["AT", "DE"]}


class LineTask:
    """Learns y = 2x + 1, with noise from PyTorch's generator."""

    name = "line"
    outputs = CLASSES
    batch_size = 4
    recipe = Recipe(
        rate=0.05, schedule=OneCycle(), weight_decay=0, gradient_norm_max=10,
        averaging_decay=0.9, log_steps=10, evaluation_seconds=1000, checkpoint_seconds=1000,
    )  # fmt: skip

    def __init__(self, stop_at: int = -1, lost_at: int = -1) -> None:
        self.stop_at, self.lost_at = stop_at, lost_at
        self.closed = False

    def new_network(self) -> Any:
        return torch.nn.Linear(1, 1)

    def initialize(self, network: Any, path: Path) -> None: ...

    def batches(self, first_step: int) -> Generator[npt.NDArray[np.float32], None, None]:
        try:
            step = first_step
            while True:
                if step == self.stop_at:
                    os.kill(os.getpid(), signal.SIGTERM)
                values = np.random.default_rng(step).random((4, 1), np.float32)
                yield values * np.float32(np.inf if step == self.lost_at else 1)
                step += 1
        finally:
            self.closed = True

    def losses(self, network: Any, batch: npt.NDArray[np.float32]) -> Mapping[str, Any]:
        given = torch.from_numpy(batch)
        error = network(given) - (2 * given + 1) + 0.01 * torch.randn(4, 1)
        return {"square": error.square().mean(), "size": 0.001 * network.weight.square().sum()}

    def evaluate(self, network: Any) -> str:
        return f"weight {network.weight.item():.2f}"


def state_of(task: LineTask) -> TrainingState:
    torch.manual_seed(5)
    return fresh_state(task.new_network(), task.recipe.rate, task.recipe.weight_decay)


def weights(state: TrainingState) -> list[Any]:
    parts = (state.network, state.averaged)
    return [value.clone() for part in parts for value in part.state_dict().values()]


def test_a_run_learns_and_logs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = LineTask()
    state = state_of(task)
    train(task, state, Budget(steps=300), tmp_path / "one")
    out = capsys.readouterr().out
    assert state.averaged.weight.item() == pytest.approx(2, abs=0.2)
    assert (state.steps, state.samples) == (300, 1200)
    assert "step    300" in out
    assert "square 0." in out
    assert "weight 2." in out.splitlines()[-1] or "weight 1." in out.splitlines()[-1]
    assert task.closed


def test_a_resumed_run_ends_with_the_weights_of_one_that_never_stopped(tmp_path: Path) -> None:
    whole = state_of(LineTask())
    train(LineTask(), whole, Budget(steps=40), tmp_path / "whole")

    stopped = state_of(LineTask())
    train(LineTask(stop_at=17), stopped, Budget(steps=40), tmp_path / "parts")
    assert stopped.steps == 18
    torch.manual_seed(99)
    resumed = fresh_state(LineTask().new_network(), 1, 0)
    resume(tmp_path / "parts", resumed, "line", CLASSES)
    assert (resumed.steps, resumed.samples) == (18, 72)
    train(LineTask(), resumed, Budget(steps=40), tmp_path / "parts")
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(resumed), strict=True))


def test_a_signal_stops_after_the_step_and_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    train(LineTask(stop_at=3), state_of(LineTask()), Budget(steps=40), tmp_path / "one")
    assert "stopped at step 4: resume with --resume" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_time_of_all_parts_counts(tmp_path: Path) -> None:
    state = state_of(LineTask())
    state.seconds = 59.9999
    train(LineTask(), state, Budget(seconds=60), tmp_path / "one")
    assert state.steps <= 1


def test_a_loss_that_is_lost_leaves_the_checkpoint_as_it_was(tmp_path: Path) -> None:
    state = state_of(LineTask())
    train(LineTask(), state, Budget(steps=5), tmp_path / "one")
    content = (tmp_path / "one").read_bytes()
    with pytest.raises(FloatingPointError, match=r"step 7: the loss is .* lower --rate"):
        train(LineTask(lost_at=7), state, Budget(steps=40), tmp_path / "one")
    assert (tmp_path / "one").read_bytes() == content


def test_a_checkpoint_is_of_one_task_and_its_classes(tmp_path: Path) -> None:
    state = state_of(LineTask())
    save_checkpoint(tmp_path / "one", state, "line", CLASSES)
    with pytest.raises(ValueError, match="a checkpoint of line, not of curve"):
        resume(tmp_path / "one", state, "curve", CLASSES)
    with pytest.raises(ValueError, match=r"'countries' have changed \(new: CH\)"):
        resume(tmp_path / "one", state, "line", {"countries": ["AT", "CH", "DE"]})
    with pytest.raises(ValueError, match=r"'countries' have changed \(another order\)"):
        resume(tmp_path / "one", state, "line", {"countries": ["DE", "AT"]})
    torch.save({"network": {}}, tmp_path / "other")
    with pytest.raises(ValueError, match="no checkpoint of this version"):
        resume(tmp_path / "other", state, "line", CLASSES)


def test_what_is_exported_are_the_averaged_weights(tmp_path: Path) -> None:
    state = state_of(LineTask())
    state.averaged.weight.data.fill_(3)
    state.samples = 12
    save_checkpoint(tmp_path / "one", state, "line", CLASSES)
    network = torch.nn.Linear(1, 1)
    assert load_averaged(tmp_path / "one", network, "line", CLASSES) == 12
    assert network.weight.item() == 3
    assert not network.training


def test_the_one_cycle_schedule_is_that_of_pytorch() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([parameter], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=1000, pct_start=0.15)
    for step in range(999):
        ours = OneCycle().at(step / 1000, step)
        assert ours.rate == pytest.approx(optimizer.param_groups[0]["lr"], abs=0.01)
        assert ours.momentum == pytest.approx(optimizer.param_groups[0]["betas"][0], abs=0.001)
        optimizer.step()
        theirs.step()
