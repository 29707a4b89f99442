"""However a database lies there at the next start: no number is given to two events."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from platewire.errors import LogError
from platewire.eventlog.history.mark import NAME, Mark, MarkFile, read_mark
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.eventlog.upkeep.verify import verify
from platewire.model import Event
from platewire.numbering import Gap
from platewire.runtime.status import Board
from platewire.testing.check_eventlog import check_log_that_was_cut_back, several
from platewire.testing.clock import FakeClock
from platewire.testing.memory_log import MemoryLog


class Site:
    """A folder, what was ever handed out of it, and copies of its database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "platewire.db"
        self.given: dict[int, UUID] = {}
        self.numbers: list[int] = []
        self.clock = FakeClock()

    async def open(self, **settings: object) -> SqliteLog:
        made = LogSettings(folder=self.folder, **settings)  # type: ignore[arg-type]
        return await SqliteLog.open(made, self.clock, Board(self.clock))

    async def run(self, *events: Event) -> tuple[Gap, ...]:
        """Starts, appends, stops; the gaps that the log knows."""
        log = await self.open()
        try:
            for entry in await log.append("gate", events):
                assert entry.event.seq not in self.given, "a number was given to two events"
                self.given[entry.event.seq] = entry.event.id
            self.numbers.append(log.last_passage_number)
            return log.numbering.gaps
        finally:
            await log.close()

    def copy(self, name: str) -> Path:
        with closing(sqlite3.connect(self.path)) as source:
            target = self.folder.with_name(name)
            with closing(sqlite3.connect(target)) as copy:
                source.backup(copy)
        return target

    def put(self, source: Path) -> None:
        self.remove()
        shutil.copy(source, self.path)

    def remove(self) -> None:
        for end in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)

    @property
    def faults(self) -> tuple[str, ...]:
        return verify(self.folder).faults


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "log")


def spans(gaps: tuple[Gap, ...]) -> list[tuple[int, int, int, str]]:
    return [(gap.epoch, gap.first_seq, gap.last_seq, gap.reason) for gap in gaps]


async def test_an_ordinary_restart_makes_no_gap(site: Site) -> None:
    for number in range(1, 4):
        assert await site.run(*several(number, 1)) == ()
    assert list(site.given) == list(range(1, 10))
    mark = read_mark(site.folder)
    assert mark is not None
    assert (mark.epoch, mark.last_seq, mark.last_event) == (1, 9, site.given[9])


async def test_a_mark_behind_the_log_is_raised(site: Site) -> None:
    """As after a power cut, which takes what was not flushed of it."""
    await site.run(*several(1, 1))
    old = (site.folder / NAME).read_bytes()
    await site.run(*several(2, 1))
    (site.folder / NAME).write_bytes(old)
    assert await site.run() == ()
    mark = read_mark(site.folder)
    assert mark is not None
    assert mark.last_seq == 6


def older_copy(site: Site, copy: Path) -> None:
    site.put(copy)


def deleted(site: Site, copy: Path) -> None:
    site.remove()


def emptied(site: Site, copy: Path) -> None:
    site.remove()
    site.path.touch()


