"""Third parties read while platewire writes: neither notices the other, the journal is bounded."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from platewire.eventlog import store
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events

CHILD = Path(__file__).with_name("reader_child.py")
MEGABYTE = 1_000_000


async def write(log: SqliteLog, passages: int) -> int:
    """One commit per passage; the largest size of the journal."""
    journal = log.path.with_name("platewire.db-wal")
    largest = 0
    for number in range(1, passages + 1):
        await log.append("gate", passage_events(number))
        largest = max(largest, journal.stat().st_size)
    return largest


async def test_readers_and_the_writer_do_not_notice_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "JOURNAL_BYTES_HIGH", MEGABYTE)
    monkeypatch.setattr(store, "JOURNAL_BYTES_STEP", MEGABYTE)
    clock = FakeClock()
    log = await SqliteLog.open(LogSettings(folder=tmp_path), clock, Board(clock))
    command = (sys.executable, str(CHILD), str(log.path))
    child = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    assert child.stdout
    assert await child.stdout.readline() == b"reading\n"
    largest = await write(log, 600)
    said, complaints = await child.communicate(b"")
    assert complaints == b""
    assert int(said) > 10
    assert log.last_seq == 1800
    # Without cutting it, the reader that is always there would let it grow to over 20 MB.
    assert largest < 10 * MEGABYTE
    await log.close()


READERS = 10


async def test_ten_readers_and_no_error(tmp_path: Path) -> None:
    """Each reads whole states, over and over, while events are appended: nobody fails."""
    clock = FakeClock()
    log = await SqliteLog.open(LogSettings(folder=tmp_path), clock, Board(clock))
    command = (sys.executable, str(CHILD), str(log.path))
    children = [
        await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        for _ in range(READERS)
    ]
    for child in children:
        assert child.stdout
        assert await child.stdout.readline() == b"reading\n"
    await write(log, 20)
    ends = await asyncio.gather(*(child.communicate(b"") for child in children))
    assert [complaints for _, complaints in ends] == [b""] * READERS
    assert all(int(said) > 0 for said, _ in ends)
    assert log.last_seq == 60
    await log.close()
