"""What all commands share: help, exit codes, and errors in words."""

import os
import subprocess
from pathlib import Path

import pytest

from platewire.cli.query import events
from tests.acceptance.running import PLATEWIRE
from tests.cli.conftest import Platewire

COMMANDS = ("serve", "check", "read", "passages", "events", "outputs", "init")


def test_help_names_every_command_and_exit_code(platewire: Platewire) -> None:
    said = platewire("--help")
    assert said.code == 0
    for word in (
        *COMMANDS,
        "0 success",
        "1 completed",
        "2 invalid command",
        "3 a file",
        "130 interrupted",
    ):
        assert word in " ".join(said.out.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(platewire: Platewire, command: str) -> None:
    said = platewire(command, "--help")
    assert said.code == 0
    assert said.out.startswith(f"usage: platewire {command}")


def test_a_wrong_command_line(platewire: Platewire) -> None:
    assert platewire().code == 2
    assert platewire("fly").code == 2
    assert platewire("read").code == 2
    assert platewire("events", "list", "--limit", "0").code == 2
    assert platewire("outputs", "replay", "hook", "--from", "1", "--rate", "-1").code == 2


@pytest.mark.parametrize(
    "arguments",
    [["serve"], ["check"], ["events", "list"], ["outputs", "replay", "hook", "--from", "1"]],
)
def test_a_missing_configuration_names_the_remedy(
    platewire: Platewire, tmp_path: Path, arguments: list[str]
) -> None:
    said = platewire(*arguments, "--config", tmp_path / "absent.toml")
    assert said.code == 2
    assert "absent.toml does not exist. `platewire init` writes" in said.err


def test_an_error_of_the_system_is_told_in_words(
    platewire: Platewire, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(events, "show", full)
    said = platewire("events", "list", "--config", filled)
    assert said.code == 3
    assert "No space left on device" in said.err


def test_a_reader_that_goes_away_is_no_error(filled: Path) -> None:
    """As `platewire events list | head -0` does."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*PLATEWIRE, "events", "list", "--json", "--config", str(filled)],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
