"""Every view through every door: the rows, types and letters that the contract promises.

What a door gives is compared with what the engine itself holds, and its types with the page.
"""

import asyncio
from datetime import date, datetime
from typing import Any

import pytest

from platewire.cli.main import main
from tests.database.test_contract import POSTGRESQL_VIEWS, VIEWS
from tests.doors.doors import DOORS, PASSWORD, WANTED, Table, attached, duckdb_attached, line
from tests.doors.world import LARGE, ODD, World, rows_of_postgresql, rows_of_sqlite
from tests.support.counterparts import need

COLUMNS = {"sqlite": VIEWS, "postgresql": POSTGRESQL_VIEWS}
TYPES: dict[str, type] = {"integer": int, "bigint": int, "real": float, "text": str, "blob": bytes}


@pytest.fixture(scope="module")
def true_rows(world: World) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """By engine and view."""
    rows = {("sqlite", view): rows_of_sqlite(world, view) for view in VIEWS}
    for view in VIEWS:
        rows["postgresql", view] = asyncio.run(rows_of_postgresql(world, view))
    return rows


@pytest.fixture
def printed(
    world: World,
    engine: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """What `platewire database reader` prints to be pasted."""
    monkeypatch.setenv("READER", PASSWORD)
    more = ["--sqlite"] if engine == "sqlite" else ["reader_1", "--password", "env:READER"]
    assert main(["database", "reader", *more, "--config", str(world.config)]) == 0
    return capsys.readouterr().out


def documented(engine: str, column: str, kind: str) -> type:
    """The type of the page, and what PostgreSQL has instead."""
    if engine == "postgresql":
        if column.endswith(("_at", "_local")):
            return datetime
        if column in ("test", "partial", "weekend"):
            return bool
        if column == "date":
            return date
    return TYPES[kind]


@pytest.mark.parametrize(("engine", "door"), DOORS)
def test_every_view_is_read_whole(
    engine: str, door: str, printed: str, true_rows: dict[tuple[str, str], list[dict[str, Any]]]
) -> None:
    need(*WANTED[engine, door])
    for view, columns in COLUMNS[engine].items():
        found = DOORS[engine, door](printed, view)
        there = true_rows[engine, view]
        assert list(found.columns) == [name for name, _ in columns], view
        assert len(there) == len(found.rows) > 0, view
        told = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
        compare(view, told, there)
        check_types(engine, view, found)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_every_view_is_read_where_duckdb_attaches_the_file(
    printed: str, true_rows: dict[tuple[str, str], list[dict[str, Any]]]
) -> None:
    """DuckDB's usual way: what it makes of the views' text has to be understood by SQLite."""
    for view in VIEWS:
        found = duckdb_attached(printed, view)
        told = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
        assert len(told) == len(true_rows["sqlite", view]) > 0, view
        compare(view, told, true_rows["sqlite", view])


@pytest.mark.parametrize("engine", ["sqlite"])
def test_duckdb_lists_the_views_of_the_file_it_attaches(printed: str) -> None:
    """One that it could not read would leave it without any list."""
    with attached(line(printed, r"ATTACH '.*\(TYPE sqlite, .*")) as connection:
        listed = connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE database_name = 'plates'"
        ).fetchall()
    assert {name for (name,) in listed} == set(VIEWS)


def compare(view: str, told: list[dict[str, Any]], there: list[dict[str, Any]]) -> None:
    """Row by row, paired by a column that no two rows share: order is not promised."""
    key = max(there[0], key=lambda name: len({row[name] for row in there}))
    by_key = {row[key]: row for row in there}
    assert len(by_key) == len(there), f"{view} has no key"
    for row in told:
        for name, value in row.items():
            true = by_key[row[key]][name]
            assert type(value) is type(true), f"{view}.{name}: {value!r}, not {true!r}"
            if isinstance(true, float):
                true = pytest.approx(true, rel=1e-14)
            assert value == true, f"{view}.{name}"


def check_types(engine: str, view: str, found: Table) -> None:
    for index, (name, kind) in enumerate(COLUMNS[engine][view]):
        wanted = documented(engine, name, kind)
        for row in found.rows:
            assert row[index] is None or type(row[index]) is wanted, f"{view}.{name}"


def test_the_world_has_what_is_hard(true_rows: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
    """So that the comparison above is one of odd letters, NULLs, bytes, truth and large numbers."""
    for engine in ("sqlite", "postgresql"):
        passages = true_rows[engine, "anpr_passage"]
        assert {(row["plate_display"], row["plate_unicode"]) for row in passages} >= set(ODD)
        assert LARGE in [row["passage_number"] for row in passages]
        assert {bool(row["test"]) for row in passages} == {True, False}
        for column in ("plate_jpeg", "country", "make", "zone"):
            values = {row[column] is None for row in passages}
            assert values == {True, False}, column
