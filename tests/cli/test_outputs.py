"""`platewire outputs …` beside a server that runs: looking, requeueing, trying out."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.numberok_client import HttpReceiver
from tests.acceptance.running import Running
from tests.cli.conftest import Platewire
from tests.cli.test_replay import on_its_port, with_outputs


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
        server = start(with_outputs(served, receiver.url))
        server.wait_until_caught_up()
        config = on_its_port(served, server)

        def say(*arguments: object) -> tuple[int, str]:
            said = platewire("outputs", *arguments, "--config", config)
            return said.code, said.out or said.err

        code, listed = say("list")
        assert (code, len(listed.splitlines())) == (0, 2)
        assert "hook: failed; 9 rejected; 3 consecutive passages" in listed
        assert "dead letters: rejected-422; 9 events; seq 1 to 9" in say("show", "hook")[1]
        code, dead = say("dead", "hook", "--limit", 2, "--json")
        assert [json.loads(line)["seq"] for line in dead.splitlines()] == [9, 8]
        code, dead = say("dead", "hook", "--limit", 2, "--before", 8, "--since", "today", "--json")
        assert [json.loads(line)["seq"] for line in dead.splitlines()] == [7, 6]
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
        assert discarded == (0, "1 marked as resolved\n")
        assert "discarded: a trial" in say("dead", "hook", "--discarded")[1]
        before = len(receiver.events)
        assert say("requeue", "hook", "--seq", 1, "--seq", 2) == (0, "2 requeued\n")
        receiver.wait_for_count(before + 2, 10)
        failed = ("replay", "hook", "--what", "failed", "--since", "24h")
        code, started = say(*failed, "--until", "now", "--no-wait")
        assert (code, "replay 1 has started" in started) == (0, True)
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
    (["show", "absent"], "output 'absent' not found"),
    (["requeue", "hook"], "no dead letters selected: use --seq, --group, --since or --all"),
    (["discard", "hook", "--reason", "x", "--all", "--seq", 1], "no dead letters selected"),
    (["replay", "hook"], "set the start of the replay"),
    (["replay", "hook", "--from", 99], "the log holds 1 to 9"),
    (["cancel", 99], "replay '99' not found"),
    (["dead", "hook", "--limit", 0], "invalid number '0': use a whole number from 1"),
    (["dead", "hook", "--since", "31.11.2026"], "since: invalid time '31.11.2026': use 2026-11-30"),
]


def test_without_a_server(platewire: Platewire, filled: Path) -> None:
    with_outputs(filled, "http://127.0.0.1:9/")
    said = platewire("outputs", "list", "--config", filled)
    assert (said.code, "start it with `platewire serve`" in said.err) == (3, True)
