"""Sending again: by the running server, or by the command itself where none runs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.numberok_client import HttpReceiver
from tests.acceptance.running import Running
from tests.cli.conftest import Platewire

TRANSFERS = """
[[transfer]]
name = "hook"
type = "http"
format = "numberok-1.6"
url = "{url}"
start = "beginning"
[[transfer]]
name = "lines"
type = "json_lines"
listen = "127.0.0.1:0"
"""


def with_transfers(config: Path, url: str) -> Path:
    config.write_text(config.read_text() + TRANSFERS.format(url=url))
    return config


def states(receiver: HttpReceiver) -> list[str]:
    return [event.state for event in receiver.events]


def test_without_a_server_it_sends_itself(platewire: Platewire, filled: Path) -> None:
    with HttpReceiver() as receiver:
        with_transfers(filled, receiver.url)
        said = platewire("replay", "hook", "--from", 4, "--to", 6, "--config", filled)
        assert said.code == 0
        assert said.out == "3 sent, 0 rejected\n"
        assert states(receiver) == ["new", "updated", "lost"]
        assert {event.plate for event in receiver.events} == {"BÜ9042"}
        again = platewire("replay", "hook", "--from", "8", "--json", "--config", filled)
        assert json.loads(again.out)["delivered"] == 2


def test_times_name_events_too(platewire: Platewire, filled: Path) -> None:
    with HttpReceiver() as receiver:
        with_transfers(filled, receiver.url)
        said = platewire("replay", "hook", "--from", "2026-01-01", "--config", filled)
        assert said.code == 0
        assert len(receiver.events) == 9


def test_what_the_receiver_rejects_is_told_and_is_no(platewire: Platewire, filled: Path) -> None:
    with HttpReceiver() as receiver:
        receiver.answer = 422
        with_transfers(filled, receiver.url)
        said = platewire("replay", "hook", "--from", "9", "--config", filled)
    assert said.code == 1
    assert said.lines[0] == "0 sent, 1 rejected"
    assert "seq 9" in said.lines[1]
    assert "422" in said.lines[1]


WRONG = [
    (["absent", "--from", "1"], 'there is no transfer "absent"; there are: hook, lines'),
    (["lines", "--from", "1"], "its receivers resume by themselves"),
    (["hook", "--from", "10"], "the log holds"),
    (["hook", "--from", "5", "--to", "3"], "5"),
    (["hook", "--from", "yesterday"], "is neither a seq nor a UTC time"),
    (["hook", "--from", "²"], "is neither a seq nor a UTC time"),
]


@pytest.mark.parametrize(("arguments", "told"), WRONG)
def test_what_cannot_be_replayed(
    platewire: Platewire, filled: Path, arguments: list[str], told: str
) -> None:
    with_transfers(filled, "http://127.0.0.1:9/")
    said = platewire("replay", *arguments, "--config", filled)
    assert said.code == 2
    assert told in said.err


def test_without_a_log(platewire: Platewire, config: Path) -> None:
    with_transfers(config, "http://127.0.0.1:9/")
    said = platewire("replay", "hook", "--from", "1", "--config", config)
    assert said.code == 3
    assert "`platewire serve` makes it" in said.err


@pytest.fixture
def served(filled: Path) -> Path:
    text = filled.read_text().replace("enabled = false", 'listen = "127.0.0.1:0"')
    filled.write_text(text.partition("[[camera]]")[0])
    return filled


def on_its_port(config: Path, server: Running) -> Path:
    """The file as the command needs it: with the port that the server was given."""
    address = server.addresses["page"].removeprefix("http://").rstrip("/")
    config.write_text(
        config.read_text().replace('listen = "127.0.0.1:0"', f'listen = "{address}"', 1)
    )
    return config


def test_a_running_server_sends_and_its_own_position_stays(
    platewire: Platewire, served: Path, start: Callable[[Path], Running]
) -> None:
    with HttpReceiver() as receiver:
        server = start(with_transfers(served, receiver.url))
        server.wait_until_caught_up()
        receiver.wait_for_count(9, 10)
        config = on_its_port(served, server)
        said = platewire(
            "replay", "hook", "--from", 1, "--to", 3, "--rate", 100, "--config", config
        )
        assert (said.code, said.out) == (0, "3 sent, 0 rejected\n")
        receiver.wait_for_count(12, 10)
        assert states(receiver)[9:] == ["new", "updated", "lost"]
        assert hook(server)["counters"]["cursor"] == 9
        receiver.answer = 422
        said = platewire("replay", "hook", "--from", 9, "--config", config)
        assert said.code == 1
        assert "0 sent, 1 rejected; seq 9" in said.out
        assert hook(server)["counters"]["cursor"] == 9
        for arguments, told in WRONG:
            said = platewire("replay", *arguments, "--config", config)
            assert said.code == 2
            assert told in said.err
        assert server.stop() == 0


def hook(server: Running) -> dict[str, Any]:
    lines: list[dict[str, Any]] = server.get("/api/v1/status")["transfers"]
    return next(line for line in lines if line["name"] == "hook")


def test_a_server_that_cannot_be_asked_is_named(
    platewire: Platewire, served: Path, start: Callable[[Path], Running]
) -> None:
    with HttpReceiver() as receiver:
        server = start(with_transfers(served, receiver.url))
        text = served.read_text()
        served.write_text(text.replace('listen = "127.0.0.1:0"', 'listen = "127.0.0.1:9"', 1))
        said = platewire("replay", "hook", "--from", "1", "--config", served)
        assert said.code == 3
        assert f"platewire (process {server.pid}) runs, but http://127.0.0.1:9/" in said.err
        assert "web.listen" in said.err
        served.write_text(text.replace('listen = "127.0.0.1:0"', "enabled = false", 1))
        said = platewire("replay", "hook", "--from", "1", "--config", served)
        assert said.code == 2
        assert "its page, which would do this, is off" in said.err
        other = f'listen = "{receiver.url.split("/")[2]}"'
        served.write_text(text.replace('listen = "127.0.0.1:0"', other, 1))
        said = platewire("replay", "hook", "--from", "1", "--config", served)
        assert said.code != 0
        assert "running server refused" in said.err or "does not answer as it should" in said.err
        assert server.stop() == 0
