"""`platewire transfers …` beside a server that runs: looking, requeueing, trying out."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.numberok_client import HttpReceiver
from tests.acceptance.running import Running
from tests.cli.conftest import Platewire
from tests.cli.test_replay import on_its_port, with_transfers


@pytest.fixture
def served(filled: Path) -> Path:
    text = filled.read_text().replace("enabled = false", 'listen = "127.0.0.1:0"')
    filled.write_text(text.partition("[[camera]]")[0])
    return filled


def test_what_was_given_up_is_seen_and_sent_again(
    platewire: Platewire, served: Path, start: Callable[[Path], Running]
) -> None:
    with HttpReceiver() as receiver:
        receiver.answer = 422
        server = start(with_transfers(served, receiver.url))
        server.wait_until_caught_up()
        config = on_its_port(served, server)

        def say(*arguments: object) -> tuple[int, str]:
            said = platewire("transfers", *arguments, "--config", config)
            return said.code, said.out or said.err

        code, listed = say("list")
        assert (code, len(listed.splitlines())) == (0, 2)
        assert "hook: running; 9 rejected" in listed
        assert "given up: rejected-422; 9 events; seq 1 to 9" in say("show", "hook")[1]
        code, dead = say("dead", "hook", "--limit", 2, "--json")
        assert [json.loads(line)["seq"] for line in dead.splitlines()] == [9, 8]
        assert say("dead", "hook", "--group", "expired") == (1, "")
        code, attempts = say("attempts", "hook", "--seq", 5)
        assert code == 0
        assert "seq 5, attempt 1" in attempts
        assert "> content-type: application/json" in attempts.lower()
        code, tried = say("test", "hook", "--kind", "new")
        assert (code, tried.startswith("new: rejected")) == (1, True)

        receiver.answer = 200
        assert say("test", "hook")[0] == 0
        discarded = say("discard", "hook", "--seq", 9, "--reason", "a trial")
        assert discarded == (0, "1 called settled\n")
        assert "discarded: a trial" in say("dead", "hook", "--discarded")[1]
        before = len(receiver.events)
        assert say("requeue", "hook", "--seq", 1, "--seq", 2) == (0, "2 will be sent again\n")
        receiver.wait_for_count(before + 2, 10)
        code, started = say("replay", "hook", "--what", "failed", "--since", "2026-01-01")
        assert (code, "replay 1 has begun" in started) == (0, True)
        receiver.wait_for_count(before + 8, 10)
        assert "replay 1 to hook: " in say("jobs")[1]
        assert say("cancel", 1)[0] == 1
        assert "hook: paused" in say("pause", "hook")[1]
        assert "hook: running" in say("resume", "hook")[1]
        for arguments, told in WRONG:
            code, words = say(*arguments)
            assert (code, told in words) == (2, True), words
        assert server.stop() == 0


WRONG: list[tuple[list[object], str]] = [
    (["show", "absent"], "no transfer is called 'absent'"),
    (["requeue", "hook"], "say which: --seq, --group, --since or --all"),
    (["discard", "hook", "--reason", "x", "--all", "--seq", 1], "say which"),
    (["replay", "hook"], "say where the replay begins"),
    (["replay", "hook", "--from", 99], "the log holds 1 to 9"),
    (["cancel", 99], "no replay is called '99'"),
    (["dead", "hook", "--limit", 0], "limit"),
]


def test_without_a_server(platewire: Platewire, filled: Path) -> None:
    with_transfers(filled, "http://127.0.0.1:9/")
    said = platewire("transfers", "list", "--config", filled)
    assert (said.code, "start it with `platewire serve`" in said.err) == (3, True)
