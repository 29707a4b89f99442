"""One suite for both engines: what a search finds is what going through all passages finds."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from platewire.database.postgresql import search as postgresql_search
from platewire.database.queries import Database, PassageRow
from platewire.database.search import passage_search
from platewire.database.search.filters import SearchFilters
from platewire.database.search.passage_search import PageCursor, cursor_of, parse_cursor
from platewire.database.search.plate_pattern import Match, PlatePattern, plate_pattern
from platewire.database.search.plate_search import Presence
from platewire.errors import QueryTooLong
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Attribute, Direction, Event, ListHit, Site, Vehicle
from platewire.outputs.output import OutputContext
from platewire.outputs.postgresql import PostgresqlSettings
from platewire.runtime.clock import milliseconds
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import START, passage_events
from tests.database.postgresql.postgresql_server import PASSWORD, PostgresqlServer, serving
from tests.database.search.test_plate_pattern import distance, means

PASSAGES = 240
LATE = 40
"""Of these, the plates are not taken in."""
CAMERAS = ("gate", "yard", "tor-ö'; DROP TABLE passage; --")
SITE = Site(name="s", system_id=1, latitude=0, longitude=0, channels={}, zones={})
SAME = ("0ODQ", "1IL", "8B", "5S", "2Z")

Together = Callable[[Any], Any]


def passages() -> list[Sequence[Event]]:
    """The same each time. Some end, some change their text, times are not in the log's order."""
    chance = random.Random(7)
    return [_passage(number, chance) for number in range(1, PASSAGES + 1)]


def _passage(number: int, chance: random.Random) -> Sequence[Event]:
    text = "".join(chance.choices("AB801O", k=chance.randint(1, 5)))
    start = START + timedelta(milliseconds=1000 * chance.randint(-300, 300) - 1000 * number)
    events = passage_events(number, camera=chance.choice(CAMERAS), text=text, start=start)
    vehicle = Vehicle(
        color=chance.choice([None, Attribute("red", 0.5)]),
        type=chance.choice([None, Attribute("truck", 0.9)]),
    )
    direction = chance.choice(list(Direction))
    lists = chance.choice([(), (ListHit("staff", "allow"),)])
    country = chance.choice(["DE", None])
    again = chance.choice([text, f"{text}B"])
    return [
        structs.replace(
            event,
            vehicle=vehicle,
            direction=direction,
            lists=lists,
            plate=structs.replace(event.plate, country=country, text=again if at else text),
        )
        for at, event in enumerate(events[: chance.randint(1, 3)])
    ]


class Engine(Protocol):
    def search(
        self, filters: SearchFilters, *, after: PageCursor | None = None, limit: int = 1000
    ) -> Sequence[PassageRow]: ...

    def presence(self, filters: SearchFilters) -> Presence: ...

    def add(self, events: Sequence[Event]) -> None: ...


class Both:
    """The log and a database that its output fills; one event loop for all that happens."""

    def __init__(self, folder: Path, url: str) -> None:
        self.runner = asyncio.Runner()
        self.run = self.runner.run
        self.clock = FakeClock()
        self.log = self.run(
            SqliteLog.open(LogSettings(folder=folder), self.clock, Board(self.clock))
        )
        secret = folder / "password"
        secret.write_text(PASSWORD)
        settings = PostgresqlSettings(name="db", url=url, password=f"file:{secret}")
        context = OutputContext(self.clock, self.log, SITE, Board(self.clock))
        self.sender = settings.build(context)
        self.run(self.sender.connect())
        self.database = Database.open_read_only(folder / "platewire.db")

    @property
    def connection(self) -> Any:
        return self.sender._connection

    def add(self, events: Sequence[Event]) -> None:
        self.run(self._add(events))

    async def _add(self, events: Sequence[Event]) -> None:
        await self.sender.send(await self.log.append("gate", events))

    def take_in(self) -> None:
        while self.run(self.log.take_in_plates()):
            pass
        while self.run(postgresql_search.take_in(self.connection)):
            pass

    def close(self) -> None:
        self.run(self.database.close())
        self.run(self.sender.close())
        self.run(self.log.close())
        self.runner.close()


class InSqlite:
    def __init__(self, both: Both) -> None:
        self.both = both
        self.add = both.add

    def search(
        self, filters: SearchFilters, *, after: PageCursor | None = None, limit: int = 1000
    ) -> Sequence[PassageRow]:
        return self.both.run(self.both.database.search(filters, after=after, limit=limit))

    def presence(self, filters: SearchFilters) -> Presence:
        return self.both.run(self.both.database.presence(filters))


