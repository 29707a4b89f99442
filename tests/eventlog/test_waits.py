"""What may be over by itself is waited for: said, tried again, and nothing is lost by it.

Only damage, and a disk that fails twice, end the work. Whoever is told to wait gives the same
again, as intake does.
"""

import asyncio
import os
import resource
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from platewire.database.queries import Database
from platewire.errors import LogError, LogFull, LogWaits
from platewire.eventlog import writer
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Entry, Event, Images, Picture
from platewire.runtime.status import Board, State
from platewire.testing.sample_events import passage_events, picture
from tests.eventlog.conftest import OpenLog
from tests.support.failing_disk import NAME, Disk

LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    monkeypatch.setattr(writer, "PAUSE_SECONDS_MAX", 0.2)
    made = Disk()
    yield made
    made.unregister()


async def give(
    log: SqliteLog, number: int, pictures: Sequence[Picture] = ()
) -> tuple[list[Entry], list[LogWaits]]:
    """The same events again and again until they are kept; what was said meanwhile."""
    shown = Images(frame=pictures[0].image) if pictures else Images()
    events = passage_events(number, images=shown)
    return await give_events(log, events, pictures)


async def give_events(
    log: SqliteLog, events: Sequence[Event], pictures: Sequence[Picture]
) -> tuple[list[Entry], list[LogWaits]]:
    said: list[LogWaits] = []
    while True:
        try:
            return list(await log.append("gate", events, pictures)), said
        except LogWaits as error:
            said.append(error)
            await asyncio.sleep(0.02)


async def until(board: Board, state: State) -> None:
    async with asyncio.timeout(60):
        while board.line("log", "log").state is not state:  # noqa: ASYNC110 - a thread says it
            await asyncio.sleep(0.01)


async def check(log: SqliteLog, open_log: OpenLog, board: Board, kept: list[Entry]) -> None:
    """All that was acknowledged, in order, without a gap, here and at the next start."""
    assert board.line("log", "log").state is State.RUNNING
    assert list(await log.read(0, 1000)) == kept
    assert [entry.event.seq for entry in kept] == list(range(1, len(kept) + 1))
    await log.close()
    again = await open_log(memory_bytes=0)
    assert list(await again.read(0, 1000)) == kept


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("method", ["xWrite", "xSync", "xRead"])
async def test_a_disk_that_fails_once(
    open_log: OpenLog, board: Board, disk: Disk, method: str, *, after: bool
) -> None:
    log = await open_log(vfs=NAME, memory_bytes=0)
    kept, _ = await give(log, 1)
    await log.deliveries.set_cursor("erp", 1)
    await log._threads.write(lambda connection: connection.execute("PRAGMA cache_size = 0"))
    disk.fail(method, after=after)
    more, said = await give(log, 2)
    assert all("disk reported an I/O error" in str(each) for each in said)
    kept += more + (await give(log, 3))[0]
    assert not disk.left or (method, after) == ("xRead", True), "else nothing was tried"
    await check(log, open_log, board, kept)


async def test_a_failed_flush_is_told_and_the_connection_given_up(
    open_log: OpenLog, board: Board, disk: Disk
) -> None:
    log = await open_log(vfs=NAME)
    kept, _ = await give(log, 1)
    before = log._threads.writer._store._connection
    disk.fail("xSync")
    with pytest.raises(LogWaits, match="disk reported an I/O error"):
        await log.append("gate", passage_events(2))
    assert board.line("log", "log").state is State.WAITING
    assert board.line("log", "log").counters["failures"] == 1
    kept += (await give(log, 2))[0]
    assert log._threads.writer._store._connection is not before
    await check(log, open_log, board, kept)


