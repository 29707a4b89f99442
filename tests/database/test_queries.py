"""The queries of console and command line: right, page by page, and beside a running log."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import apsw
import pytest

from platewire.database.queries import Database, PassageRow
from platewire.database.search.filters import SearchFilters
from platewire.database.search.passage_search import SQLITE, PageCursor, cursor_of, page
from platewire.database.search.plate_pattern import Match, plate_pattern
from platewire.errors import LogError
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Entry, Images, Kind
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import START, passage_events, picture

TEXTS = ("BU9042", "BU9043", "M1", "BU9042")
PLATE, FRAME = picture("plate", mark=1), picture("frame", mark=2)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def log(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteLog]:
    """Four passages at two cameras, a minute apart; the last is still open. 11 events."""
    log = await SqliteLog.open(LogSettings(folder=tmp_path), clock, Board(clock))
    for number, text in enumerate(TEXTS, 1):
        camera = "gate" if number % 2 else "yard"
        images = Images(plate=PLATE.image, frame=FRAME.image)
        events = passage_events(number, camera=camera, text=text, images=images)
        await log.append(camera, events[: 2 if number == 4 else 3], [PLATE, FRAME])
        clock.suspend(60)
    yield log
    await log.close()


@pytest.fixture
async def entries(log: SqliteLog) -> list[Entry]:
    """All that is in it; when each arrived is of no concern to who asks the database."""
    return [entry._replace(arrived=None) for entry in await log.read(0, 100)]


@pytest.fixture
async def database(log: SqliteLog) -> AsyncIterator[Database]:
    database = Database.open_read_only(log.path)
    yield database
    await database.close()


def seqs(entries: "list[Entry] | tuple[Entry, ...] | object") -> list[int]:
    assert isinstance(entries, list)
    return [entry.event.seq for entry in entries]


async def test_events_both_ways(database: Database, entries: list[Entry]) -> None:
    assert await database.events(limit=100) == entries[::-1], "the newest first"
    assert await database.events(after=0, limit=100) == entries
    assert seqs(await database.events(limit=3)) == [11, 10, 9]
    assert seqs(await database.events(before=9, limit=3)) == [8, 7, 6]
    assert seqs(await database.events(after=9, limit=3)) == [10, 11]
    assert seqs(await database.events(after=2, before=5, limit=9)) == [3, 4]


async def test_events_chosen(database: Database) -> None:
    assert seqs(await database.events(after=0, limit=9, camera="yard")) == [4, 5, 6, 10, 11]
    assert seqs(await database.events(limit=9, kind=Kind.LOST)) == [9, 6, 3]
    assert seqs(await database.events(limit=9, plate="BU9043")) == [6, 5, 4]
    assert seqs(await database.events(after=2, limit=9, plate="BU", camera="gate")) == [3]
    assert seqs(await database.events(limit=9, plate="")) == [11, 10, 9, 8, 7, 6, 5, 4, 3]
    assert seqs(await database.events(limit=9, plate="%")) == []


async def test_one_event(database: Database, entries: list[Entry]) -> None:
    assert await database.event(5) == entries[4]
    assert await database.event(12) is None


async def test_seq_at_a_time(database: Database, entries: list[Entry]) -> None:
    times = [entry.event.recorded_at or START for entry in entries]
    for index in (0, 3, 6, 9):
        assert await database.seq_at(times[index]) == index + 1
        assert await database.seq_at(times[index] - timedelta(seconds=59)) == index + 1
    assert await database.seq_at(times[10] + timedelta(seconds=1)) == 12


async def test_passages(database: Database, entries: list[Entry]) -> None:
    rows = await database.search(SearchFilters(), limit=100)
    assert [row.first_seq for row in rows] == [10, 7, 4, 1]
    assert [row.last for row in rows] == [entries[10], entries[8], entries[5], entries[2]]
    after = cursor_of(rows[0].last.event, rows[0].first_seq)
    assert await database.search(SearchFilters(), after=after, limit=2) == rows[1:3]

    async def found(plate: str | None = None, **filters: Any) -> Sequence[PassageRow]:
        pattern = plate_pattern(plate, Match.PREFIX) if plate else None
        return await database.search(SearchFilters(plate=pattern, **filters), limit=9)

    assert await found(camera="yard") == [rows[0], rows[2]]
    assert await found("BU9042") == [rows[0], rows[3]]
    assert await found("BU904", camera="gate") == [rows[3]]
    assert await found(open=True) == rows[:1]


async def test_one_passage(database: Database, entries: list[Entry]) -> None:
    assert await database.passage(entries[4].event.passage) == entries[3:6]
    assert await database.passage(UUID(int=0)) == []


async def test_summary(database: Database, entries: list[Entry]) -> None:
    cameras = await database.cameras()
    assert [(row.name, row.passages, row.last) for row in cameras] == [
        ("gate", 2, entries[8]),
        ("yard", 2, entries[10]),
    ]
    assert await database.counts() == (1, 11, 4, 1)


async def test_pictures(database: Database, log: SqliteLog) -> None:
    assert await database.picture(PLATE.image.sha256) == PLATE.jpeg
    assert await database.picture(FRAME.image.sha256) == FRAME.jpeg
    assert await database.picture("0" * 64) is None
    for path in (log.path.parent / "images").rglob("*.jpg"):
        path.unlink()
    assert await database.picture(FRAME.image.sha256) is None


async def test_new_events_are_seen(database: Database, log: SqliteLog) -> None:
    await log.append("gate", passage_events(9))
    assert seqs(await database.events(after=11, limit=9)) == [12, 13, 14]


async def test_it_cannot_write(database: Database) -> None:
    with pytest.raises(LogError, match="writable"):
        await database._rows("DELETE FROM cursor")


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="missing"):
        Database.open_read_only(tmp_path / "missing" / "platewire.db")


SEARCHES = {
    "passage_first_seen": SearchFilters(since=START),
    "passage_camera": SearchFilters(camera="gate", until=START),
    "passage_plate": SearchFilters(plate=plate_pattern("M1")),
}


@pytest.mark.parametrize("index", SEARCHES)
async def test_pages_are_found_by_an_index(index: str, log: SqliteLog) -> None:
    """A page far back costs as much as the first: nothing is scanned but the page itself."""
    connection = apsw.Connection(str(log.path), flags=apsw.SQLITE_OPEN_READONLY)
    filters = SEARCHES[index]
    plates = None if filters.plate is None else ["M1"]
    statement = page(SQLITE, filters, plates, PageCursor(5, 5), 5)
    (step,) = connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.values).fetchall()
    assert f"SEARCH p USING INDEX {index} (" in str(step[3])
    connection.close()


async def test_pages_of_events_are_found_by_an_index(log: SqliteLog) -> None:
    connection = apsw.Connection(str(log.path), flags=apsw.SQLITE_OPEN_READONLY)
    for condition in ("seq < 5", "camera = 'gate'"):
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN SELECT seq FROM event WHERE {condition} ORDER BY seq DESC LIMIT 5"
        ).fetchall()
        assert not [row for row in plan if "SCAN" in str(row[3]) or "TEMP B-TREE" in str(row[3])]
    connection.close()


@pytest.mark.parametrize(
    ("text", "match", "found"),
    [
        ("BU904?", Match.WILDCARD, 11 - 3),
        ("U9042", Match.CONTAINS, 5),
        ("8U9O43", Match.SIMILAR, 3),
        ("BU904", Match.ONE_EDIT, 8),
        ("*", Match.WILDCARD, 11),
    ],
)
@pytest.mark.parametrize("taken_in", [False, True])
async def test_events_by_pattern(
    database: Database, log: SqliteLog, text: str, match: Match, found: int, taken_in: bool
) -> None:
    if taken_in:
        await log.take_in_plates()
    pattern = plate_pattern(text, match)
    assert len(await database.events(limit=99, plate=pattern)) == found
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("platewire.database.search.passage_search.PLATES_MAX", 0)
        assert len(await database.events(limit=99, plate=pattern)) == found


async def test_a_plate_goes_with_its_last_event(tmp_path: Path, clock: FakeClock) -> None:
    settings = LogSettings(folder=tmp_path / "short", retention_days=1)
    log = await SqliteLog.open(settings, clock, Board(clock))
    await log.append("gate", passage_events(1, text="OLD1"))
    await log.append("gate", passage_events(2, text="BOTH"))
    await log.take_in_plates()
    clock.suspend(2 * 86_400)
    await log.append("gate", passage_events(3, text="BOTH"))
    await log.retain()
    database = Database.open_read_only(log.path)
    assert await database._rows("SELECT text FROM plate") == [("BOTH",)]
    await database.close()
    await log.close()