class InPostgresql(InSqlite):
    def search(
        self, filters: SearchFilters, *, after: PageCursor | None = None, limit: int = 1000
    ) -> Sequence[PassageRow]:
        connection = self.both.connection
        return self.both.run(
            postgresql_search.passages(connection, filters, after=after, limit=limit)
        )

    def presence(self, filters: SearchFilters) -> Presence:
        return self.both.run(postgresql_search.presence(self.both.connection, filters))


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


def filled(server: PostgresqlServer, folder: Path) -> Both:
    both = Both(folder, server.url(asyncio.run(server.new_database())))
    everything = passages()
    for number, part in enumerate((everything[:-LATE], everything[-LATE:])):
        both.sender._take_in_at = float("inf")
        both.add([event for passage in part for event in passage])
        if number == 0:
            both.take_in()
    return both


@pytest.fixture(scope="module")
def both(server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    both = filled(server, tmp_path_factory.mktemp("search"))
    yield both
    both.close()


@pytest.fixture(scope="module", params=[InSqlite, InPostgresql])
def engine(request: pytest.FixtureRequest, both: Both) -> Any:
    return request.param(both)


# --- by going through all of them ----------------------------------------------------------------


def all_of_them() -> list[tuple[int, Event]]:
    """First seq and newest event of each passage, in the order in which pages have them."""
    seq, found = 0, []
    for events in passages():
        found.append((seq + 1, events[-1]))
        seq += len(events)
    return sorted(found, key=lambda it: (it[1].first_seen_at, it[0]), reverse=True)


EVERYTHING = all_of_them()


def fits(match: Match, asked: str, plate: str) -> bool:
    same = {char: group[0] for group in SAME for char in group}
    match match:
        case Match.EXACT:
            return plate == asked
        case Match.PREFIX:
            return plate.startswith(asked)
        case Match.CONTAINS:
            return asked in plate
        case Match.WILDCARD:
            return means(asked, plate)
        case Match.SIMILAR:
            return [same.get(char, char) for char in plate] == [same.get(c, c) for c in asked]
        case Match.ONE_EDIT:
            return distance(plate, asked) <= 1


def expected(match: Match | None, asked: str, filters: SearchFilters) -> list[int]:
    return [
        first_seq
        for first_seq, event in EVERYTHING
        if (match is None or fits(match, asked, event.plate.text))
        and (filters.since is None or event.first_seen_at >= filters.since)
        and (filters.until is None or event.first_seen_at < filters.until)
        and filters.camera in (None, event.camera)
        and filters.country in (None, event.plate.country)
        and filters.color in (None, event.vehicle.color and event.vehicle.color.value)
        and filters.type in (None, event.vehicle.type and event.vehicle.type.value)
        and filters.direction in (None, event.direction)
        and (filters.list is None or any(hit.name == filters.list for hit in event.lists))
        and not (filters.open and event.kind == "lost")
    ]


moments = st.none() | st.integers(-900, 300).map(lambda s: START + timedelta(seconds=s + 0.0005))
filters = st.builds(
    SearchFilters,
    since=moments,
    until=moments,
    camera=st.none() | st.sampled_from([*CAMERAS, "nobody"]),
    country=st.none() | st.just("DE"),
    color=st.none() | st.sampled_from(["red", "re_", "%", ""]),
    type=st.none() | st.sampled_from(["truck", ""]),
    direction=st.none() | st.sampled_from(Direction),
    list=st.none() | st.sampled_from(["staff", "' OR 1=1 --"]),
    open=st.booleans(),
)
asked = st.text("AB801O", min_size=1, max_size=5) | st.text("AB80*?", min_size=1, max_size=5)
OFTEN = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def with_plate(filters: SearchFilters, pattern: PlatePattern) -> SearchFilters:
    return structs.replace(filters, plate=pattern)


def seqs(rows: Sequence[PassageRow]) -> list[int]:
    return [row.first_seq for row in rows]


@OFTEN
@given(filters=filters)
def test_filters(engine: Engine, filters: SearchFilters) -> None:
    assert seqs(engine.search(filters)) == expected(None, "", filters)


@pytest.mark.parametrize("plates_max", [2000, 3])
@OFTEN
@given(filters=st.just(SearchFilters()) | filters, match=st.sampled_from(Match), text=asked)
def test_plates(
    engine: Engine, plates_max: int, filters: SearchFilters, match: Match, text: str
) -> None:
    """Also where more plates fit than are looked up one by one."""
    text = text if match is Match.WILDCARD else "".join(filter(str.isalnum, text)) or "A"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passage_search, "PLATES_MAX", plates_max)
        found = engine.search(with_plate(filters, plate_pattern(text, match)))
        there = engine.presence(with_plate(filters, plate_pattern(text, match)))
    meant = expected(match, text, filters)
    assert seqs(found) == meant
    assert there.passages == len(meant)
    times = [milliseconds(event.first_seen_at) for seq, event in EVERYTHING if seq in meant]
    assert (there.first_seen_ms, there.last_seen_ms) == (
        (min(times), max(times)) if times else (None, None)
    )


