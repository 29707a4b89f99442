"""Third parties read while platewire writes: neither notices the other, the journal is bounded."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from platewire.eventlog import store
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.status import Board
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
