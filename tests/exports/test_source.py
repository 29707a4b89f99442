"""What an export holds is what a search finds, on both engines, block after block."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platewire.database.search.filters import SearchFilters
from platewire.database.search.plate_pattern import Match, plate_pattern
from platewire.exports import source
from platewire.exports.columns import EVENTS, PASSAGES, columns_of
from platewire.exports.source import Row, Rows, of_log, of_postgresql
from platewire.model import Event
from platewire.runtime.clock import milliseconds
from platewire.testing.sample_events import START
from tests.database.postgresql.postgresql_server import PostgresqlServer, serving
from tests.database.search.test_search import (
    EVERYTHING,
    Both,
    filled,
    filters,
    passages,
    with_plate,
)

ALL_EVENTS = [event for events in passages() for event in events]
SOME = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
patterns = st.none() | st.sampled_from(["A*", "*8?", "B"])


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


@pytest.fixture(scope="module")
def both(server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    both = filled(server, tmp_path_factory.mktemp("exports"))
    yield both
    both.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def rows(request: pytest.FixtureRequest, both: Both) -> Rows:
    return of_log(both.database) if request.param == "sqlite" else of_postgresql(both.connection)


def exported(both: Both, rows: Rows, what: str, filters: SearchFilters, block: int) -> list[Row]:
    async def collect() -> list[Row]:
        found = rows.passages(filters) if what == "passages" else rows.events(filters)
        return [row async for part in found for row in part]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BLOCK", block)
        return list(both.run(collect()))


def named(row: Row, columns: Any) -> dict[str, Any]:
    return {column.name: value for column, value in zip(columns, row, strict=True)}


@SOME
@given(filters=filters, text=patterns, block=st.sampled_from([7, 100, 1000]))
def test_passages_are_those_of_a_search(
    both: Both, rows: Rows, filters: SearchFilters, text: str | None, block: int
) -> None:
    if text is not None:
        filters = with_plate(filters, plate_pattern(text, Match.WILDCARD))
    found = exported(both, rows, "passages", filters, block)
    meant = both.run(both.database.search(filters, limit=1000))
    assert [named(row, PASSAGES)["passage"] for row in found] == [
        str(row.last.event.passage) for row in meant
    ]


@SOME
@given(filters=filters, text=patterns, block=st.sampled_from([7, 1000]))
def test_events_are_those_that_fit(
    both: Both, rows: Rows, filters: SearchFilters, text: str | None, block: int
) -> None:
    pattern = None if text is None else plate_pattern(text, Match.WILDCARD)
    if pattern is not None:
        filters = with_plate(filters, pattern)
    found = exported(both, rows, "events", filters, block)
    assert [named(row, EVENTS)["id"] for row in found] == [
        str(event.id) for event in ALL_EVENTS if fits(event, filters)
    ]


def fits(event: Event, filters: SearchFilters) -> bool:
    vehicle, plate = event.vehicle, event.plate
    return (
        (filters.plate is None or filters.plate.fits(plate.text))
        and (filters.since is None or event.occurred_at >= filters.since)
        and (filters.until is None or event.occurred_at < filters.until)
        and filters.camera in (None, event.camera)
        and filters.country in (None, plate.country)
        and filters.color in (None, vehicle.color and vehicle.color.value)
        and filters.type in (None, vehicle.type and vehicle.type.value)
        and filters.direction in (None, event.direction)
        and (filters.list is None or any(hit.name == filters.list for hit in event.lists))
    )


def test_a_row_says_what_the_event_says(both: Both, rows: Rows) -> None:
    found = [named(row, PASSAGES) for row in exported(both, rows, "passages", SearchFilters(), 50)]
    for row, (_, event) in zip(found, EVERYTHING, strict=True):
        assert row["first_seen_at"] == milliseconds(event.first_seen_at)
        assert row["first_seen_local"] == row["first_seen_at"], "the site's time zone is UTC"
        assert row["dwell_seconds"] == pytest.approx(
            (event.last_seen_at - event.first_seen_at) / timedelta(seconds=1)
        )
        assert (row["plate"], row["camera"]) == (event.plate.text, event.camera)
        assert row["lists"] == (", ".join(hit.name for hit in event.lists) or None)
        assert row["test"] in (0, False)


def test_only_the_columns_that_are_asked_for(both: Both, rows: Rows) -> None:
    async def collect(found: AsyncIterator[list[Row]]) -> list[Row]:
        return [row async for part in found for row in part]

    some = columns_of("passages", "plate,first_seen_local,camera")
    found = both.run(collect(rows.passages(SearchFilters(), some)))
    whole = [named(row, PASSAGES) for row in exported(both, rows, "passages", SearchFilters(), 50)]
    assert found == [(it["plate"], it["first_seen_local"], it["camera"]) for it in whole]
    (seq,) = columns_of("events", "seq")
    numbers = both.run(collect(rows.events(SearchFilters(), [seq])))
    assert numbers == [(number,) for number in range(1, len(ALL_EVENTS) + 1)]


def test_both_engines_export_the_same(both: Both) -> None:
    one, other = (
        exported(both, rows, "passages", SearchFilters(since=START - timedelta(days=1)), 100)
        for rows in (of_log(both.database), of_postgresql(both.connection))
    )
    names = [column.name for column in PASSAGES]
    alike = [at for at, name in enumerate(names) if name not in ("dwell_seconds",)]
    assert [[row[at] for at in alike] for row in one] == [
        [row[at] for at in alike] for row in other
    ]