def test_the_rows_are_the_newest_events(engine: Engine) -> None:
    newest = {row.first_seq: row.last.event for row in engine.search(SearchFilters())}
    assert {seq: event.id for seq, event in newest.items()} == {
        seq: event.id for seq, event in EVERYTHING
    }


@OFTEN
@given(filters=filters, pattern=st.none() | asked, limit=st.integers(1, 7))
def test_pages_follow_each_other(
    engine: Engine, filters: SearchFilters, pattern: str | None, limit: int
) -> None:
    if pattern is not None:
        filters = with_plate(filters, plate_pattern(pattern, Match.WILDCARD))
    found, after = list[int](), None
    while page := engine.search(filters, after=after, limit=limit):
        assert len(page) <= limit
        found += seqs(page)
        after = parse_cursor(str(cursor_of(page[-1].last.event, page[-1].first_seq)))
    assert found == seqs(engine.search(filters))


@pytest.mark.parametrize("kind", [InSqlite, InPostgresql])
def test_pages_stand_still_while_more_comes_in(
    kind: type[InSqlite], server: PostgresqlServer, tmp_path: Path
) -> None:
    """Nothing that was there at first is left out or comes twice."""
    both = filled(server, tmp_path)
    engine: Engine = kind(both)
    found, after, number = list[int](), None, PASSAGES
    while page := engine.search(SearchFilters(), after=after, limit=9):
        found += seqs(page)
        after = cursor_of(page[-1].last.event, page[-1].first_seq)
        number += 1
        engine.add(passage_events(number, start=START + timedelta(hours=number % 2 - 0.2)))
    both.close()
    there = [seq for seq, _ in EVERYTHING]
    assert [seq for seq in found if seq <= max(there)] == there
    assert len(found) == len(set(found))


@pytest.mark.parametrize("kind", [InSqlite, InPostgresql])
def test_new_plates_are_found_before_and_after_they_are_taken_in(
    kind: type[InSqlite], server: PostgresqlServer, tmp_path: Path
) -> None:
    both = filled(server, tmp_path)
    engine: Engine = kind(both)
    filters = SearchFilters(plate=plate_pattern("W*", Match.WILDCARD))
    engine.add(passage_events(1000, text="WN1"))
    assert len(engine.search(filters)) == 1
    both.take_in()
    assert len(engine.search(filters)) == 1
    both.close()


# --- what must not hurt --------------------------------------------------------------------------


@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize(
    "text", ["A' OR '1'='1", "A%", "A_", 'A"; DROP TABLE plate; --', "A\\", "A[B]", "A\x00"]
)
def test_a_plate_that_is_sql_is_a_text(engine: Engine, match: Match, text: str) -> None:
    pattern = plate_pattern(text, match)
    plain = "".join(char for char in text if char.isascii() and char.isalnum()).upper()
    assert seqs(engine.search(SearchFilters(plate=pattern))) == expected(
        match, plain, SearchFilters()
    )


def test_a_pattern_of_all_plates_is_a_page_long(engine: Engine) -> None:
    for text in ("*", "?*"):
        assert (
            len(engine.search(SearchFilters(plate=plate_pattern(text, Match.WILDCARD)), limit=5))
            == 5
        )


def test_a_search_that_takes_too_long_is_given_up(both: Both) -> None:
    async def search() -> None:
        await both.database.search(
            SearchFilters(plate=plate_pattern("?????????*A?", Match.WILDCARD)), limit=5, seconds=-1
        )

    from platewire.database import queries

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "STEPS_BETWEEN_LOOKS", 1)
        both.database._reader._connected().set_progress_handler(both.database._is_late, 1)
        with pytest.raises(QueryTooLong, match="narrow it"):
            both.run(search())
        both.database._reader._connected().set_progress_handler(both.database._is_late, 20_000)
    assert both.run(both.database.search(SearchFilters(), limit=1)), "and the next is answered"


@pytest.mark.parametrize("text", ["", "1", "1.", "x.1", "1.2.3", "1" * 40 + ".1"])
def test_a_place_that_nobody_gave_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="next"):
        parse_cursor(text)


def test_times_are_rounded_to_what_is_kept(engine: Engine) -> None:
    """A passage first seen at a time is not seen before it, nor half a millisecond after it."""
    _, event = EVERYTHING[7]
    at = event.first_seen_at.astimezone(UTC)
    half = timedelta(microseconds=500)
    same = [seq for seq, other in EVERYTHING if other.first_seen_at == at]
    between = SearchFilters(since=at, until=at + half)
    assert seqs(engine.search(between)) == same
    assert engine.search(SearchFilters(since=at + half, until=at + 2 * half)) == []
    assert isinstance(at, datetime)
