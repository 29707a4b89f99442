"""The mark beside the database: any torn write of a slot leaves a readable one."""

import os
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.eventlog.history.mark import (
    FLUSH_SECONDS,
    NAME,
    SLOT_STEP,
    Mark,
    MarkFile,
    decoded,
    encoded,
    newest,
    read_mark,
)
from platewire.testing.clock import FakeClock

NUMBERS = st.integers(0, 2**63 - 1)
MARKS = st.builds(Mark, st.uuids(), NUMBERS, NUMBERS, NUMBERS, st.uuids())
MARK = Mark(UUID(int=1), 1, 0, 0)


@given(MARKS, NUMBERS)
def test_a_slot_comes_back_as_it_was_written(mark: Mark, counter: int) -> None:
    assert decoded(encoded(mark, counter)) == (counter, mark)


@given(MARKS, MARKS, st.data())
def test_a_torn_write_leaves_the_old_mark_or_the_new(
    old: Mark, new: Mark, data: st.DataObject
) -> None:
    """Of the slot whose turn it is, any bytes may be of the new write, of the one before, or none
    of both."""
    before, after = encoded(old, 7), encoded(new, 8)
    torn = bytes(
        data.draw(st.sampled_from([0, first, second]))
        for first, second in zip(encoded(old, 6), after, strict=True)
    )
    found = newest(torn.ljust(SLOT_STEP, b"\0") + before)
    assert found is not None
    assert found[1] in (old, new)


@given(st.binary(max_size=2 * SLOT_STEP))
def test_noise_is_no_mark(noise: bytes) -> None:
    assert newest(noise) is None


def test_slots_are_written_in_turn(tmp_path: Path) -> None:
    file = MarkFile(tmp_path, FakeClock())
    for seq in range(1, 6):
        file.write(MARK._replace(last_seq=seq))
        assert read_mark(tmp_path) == MARK._replace(last_seq=seq)
    content = (tmp_path / NAME).read_bytes()
    slots = [decoded(content[at : at + SLOT_STEP]) for at in (0, SLOT_STEP)]
    assert [slot and (slot[0], slot[1].last_seq) for slot in slots] == [(4, 4), (5, 5)]
    file.close()


def test_a_torn_slot_is_written_next(tmp_path: Path) -> None:
    file = MarkFile(tmp_path, FakeClock())
    for seq in (1, 2, 3):
        file.write(MARK._replace(last_seq=seq))
    file.close()
    with (tmp_path / NAME).open("r+b") as broken:  # where 3 is
        broken.seek(SLOT_STEP + 40)
        broken.write(b"torn")
    again = MarkFile(tmp_path, FakeClock())
    assert again.kept == MARK._replace(last_seq=2)
    again.write(MARK._replace(last_seq=4))
    again.close()
    assert read_mark(tmp_path) == MARK._replace(last_seq=4)
    assert MarkFile(tmp_path, FakeClock()).kept == MARK._replace(last_seq=4)


async def test_it_is_flushed_at_most_once_a_second_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, flushes = FakeClock(), list[int]()
    file = MarkFile(tmp_path, clock)
    file.write(MARK)
    monkeypatch.setattr(os, "fsync", flushes.append)
    for _ in range(10):
        file.write(MARK)
    assert not flushes
    await clock.advance(FLUSH_SECONDS)
    for _ in range(10):
        file.write(MARK)
    assert len(flushes) == 1
    file.close()
    assert len(flushes) == 2


async def test_a_mark_that_was_deleted_is_written_anew(tmp_path: Path) -> None:
    clock = FakeClock()
    file = MarkFile(tmp_path, clock)
    file.write(MARK)
    (tmp_path / NAME).unlink()
    await clock.advance(FLUSH_SECONDS)
    file.write(MARK._replace(last_seq=9))
    assert read_mark(tmp_path) == MARK._replace(last_seq=9)
    file.close()


def test_a_mark_that_cannot_be_written_is_told_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "away"
    file = MarkFile(folder, FakeClock())
    file.write(MARK)
    file.write(MARK)
    assert "cannot be written" in file.failure
    assert len(caplog.records) == 1
    folder.mkdir()
    file.write(MARK._replace(last_seq=3))
    assert not file.failure
    assert read_mark(folder) == MARK._replace(last_seq=3)
    file.close()
