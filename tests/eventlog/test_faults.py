"""A full disk, one that fails, folders and files that cannot be used: said clearly, none lost."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from platewire.errors import LogError, LogFull, LogVersion, LogWaits
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Images
from platewire.runtime.status import Board, State
from platewire.testing.check_eventlog import several
from platewire.testing.sample_events import passage_events, picture
from tests.eventlog.conftest import OpenLog

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


async def limit_pages(log: SqliteLog, more: int) -> None:
    """Lets the database file grow by so many pages only, as on a full disk."""

    def limit(connection: apsw.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").get
        connection.execute(f"PRAGMA max_page_count = {pages + more}")

    await log._threads.write(limit)


async def fill(log: SqliteLog, first: int) -> tuple[int, LogFull]:
    """Appends until there is no space; the number of the passage that did not go in."""
    for number in range(first, first + 10_000):
        try:
            await log.append("gate", passage_events(number), (), b"%d" % number)
        except LogFull as error:
            return number, error
    raise AssertionError("the disk never became full")


async def check_full_and_free_again(log: SqliteLog, board: Board, number: int) -> None:
    """After a refusal: nothing of it is there, and the same call works once there is space."""
    kept = log.last_seq
    assert board.line("log", "log").state is State.WAITING
    assert await log.open_passages("gate") == b"%d" % (number - 1)
    assert [entry.event.seq for entry in await log.read(0, 100_000)] == list(range(1, kept + 1))
    with pytest.raises(LogFull):
        await log.append("gate", several(number, 50))
    assert log.last_seq == kept


async def test_full_database(open_log: OpenLog, board: Board) -> None:
    log = await open_log(memory_bytes=0)
    await log.append("gate", passage_events(1), (), b"1")
    await limit_pages(log, more=20)
    number, error = await fill(log, 2)
    assert str(log.path) in str(error)
    assert "free disk space" in str(error)
    await check_full_and_free_again(log, board, number)
    await limit_pages(log, more=1000)
    entries = await log.append("gate", passage_events(number))
    assert [entry.event.seq for entry in entries] == [
        log.last_seq - 2,
        log.last_seq - 1,
        log.last_seq,
    ]
    assert board.line("log", "log").state is State.RUNNING
    await log.close()
    again = await open_log()
    assert [entry.event.seq for entry in await again.read(0, 100_000)] == list(
        range(1, log.last_seq + 1)
    )


async def test_no_space_for_a_picture(
    log: SqliteLog, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = picture("frame")

    def no_space(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("platewire.eventlog.images.os.fsync", no_space)
        with pytest.raises(LogFull, match="no disk space left for the picture"):
            await log.append("gate", passage_events(1), [frame])
    assert log.last_seq == 0
    assert await log.picture(frame.image.sha256) is None
    assert not [path for path in (log.path.parent / "images").rglob("*") if path.is_file()]
    await log.append("gate", passage_events(1), [frame])
    assert await log.picture(frame.image.sha256) == frame.jpeg


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 2 MB."""
    if not IS_ROOT or sys.platform != "linux":
        pytest.skip("only root can mount a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "platewire-test", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_full_disk(small_disk: Path, open_log: OpenLog, board: Board) -> None:
    log = await open_log(folder=small_disk)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_000_000))
    number, error = await fill(log, 1)
    assert str(log.path) in str(error)
    await check_full_and_free_again(log, board, number)
    ballast.unlink()
    await log.append("gate", passage_events(number))
    last_seq = log.last_seq
    await log.close()
    again = await open_log(folder=small_disk)
    assert again.last_seq == last_seq
    await again.close()


async def test_full_disk_while_writing_pictures(small_disk: Path, open_log: OpenLog) -> None:
    log = await open_log(folder=small_disk)
    frame = picture("frame")
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space"):
        ballast.write_bytes(bytes(4_000_000))
    with pytest.raises(LogFull):
        await log.append("gate", passage_events(1, images=Images(frame=frame.image)), [frame])
    ballast.unlink()
    await log.append("gate", passage_events(1, images=Images(frame=frame.image)), [frame])
    assert await log.picture(frame.image.sha256) == frame.jpeg
    await log.close()


