"""The board keeps each loop's last words and counts."""

import os

import msgspec
import pytest

from platewire.runtime.status import Board, State
from platewire.testing.clock import FakeClock


def test_a_line_begins_with_the_loop() -> None:
    board = Board(FakeClock())
    assert board.line("camera", "gate").state is State.STARTING
    assert [line.name for line in board.lines()] == ["gate"]


async def test_since_changes_with_the_state_alone() -> None:
    clock = FakeClock()
    board = Board(clock)
    board.say("camera", "gate", State.RUNNING, "one")
    begun = clock.now()
    await clock.advance(5)
    board.say("camera", "gate", State.RUNNING, "two")
    line = board.line("camera", "gate")
    assert (line.message, line.since) == ("two", begun)
    board.say("camera", "gate", State.WAITING)
    assert (line.message, line.since) == ("", clock.now())


async def test_the_last_error_stays_when_the_loop_recovers() -> None:
    clock = FakeClock()
    board = Board(clock)
    board.fail("output", "bi", State.WAITING, "refused")
    failed = clock.now()
    await clock.advance(5)
    board.say("output", "bi", State.RUNNING)
    line = board.line("output", "bi")
    assert (line.state, line.message) == (State.RUNNING, "")
    assert (line.last_error, line.last_error_at) == ("refused", failed)


def test_a_note_leaves_the_state() -> None:
    board = Board(FakeClock())
    board.say("camera", "gate", State.RUNNING, "25 frames a second")
    board.note("camera", "gate", "a picture was broken")
    line = board.line("camera", "gate")
    assert (line.state, line.message) == (State.RUNNING, "25 frames a second")
    assert line.last_error == "a picture was broken"


def test_counts_add_and_gauges_replace() -> None:
    board = Board(FakeClock())
    for _ in range(3):
        board.count("camera", "gate", frames=2, reads=1)
        board.gauge("camera", "gate", dropped=7)
    assert board.line("camera", "gate").counters == {"frames": 6, "reads": 3, "dropped": 7}


def test_lines_are_told_apart_by_role() -> None:
    board = Board(FakeClock())
    board.line("camera", "gate")
    board.line("output", "gate")
    assert [line.role for line in board.lines("output")] == ["output"]
    assert len(list(board.lines())) == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, ДЕЛО 車", "plain words, ДЕЛО 車"),
        (os.fsdecode(b"car\xff.jpg"), r"car\xff.jpg"),
        ("one\ntwo\x1b[31m\x00", r"one\ntwo\x1b[31m\x00"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_others_call_their_files_is_shown_printable(text: str, shown: str) -> None:
    board = Board(FakeClock())
    board.say("camera", "gate", State.RUNNING, text)
    board.note("camera", "gate", text)
    line = board.line("camera", "gate")
    assert (line.message, line.last_error) == (shown, shown)
    board.fail("camera", "gate", State.FAILED, text)
    assert msgspec.json.encode(line.message)