@pytest.mark.parametrize(
    ("cut", "last_kept"),
    [(older_copy, 3), (deleted, 0), (emptied, 0)],
    ids=["older copy", "deleted", "emptied"],
)
async def test_a_log_that_was_cut_back_goes_on_above_the_mark(
    site: Site,
    cut: Callable[[Site, Path], None],
    last_kept: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await site.run(*several(1, 1))
    copy = site.copy("older.db")
    await site.run(*several(2, 2))
    cut(site, copy)
    gaps = await site.run(*several(9, 1))
    assert spans(gaps) == [(2, last_kept + 1, 9, "cut_back")]
    assert list(site.given) == list(range(1, 13))
    assert site.numbers == sorted(site.numbers)
    (said,) = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert f"ends at seq {last_kept}" in said
    assert "continue at seq 10 in epoch 2" in said
    assert await site.run() == gaps, "it is found once"
    assert site.faults == ()


async def test_a_log_that_was_cut_back_twice_is_above_both(site: Site) -> None:
    await site.run(*several(1, 1))
    copy = site.copy("older.db")
    await site.run(*several(2, 1))
    site.put(copy)
    await site.run(*several(3, 1))
    site.put(copy)
    gaps = await site.run(*several(4, 1))
    assert spans(gaps) == [(3, 4, 9, "cut_back")], "the copy knows nothing of the second epoch"
    assert list(site.given) == list(range(1, 13))
    assert site.faults == ()


async def test_the_newer_file_put_back_begins_an_epoch_too(site: Site) -> None:
    await site.run(*several(1, 1))
    older = site.copy("older.db")
    await site.run(*several(2, 1))
    newer = site.copy("newer.db")
    site.put(older)
    await site.run(*several(3, 1))
    site.put(newer)
    gaps = await site.run(*several(4, 1))
    assert spans(gaps) == [(3, 7, 9, "cut_back")]
    assert list(site.given) == list(range(1, 13))


async def test_the_database_of_another_log(site: Site, tmp_path: Path) -> None:
    other = Site(tmp_path / "other")
    await other.run(*several(50, 5))
    await site.run(*several(1, 1))
    site.put(other.path)
    gaps = await site.run(*several(2, 1))
    assert spans(gaps) == [(2, 16, 15, "replaced")], "above both"
    assert list(site.given) == [1, 2, 3, 16, 17, 18]
    assert site.faults == ()


async def test_a_copy_that_went_on_by_itself(site: Site, tmp_path: Path) -> None:
    await site.run(*several(1, 1))
    clone = Site(tmp_path / "clone")
    clone.folder.mkdir()
    shutil.copy(site.copy("copy.db"), clone.path)
    await clone.run(*several(70, 3))
    await site.run(*several(2, 1))
    site.put(clone.path)
    gaps = await site.run(*several(4, 1))
    assert spans(gaps) == [(2, 13, 12, "other_history")]
    assert list(site.given)[-3:] == [13, 14, 15]


async def test_a_lost_mark_is_made_anew_with_a_warning(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    await site.run(*several(1, 1))
    assert not caplog.records, "the first start is none"
    for damage in ((site.folder / NAME).unlink, lambda: (site.folder / NAME).write_bytes(b"x")):
        caplog.clear()
        damage()
        assert any("mark" in fault for fault in site.faults)
        assert await site.run() == ()
        (record,) = caplog.records
        assert record.levelname == "WARNING"
        assert "is created again" in record.message
        assert read_mark(site.folder) is not None
        assert site.faults == ()


async def test_a_crash_between_a_new_epoch_and_its_mark_changes_nothing(site: Site) -> None:
    await site.run(*several(1, 1))
    copy = site.copy("older.db")
    await site.run(*several(2, 1))
    old = (site.folder / NAME).read_bytes()
    site.put(copy)
    gaps = await site.run()
    (site.folder / NAME).write_bytes(old)
    assert await site.run(*several(3, 1)) == gaps
    assert list(site.given) == list(range(1, 10))


async def test_a_mark_that_cannot_be_read_is_no_reason_to_begin_anew(site: Site) -> None:
    await site.run(*several(1, 1))
    (site.folder / NAME).unlink()
    (site.folder / NAME).mkdir()
    with pytest.raises(LogError, match="cannot be read"):
        await site.run()


async def test_retention_goes_over_a_gap(site: Site) -> None:
    await site.run(*several(1, 2))
    copy = site.copy("older.db")
    await site.run(*several(3, 1))
    mark = MarkFile(site.folder, site.clock)
    assert mark.kept is not None
    mark.write(mark.kept._replace(last_seq=100_000))
    mark.close()
    site.put(copy)
    gaps = await site.run(*several(10, 1))
    assert spans(gaps) == [(2, 7, 100_000, "cut_back")]
    await site.clock.advance(3 * 86_400)
    log = await site.open(retention_days=1)
    await log.append("gate", several(20, 1))
    assert (await log.retain([])).events == 9
    assert (log.first_seq, log.last_seq) == (100_004, 100_006)
    await log.close()
    assert site.faults == ()


def test_a_mark_is_a_named_tuple_without_an_event_at_first() -> None:
    assert Mark(UUID(int=1), 1, 0, 0).last_event == UUID(int=0)


async def test_both_logs_are_the_same_when_they_were_cut_back(site: Site) -> None:
    await site.run(*several(1, 1))
    copy = site.copy("older.db")
    await site.run(*several(2, 2))
    site.put(copy)
    memory = MemoryLog(FakeClock())
    await memory.append("gate", several(1, 3))
    memory.cut_back(3)
    for log in (await site.open(memory_bytes=0), memory):
        await check_log_that_was_cut_back(log, kept=3, lost=6)
        await log.close()
