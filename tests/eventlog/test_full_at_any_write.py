"""The disk is full at one of the writes, whichever, and has space again: nothing is lost by it."""

from collections.abc import Iterator

import apsw
import pytest

from platewire.errors import LogFull
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Entry
from platewire.runtime.status import Board, State
from platewire.testing.sample_events import passage_events
from tests.eventlog.conftest import OpenLog

NAME = "full-at-a-write"


class FullDisk(apsw.VFS):
    """Takes `left` writes more, then none; any number where `left` is below 0."""

    def __init__(self) -> None:
        self.left = -1
        self.refused = 0
        super().__init__(NAME, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        assert name is not None
        return FullFile(self, name, flags)

    def write(self) -> None:
        if self.left < 0:
            return
        if self.left == 0:
            self.refused += 1
            raise apsw.FullError("no space")
        self.left -= 1


class FullFile(apsw.VFSFile):
    def __init__(self, disk: FullDisk, name: str | apsw.URIFilename, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        self._disk.write()
        super().xWrite(data, offset)


@pytest.fixture
def disk() -> Iterator[FullDisk]:
    made = FullDisk()
    yield made
    made.unregister()


@pytest.mark.parametrize("writes", [*range(0, 40, 2), *range(41, 300, 20)])
async def test_full_at_any_write(
    open_log: OpenLog, board: Board, disk: FullDisk, writes: int
) -> None:
    log = await open_log(vfs=NAME, memory_bytes=0)
    await log._threads.write(lambda connection: connection.wal_autocheckpoint(8))
    await log.append("gate", passage_events(1))
    await log.deliveries.set_cursor("erp", 1)
    disk.left = writes
    kept, refused = await fill(log)
    assert disk.refused
    assert board.line("log", "log").state is State.WAITING
    assert log.last_seq == kept[-1].event.seq
    await log.deliveries.set_cursor("erp", log.last_seq)
    disk.left = -1
    kept += await log.append("gate", passage_events(refused), (), b"%d" % refused)
    assert board.line("log", "log").state is State.RUNNING
    assert log.last_seq == kept[-1].event.seq == 3 * refused
    await log.close()
    again = await open_log(memory_bytes=0)
    assert list(await again.read(0, 10_000)) == kept
    assert await again.deliveries.cursor("erp") == 3 * (refused - 1)
    assert await again.open_passages("gate") == b"%d" % refused


async def fill(log: SqliteLog) -> tuple[list[Entry], int]:
    """What was kept, and the number of the passage that was not."""
    kept = list(await log.read(0, 10_000))
    for number in range(2, 1000):
        try:
            kept += await log.append("gate", passage_events(number), (), b"%d" % number)
        except LogFull:
            return kept, number
    raise AssertionError("the disk never became full")
