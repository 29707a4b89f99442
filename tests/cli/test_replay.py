"""Sending again: by the running server, or by the command itself where none runs."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from platewire.eventlog.deliveries.records import DeadLetter
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from tests.acceptance.numberok_client import HttpReceiver
from tests.acceptance.running import Running
from tests.cli.conftest import Platewire

OUTPUTS = """
[[output]]
name = "hook"
type = "http"
format = "numberok-1.6"
url = "{url}"
start = "beginning"
[[output]]
name = "lines"
type = "json_lines"
listen = "127.0.0.1:0"
"""


def with_outputs(config: Path, url: str) -> Path:
    config.write_text(config.read_text() + OUTPUTS.format(url=url))
    return config


def states(receiver: HttpReceiver) -> list[str]:
    return [event.state for event in receiver.events]


def test_without_a_server_it_sends_itself(platewire: Platewire, filled: Path) -> None:
    with HttpReceiver() as receiver:
        with_outputs(filled, receiver.url)
        said = platewire("outputs", "replay", "hook", "--from", 4, "--to", 6, "--config", filled)
        assert said.code == 0
        assert said.out == "3 sent, 0 rejected\n"
        assert states(receiver) == ["new", "updated", "lost"]
        assert {event.plate for event in receiver.events} == {"BÜ9042"}
        again = platewire("outputs", "replay", "hook", "--from", "8", "--json", "--config", filled)
        assert json.loads(again.out)["delivered"] == 2


SPANS = (
    (["--since", "2026-01-01"], 9),
    (["--since", "24h", "--until", "today"], 9),
    (["--from", "1", "--until", "now"], 9),
    (["--from", "8", "--until", "2099-12-31"], 2),
)


def test_times_name_events_too(platewire: Platewire, filled: Path) -> None:
    with HttpReceiver() as receiver:
        with_outputs(filled, receiver.url)
        for span, count in SPANS:
            before = len(receiver.events)
            said = platewire("outputs", "replay", "hook", *span, "--config", filled)
            assert (said.code, len(receiver.events) - before) == (0, count)


def test_what_the_receiver_rejects_is_told_and_is_no(platewire: Platewire, filled: Path) -> None:
    with HttpReceiver() as receiver:
        receiver.answer = 422
        with_outputs(filled, receiver.url)
        said = platewire("outputs", "replay", "hook", "--from", "9", "--config", filled)
    assert said.code == 1
    assert said.out.startswith("0 sent, 1 rejected; seq 9: ")
    assert "422" in said.out


WRONG = [
    (["absent", "--from", "1"], 'no output "absent"; configured outputs: hook, lines'),
    (["lines", "--from", "1"], "clients resume by themselves"),
    (["hook", "--from", "10"], "the log holds"),
    (["hook", "--from", "5", "--to", "3"], "5"),
    (["hook", "--from", "yesterday"], "'yesterday': use a whole number from 1; for a time use --s"),
    (["hook", "--from", "²"], "invalid number '²': use a whole number from 1"),
    (["hook"], "set the start of the replay with either --from SEQ or --since TIME"),
    (["hook", "--from", "1", "--since", "today"], "set the start of the replay"),
    (["hook", "--from", "1", "--to", "2", "--until", "today"], "set the end of the replay"),
    (["hook", "--since", "31.11.2026"], "--since: invalid time '31.11.2026': use 2026-11-30, 20"),
    (["hook", "--since", "today", "--until", "yesterday"], "is not after --since 'today'"),
]


@pytest.mark.parametrize(("arguments", "told"), WRONG)
def test_what_cannot_be_replayed(
    platewire: Platewire, filled: Path, arguments: list[str], told: str
) -> None:
    with_outputs(filled, "http://127.0.0.1:9/")
    said = platewire("outputs", "replay", *arguments, "--config", filled)
    assert said.code == 2
    assert told in said.err


def test_what_failed_is_settled_without_a_server_too(platewire: Platewire, filled: Path) -> None:
    asyncio.run(give_up(filled.parent, 4, 5, 6))
    with HttpReceiver() as receiver:
        with_outputs(filled, receiver.url)
        failed = ("outputs", "replay", "hook", "--what", "failed", "--config", filled)
        assert platewire(*failed, "--from", 6).out == "1 sent, 0 rejected\n"
        assert platewire(*failed, "--since", "2026-01-01").out == "2 sent, 0 rejected\n"
        assert "nothing to replay" in platewire(*failed, "--since", "2026-01-01").err
        assert states(receiver) == ["lost", "new", "updated"]


async def give_up(folder: Path, *seqs: int) -> None:
    clock = SystemClock()
    log = await SqliteLog.open(
        LogSettings(folder=folder / LogSettings().folder), clock, Board(clock)
    )
    await log.deliveries.add_dead_letters(
        [
            DeadLetter(output="hook", seq=seq, outcome="rejected", reason="422", at=clock.now())
            for seq in seqs
        ]
    )
    await log.close()


def test_not_waiting_needs_a_server(platewire: Platewire, filled: Path) -> None:
    with_outputs(filled, "http://127.0.0.1:9/")
    said = platewire("outputs", "replay", "hook", "--from", 1, "--no-wait", "--config", filled)
    assert (said.code, "--no-wait needs a running server" in said.err) == (2, True)


def test_the_old_spelling_names_the_new_one(platewire: Platewire) -> None:
    said = platewire("replay", "hook", "--from", "2026-01-01")
    assert said.code == 2
    assert "`platewire replay` is now `platewire outputs replay`" in said.err
    assert "--since" in said.err


@pytest.mark.parametrize(
    ("written", "now"),
    [
        (("transfers", "list"), "`platewire transfers` is now `platewire outputs`"),
        (("database", "verify", "--transfer", "bi"), "`--transfer` is now `--output`"),
        (("database", "verify", "--transfer=bi"), "`--transfer` is now `--output`"),
        (("restart", "transfer", "bi"), "is now `platewire restart output`"),
    ],
)
def test_other_old_spellings_name_the_new_ones(
    platewire: Platewire, written: tuple[str, ...], now: str
) -> None:
    said = platewire(*written)
    assert (said.code, now in said.err) == (2, True)


def test_without_a_log(platewire: Platewire, config: Path) -> None:
    with_outputs(config, "http://127.0.0.1:9/")
    said = platewire("outputs", "replay", "hook", "--from", "1", "--config", config)
    assert said.code == 3
    assert "`platewire serve` creates it" in said.err


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
        server = start(with_outputs(served, receiver.url))
        server.wait_until_caught_up()
        receiver.wait_for_count(9, 10)
        config = on_its_port(served, server)
        said = platewire(
            *("outputs", "replay", "hook", "--from", 1, "--to", 3, "--rate", 100),
            *("--config", config),
        )
        assert (said.code, said.out) == (0, "3 sent, 0 rejected\n")
        receiver.wait_for_count(12, 10)
        assert states(receiver)[9:] == ["new", "updated", "lost"]
        assert hook(server)["counters"]["cursor"] == 9
        receiver.answer = 422
        said = platewire("outputs", "replay", "hook", "--from", 9, "--config", config)
        assert said.code == 1
        assert "0 sent, 1 rejected; seq 9" in said.out
        assert hook(server)["counters"]["cursor"] == 9
        for arguments, told in WRONG:
            said = platewire("outputs", "replay", *arguments, "--config", config)
            assert said.code == 2
            assert told in said.err
        assert server.stop() == 0


def hook(server: Running) -> dict[str, Any]:
    lines: list[dict[str, Any]] = server.get("/api/v1/status")["outputs"]
    return next(line for line in lines if line["name"] == "hook")


def test_a_server_that_cannot_be_asked_is_named(
    platewire: Platewire, served: Path, start: Callable[[Path], Running]
) -> None:
    with HttpReceiver() as receiver:
        server = start(with_outputs(served, receiver.url))
        text = served.read_text()
        served.write_text(text.replace('listen = "127.0.0.1:0"', 'listen = "127.0.0.1:9"', 1))
        said = platewire("outputs", "replay", "hook", "--from", "1", "--config", served)
        assert said.code == 3
        assert f"platewire (process {server.pid}) is running, but http://127.0.0.1:9/" in said.err
        assert "web.listen" in said.err
        served.write_text(text.replace('listen = "127.0.0.1:0"', "enabled = false", 1))
        said = platewire("outputs", "replay", "hook", "--from", "1", "--config", served)
        assert said.code == 2
        assert "is running without its API" in said.err
        other = f'listen = "{receiver.url.split("/")[2]}"'
        served.write_text(text.replace('listen = "127.0.0.1:0"', other, 1))
        said = platewire("outputs", "replay", "hook", "--from", "1", "--config", served)
        assert said.code != 0
        assert "running server rejected" in said.err or "does not respond as expected" in said.err
        assert server.stop() == 0