async def test_what_was_kept_though_it_failed_is_not_kept_twice(
    open_log: OpenLog, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that says that it failed, and did not."""
    log = await open_log(memory_bytes=1_000_000)
    store = log._threads.writer._store
    commit = store.commit

    def commits_and_fails(*arguments: object) -> list[object]:
        monkeypatch.setattr(store, "commit", commit)
        before = store.last_seq, store._last_id
        commit(*arguments)  # type: ignore[arg-type]
        store.last_seq, store._last_id = before
        raise apsw.IOError("nobody knows")

    kept, _ = await give(log, 1)
    monkeypatch.setattr(store, "commit", commits_and_fails)
    first = asyncio.create_task(give(log, 2))
    other = asyncio.create_task(give(log, 3))
    for task in (first, other):
        entries, _ = await task
        kept += entries
    kept.sort(key=lambda entry: entry.event.seq)
    assert log.last_seq == 9
    await check(log, open_log, board, kept)


async def test_by_itself_it_finds_that_it_can_write_again(
    open_log: OpenLog, board: Board, disk: Disk
) -> None:
    log = await open_log(vfs=NAME)
    await log.append("gate", passage_events(1))
    disk.error = apsw.CantOpenError("no more files")
    disk.fail("xSync", times=1)
    with pytest.raises(LogWaits):
        await log.append("gate", passage_events(2))
    assert board.line("log", "log").state is State.WAITING
    await until(board, State.RUNNING)


async def test_damage_that_stays_is_final(open_log: OpenLog, board: Board, disk: Disk) -> None:
    log = await open_log(vfs=NAME)
    await log.append("gate", passage_events(1))
    disk.error = apsw.CorruptError("malformed")
    disk.fail("xWrite", times=1000)
    with pytest.raises(LogWaits, match="corrupted"):
        await log.append("gate", passage_events(2))
    with pytest.raises(LogError, match="corrupted") as second:
        await log.append("gate", passage_events(2))
    assert not isinstance(second.value, LogWaits)
    assert board.line("log", "log").state is State.FAILED


@pytest.fixture
async def locked(open_log: OpenLog) -> AsyncIterator[tuple[SqliteLog, asyncio.subprocess.Process]]:
    """A log whose file another process has locked, until its input ends."""
    log = await open_log()
    await log.append("gate", passage_events(1))
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-c", LOCK, str(log.path)]
    other = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert other.stdout is not None
    assert await other.stdout.readline() == b"locked\n"
    yield log, other
    if other.returncode is None:
        other.kill()
    await other.wait()


async def test_locked_by_another_program(
    locked: tuple[SqliteLog, asyncio.subprocess.Process], open_log: OpenLog, board: Board
) -> None:
    log, other = locked
    log._threads.writer._store._connection.set_busy_timeout(100)
    with pytest.raises(LogWaits, match="another program holds a lock on the file"):
        await log.append("gate", passage_events(2))
    assert board.line("log", "log").state is State.WAITING
    other.kill()
    kept, _ = await give(log, 2)
    await check(log, open_log, board, [*(await log.read(0, 3)), *kept])


async def test_pictures_moved_away_and_back(
    open_log: OpenLog, board: Board, disk: Disk, tmp_path: Path
) -> None:
    log = await open_log(vfs=NAME)
    kept, _ = await give(log, 1, [picture("frame", mark=1)])
    images = log.path.parent / "images"
    images.rename(tmp_path / "away")
    giving = asyncio.create_task(give(log, 2, [picture("frame", mark=2)]))
    await until(board, State.WAITING)
    assert "restore the folder, or create it" in board.line("log", "log").message
    (tmp_path / "away").rename(images)
    entries, said = await giving
    assert said
    for mark in (1, 2):
        assert await log.picture(picture("frame", mark=mark).image.sha256)
    await check(log, open_log, board, kept + entries)


async def test_pictures_deleted_and_made_anew(
    open_log: OpenLog, board: Board, disk: Disk, tmp_path: Path
) -> None:
    log = await open_log(vfs=NAME)
    kept, _ = await give(log, 1, [picture("frame", mark=1)])
    (log.path.parent / "images").rename(tmp_path / "away")
    with pytest.raises(LogWaits):
        await log.append(
            "gate",
            passage_events(2, images=Images(frame=picture("frame", mark=2).image)),
            [picture("frame", mark=2)],
        )
    (log.path.parent / "images").mkdir()
    kept += (await give(log, 2, [picture("frame", mark=2)]))[0]
    await check(log, open_log, board, kept)


async def test_another_file_in_its_place_is_final(
    open_log: OpenLog, board: Board, disk: Disk, tmp_path: Path
) -> None:
    log = await open_log(vfs=NAME)
    await log.append("gate", passage_events(1))
    other = await open_log(folder=tmp_path / "other")
    await other.append("gate", passage_events(7))
    await other.close()
    for name in ("platewire.db", "platewire.db-wal", "platewire.db-shm"):
        (log.path.parent / name).rename(tmp_path / name)
    other.path.rename(log.path)
    disk.fail("xSync")
    with pytest.raises(LogWaits):
        await log.append("gate", passage_events(2))
    with pytest.raises(LogError, match="deleted or replaced by another file"):
        await give(log, 2)
    assert board.line("log", "log").state is State.FAILED


async def test_reads_are_made_again_on_another_connection(open_log: OpenLog) -> None:
    log = await open_log(memory_bytes=0)
    await log.append("gate", passage_events(1))
    database = Database.open_read_only(log.path)
    for reader in (log._threads.reader, database._reader):
        reader._connection = Failing(reader._connected())  # type: ignore[assignment]
    assert len(await log.read(0, 10)) == 3
    assert (await database.counts()).last_seq == 3
    await database.close()


class Failing:
    """A connection whose disk has failed under it."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def execute(self, *_: object) -> None:
        raise apsw.IOError("the test says so")

    def close(self) -> None:
        self._connection.close()


@contextmanager
def no_descriptors() -> Iterator[None]:
    """But those that are open already."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_a_log_that_cannot_be_opened_without_descriptors_is_waited_for(
    open_log: OpenLog,
) -> None:
    kept: list[Entry] = []
    for _ in range(2):  # there is no file yet, and there is one
        with no_descriptors(), pytest.raises(LogWaits, match="raise the limit of open files"):
            await open_log()
        log = await open_log()
        assert list(await log.read(0, 9)) == kept
        kept += (await give(log, 1))[0]
        await log.close()


@pytest.mark.parametrize("method", ["xOpen", "xRead", "xWrite", "xSync"])
async def test_a_log_whose_disk_fails_at_opening_is_waited_for(
    open_log: OpenLog, disk: Disk, method: str
) -> None:
    log = await open_log(vfs=NAME)
    kept, _ = await give(log, 1)
    await log.close()
    disk.fail(method)
    with pytest.raises(LogWaits):
        await open_log(vfs=NAME)
    log = await open_log(vfs=NAME)
    assert list(await log.read(0, 9)) == kept


async def test_a_log_without_space_at_opening_is_waited_for(open_log: OpenLog, disk: Disk) -> None:
    disk.error = apsw.FullError("the test says so")
    disk.fail("xWrite")
    with pytest.raises(LogFull):
        await open_log(vfs=NAME)
    assert not await (await open_log(vfs=NAME)).read(0, 9)


@pytest.mark.parametrize("name", ["log", "platewire.db"])
async def test_a_right_that_lacks_is_final(
    open_log: OpenLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whoever waits for it would wait for ever."""
    log = await open_log()
    await log.close()
    access = os.access

    def lacks(path: Path, mode: int) -> bool:
        return not (Path(path).name == name and mode == os.W_OK) and access(path, mode)

    monkeypatch.setattr(os, "access", lacks)
    with pytest.raises(LogError, match="grant platewire write access") as told:
        await open_log()
    assert not isinstance(told.value, LogWaits)
