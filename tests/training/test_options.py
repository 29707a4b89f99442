"""How a training run is started and resumed: what fits together, and what the errors say."""

from pathlib import Path

import pytest

from training.options import CHECKPOINT, budget_of, parse, training_parser
from training.schedule import Budget


def parsed(monkeypatch: pytest.MonkeyPatch, *given: str) -> object:
    monkeypatch.setattr("sys.argv", ["train", *given])
    return parse(training_parser("Trains.", 1e-3))


@pytest.fixture
def with_checkpoint(tmp_path: Path) -> Path:
    (tmp_path / CHECKPOINT).write_bytes(b"")
    return tmp_path


def test_a_run_is_resumed_only_when_asked(
    with_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parsed(monkeypatch, "--out", str(with_checkpoint), "--resume")
    with pytest.raises(SystemExit):
        parsed(monkeypatch, "--out", str(with_checkpoint))
    assert f"{CHECKPOINT} exists: add --resume to go on from it" in capsys.readouterr().err


def test_there_must_be_something_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parsed(monkeypatch, "--out", str(tmp_path))
    with pytest.raises(SystemExit):
        parsed(monkeypatch, "--out", str(tmp_path), "--resume")
    assert "does not exist: start the run without --resume" in capsys.readouterr().err


def test_a_checkpoint_and_initial_weights_exclude_each_other(
    with_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parsed(monkeypatch, "--out", str(with_checkpoint), "--resume", "--init", "x.onnx")
    assert "--resume and --init exclude each other" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "budget"),
    [
        ((), Budget(steps=7)),
        (("--minutes", "2"), Budget(seconds=120)),
        (("--steps", "30"), Budget(steps=30)),
        (("--minutes", "1", "--steps", "30"), Budget(seconds=60, steps=30)),
    ],
)
def test_the_end_of_a_run(given: tuple[str, ...], budget: Budget, tmp_path: Path) -> None:
    parser = training_parser("Trains.", 1e-3)
    chosen = parser.parse_args(["--out", str(tmp_path), *given])
    assert budget_of(chosen, Budget(steps=7)) == budget


def test_a_run_of_no_time_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parsed(monkeypatch, "--out", "x", "--minutes", "0")
    assert "--minutes: 0 is not above 0" in capsys.readouterr().err