class FailingFile(apsw.VFSFile):
    """A file whose flush fails as soon as the test says so."""

    def __init__(self, vfs: "FailingDisk", name: str | apsw.URIFilename, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = vfs

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        if self._disk.broken:
            raise apsw.IOError("flush failed")
        super().xSync(flags)


class FailingDisk(apsw.VFS):
    def __init__(self) -> None:
        self.broken = False
        super().__init__("failing-disk", "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        assert name is not None
        return FailingFile(self, name, flags)


async def test_after_a_second_failed_flush_nothing_more_is_written(
    open_log: OpenLog, board: Board
) -> None:
    """Of one that fails alone, see `test_waits`."""
    disk = FailingDisk()
    try:
        log = await open_log(vfs="failing-disk")
        await log.append("gate", passage_events(1))
        disk.broken = True
        with pytest.raises(LogWaits, match="disk reported an I/O error"):
            await log.append("gate", passage_events(2))
        with pytest.raises(LogError, match="disk reported an I/O error") as second:
            await log.append("gate", passage_events(2))
        assert not isinstance(second.value, LogWaits)
        disk.broken = False
        with pytest.raises(LogError, match="disk reported an I/O error"):
            await log.append("gate", passage_events(3))
        assert log.last_seq == 3
        assert board.line("log", "log").state is State.FAILED
        assert len(await log.read(0, 100)) == 3, "what is there can still be read"
        await log.close()
    finally:
        disk.unregister()
    again = await open_log()
    assert again.last_seq in (3, 6), "nobody was promised the second passage; it is whole or not"


@pytest.fixture
def read_only_folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "read-only"
    folder.mkdir()
    if not IS_ROOT:
        folder.chmod(0o500)
        yield folder
        folder.chmod(0o700)
        return
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "platewire-test", str(folder)]
    if (
        sys.platform != "linux"
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("root may write everywhere, and mounting is not allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_read_only_folder(read_only_folder: Path, open_log: OpenLog) -> None:
    with pytest.raises(
        LogError, match=r"grant platewire write access|is writable for platewire"
    ) as raised:
        await open_log(folder=read_only_folder)
    assert str(read_only_folder) in str(raised.value)
    with pytest.raises(LogError, match=r"grant platewire write access|is writable for platewire"):
        await open_log(folder=read_only_folder / "below")


async def test_a_file_in_the_place_of_the_folder(open_log: OpenLog, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("not a folder")
    with pytest.raises(LogError, match=r"cannot create the folder .*: File exists"):
        await open_log()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"camera,plate\n" * 100, "not an SQLite database"),
        (b"SQLite format 3\x00" + b"\xff" * 5000, "corrupted"),
    ],
)
async def test_a_damaged_file_is_left_as_it_is(
    content: bytes, words: str, open_log: OpenLog, tmp_path: Path
) -> None:
    path = tmp_path / "log" / "platewire.db"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(LogError, match=words) as raised:
        await open_log()
    assert str(path) in str(raised.value)
    assert path.read_bytes() == content


async def test_a_newer_file_is_left_as_it_is(open_log: OpenLog) -> None:
    log = await open_log()
    await log.append("gate", passage_events(1))
    await log.close()
    connection = apsw.Connection(str(log.path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = log.path.read_bytes()
    with pytest.raises(LogVersion, match="version 99, written by a newer platewire"):
        await open_log()
    assert log.path.read_bytes() == before


async def test_damage_found_while_running_stops_the_log(open_log: OpenLog) -> None:
    log = await open_log(memory_bytes=0)
    await log.append("gate", several(1, 100))
    await log.close()
    with log.path.open("r+b") as file:
        file.seek(4096 * 8)
        file.write(b"\xff" * 4096 * 60)
    with pytest.raises(LogError, match=str(log.path)):
        await read_all(open_log)


async def read_all(open_log: OpenLog) -> None:
    again = await open_log(memory_bytes=0)
    await again.read(0, 1000)
