"""A database that is taken away, replaced or cut under the running log is noticed, and told."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from platewire.errors import LogError, LogGone
from platewire.eventlog.history.guard import Guard
from platewire.eventlog.history.watch import WATCH_SECONDS
from platewire.eventlog.sqlite import SqliteLog
from platewire.runtime.status import Board, State
from platewire.testing.check_eventlog import several
from platewire.testing.clock import FakeClock
from tests.eventlog.conftest import OpenLog


def unlinked(path: Path) -> None:
    path.unlink()


def unlinked_with_its_journal(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink()


def journal_unlinked(path: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink()


def replaced(path: Path) -> None:
    shutil.copy(path, path.with_name("other"))
    path.with_name("other").rename(path)


def folder_moved(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


Way = Callable[[Path], None]
LOST_NAMES = (unlinked, unlinked_with_its_journal, journal_unlinked, replaced, folder_moved)


async def noticed(log: SqliteLog, clock: FakeClock) -> LogGone:
    watching = asyncio.create_task(log.watch())
    await asyncio.sleep(0)
    await clock.advance(WATCH_SECONDS)
    with pytest.raises(LogGone) as raised:
        await asyncio.wait_for(watching, 30)
    return raised.value


async def filled(log: SqliteLog) -> None:
    """More than a few pages, and all of it in the database, so that cutting it is felt."""
    await log.append("gate", several(1, 100))
    checkpoint(log.path)


@pytest.mark.parametrize("way", [*LOST_NAMES, truncated, emptied])
async def test_it_is_noticed_and_nothing_more_is_taken_in(
    log: SqliteLog, clock: FakeClock, board: Board, way: Way
) -> None:
    await filled(log)
    log._watch._guard.check()
    way(log.path)
    error = await noticed(log, clock)
    assert str(log.path) in str(error)
    assert "restart platewire" in str(error)
    assert board.line("log", "log").state is State.FAILED
    with pytest.raises(LogGone):
        await log.append("gate", several(900, 1))


@pytest.mark.parametrize("way", LOST_NAMES)
async def test_no_event_is_acknowledged_into_a_file_without_a_name(
    log: SqliteLog, way: Way
) -> None:
    """Nobody looked yet: the next commit finds it out."""
    await log.append("gate", several(1, 3))
    way(log.path)
    with pytest.raises(LogError, match=r"deleted or replaced|unable to open"):
        await log.append("gate", several(900, 1))
    assert log.last_seq == 9
    with pytest.raises(LogError):
        await log.append("gate", several(901, 1))


async def test_a_journal_that_was_deleted_is_taken_into_the_database(
    log: SqliteLog, open_log: OpenLog, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    await log.append("gate", several(1, 3))
    journal_unlinked(log.path)
    await noticed(log, clock)
    await log.close()
    assert "were saved to the database" in caplog.text
    again = await open_log()
    assert [entry.event.seq for entry in await again.read(0, 100)] == list(range(1, 10))
    assert again.numbering.gaps == ()


@pytest.mark.parametrize("way", [unlinked, unlinked_with_its_journal, replaced])
async def test_what_was_in_a_database_without_a_name_is_kept_beside(
    log: SqliteLog,
    open_log: OpenLog,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    way: Way,
) -> None:
    await log.append("gate", several(1, 3))
    way(log.path)
    await noticed(log, clock)
    await log.close()
    rescued = log.path.with_name("platewire.rescued")
    assert str(rescued) in caplog.text
    with closing(sqlite3.connect(rescued)) as connection:
        assert connection.execute("SELECT count(*), max(seq) FROM event").fetchone() == (9, 9)
    for end in ("", "-wal", "-shm"):
        log.path.with_name(log.path.name + end).unlink(missing_ok=True)
    rescued.rename(log.path)
    again = await open_log()
    assert [entry.event.seq for entry in await again.read(0, 100)] == list(range(1, 10))
    assert again.numbering.gaps == (), "put in its place it goes on as if nothing had been"


async def test_a_file_that_was_put_there_is_left_as_it_is(
    log: SqliteLog, open_log: OpenLog, clock: FakeClock
) -> None:
    """Closing must not write the journal of the one file into the other, nor delete its own."""
    await log.append("gate", several(1, 3))
    other = await open_log(folder=log.path.parent.with_name("other"))
    await other.append("gate", several(50, 2))
    for end in ("-shm", "-wal", ""):
        source = other.path.with_name(other.path.name + end)
        shutil.copy(source, log.path.with_name(f"new{end}"))
        log.path.with_name(f"new{end}").rename(log.path.with_name(log.path.name + end))
    before = [log.path.with_name(log.path.name + end).read_bytes() for end in ("", "-wal")]
    await noticed(log, clock)
    await log.close()
    after = [log.path.with_name(log.path.name + end).read_bytes() for end in ("", "-wal")]
    assert after == before


# --- what is no reason ---------------------------------------------------------------------------


def checkpoint(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("SELECT count(*) FROM log").fetchall()
        assert connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE) == (0, 0)


def vacuum(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("VACUUM")
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


def foreign_reader(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("SELECT count(*) FROM event").fetchall()


def touched(path: Path) -> None:
    path.touch()
    path.chmod(0o640)


@pytest.mark.parametrize("way", [checkpoint, vacuum, foreign_reader, touched])
async def test_what_sqlite_and_readers_do_is_no_reason(
    open_log: OpenLog, clock: FakeClock, board: Board, way: Way
) -> None:
    log = await open_log(retention_days=1)
    await log.append("gate", several(1, 300))
    checkpoint(log.path)
    guard = Guard(log.path)
    await clock.advance(3 * 86_400)
    assert (await log.retain([])).events == 900
    size = log.path.stat().st_size
    for _ in range(3):
        way(log.path)
        guard.check()
        await log.append("gate", several(1, 1))
    if way is vacuum:
        assert log.path.stat().st_size < size, "it did shrink"
    assert board.line("log", "log").state is State.RUNNING


async def test_a_log_that_cannot_be_read_is_told_and_does_not_end(
    log: SqliteLog, clock: FakeClock, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as while no file can be opened: 503 from the API, and so from /healthz."""
    line = board.line("log", "log")
    watching = asyncio.create_task(log.watch())
    await asyncio.sleep(0)

    async def look() -> None:
        await clock.advance(WATCH_SECONDS)
        while not clock.sleeping:  # noqa: ASYNC110 - the guard looks in a thread
            await asyncio.sleep(0.001)

    async def unreadable() -> int:
        raise LogError("disk I/O error")

    readable = log._watch._read_last
    log._watch._read_last = unreadable
    await look()
    assert (line.state.value, line.message) == ("waiting", "disk I/O error")
    await log.append("gate", several(1, 1))
    assert line.state.value == "waiting", "a commit does not say that it can be read"
    log._watch._read_last = readable
    await look()
    assert line.state.value == "running"
    watching.cancel()
