"""Both engines tell the same of the same events: names, order and meaning of every column."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from platewire.config.load import parse
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.outputs.output import OutputContext, OutputSettings
from platewire.outputs.postgresql import PostgresqlSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from tests.database.postgresql.postgresql_server import (
    PASSWORD,
    PostgresqlServer,
    connected,
    serving,
)
from tests.database.test_contract import POSTGRESQL_VIEWS, QUERIES, SITE, VALUES, VIEWS, fill

PAGE = Path(__file__).parents[3] / "docs" / "outputs" / "postgresql.md"
KEYS = {
    "anpr_contract": "contract_version",
    "anpr_event": "seq",
    "anpr_passage": "first_seq",
    "anpr_camera": "camera",
    "anpr_image": "sha256",
    "anpr_list_hit": "hit_id",
    "anpr_hourly": "hour_id",
    "anpr_calendar": "date_key",
    "lprevents": "id",
}
OWN_TYPES = {"test": {"boolean"}, "partial": {"boolean"}, "weekend": {"boolean"}, "date": {"date"}}
TYPES = {
    "integer": {"integer", "bigint"},
    "bigint": {"bigint"},
    "real": {"double precision"},
    "text": {"text"},
    "blob": {"bytea"},
}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


@pytest.fixture(scope="module")
def filled(server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The same events in the log's own file and, sent by the output, in a database."""
    folder = tmp_path_factory.mktemp("contract")
    return folder, asyncio.run(fill_both(server, folder))


async def fill_both(server: PostgresqlServer, folder: Path) -> str:
    await fill(folder)
    database = await server.new_database()
    secret = folder / "password"
    secret.write_text(PASSWORD)
    clock = SystemClock()
    board = Board(clock)
    log = await SqliteLog.open(LogSettings(folder=folder), clock, board)
    settings = PostgresqlSettings(
        name="db",
        url=server.url(database),
        password=f"file:{secret}",
        links="http://gate:8480/",
    )
    output = settings.build(OutputContext(clock, log, SITE, board))
    await output.connect()
    await output.send(await log.read(0, 100))
    await output.close()
    await log.close()
    return database


@pytest.fixture
async def both(
    server: PostgresqlServer, filled: tuple[Path, str]
) -> AsyncIterator[tuple[sqlite3.Connection, Any]]:
    folder, database = filled
    uri = f"file:{folder / 'platewire.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as lite:
        lite.row_factory = sqlite3.Row
        async with connected(server, database) as connection:
            await connection.execute("SET search_path TO platewire")
            yield lite, connection


async def columns(connection: Any, view: str) -> list[tuple[str, str]]:
    found = await connection.fetch(
        "SELECT column_name::text, data_type::text FROM information_schema.columns "
        "WHERE table_schema = 'platewire' AND table_name = $1 ORDER BY ordinal_position",
        view,
    )
    return [tuple(row) for row in found]


def natural(column: str, kind: str) -> set[str]:
    """What type a column of the page has in PostgreSQL."""
    if column.endswith("_at"):
        return {"timestamp with time zone"}
    if column.endswith("_local"):
        return {"timestamp without time zone"}
    return OWN_TYPES.get(column, TYPES[kind])


async def test_columns_are_those_of_sqlite_and_its_own(both: tuple[Any, Any]) -> None:
    _, connection = both
    found = await connection.fetch("SELECT viewname FROM pg_views WHERE schemaname = 'platewire'")
    assert {name for (name,) in found} == set(VIEWS)
    for view, expected in POSTGRESQL_VIEWS.items():
        there = await columns(connection, view)
        assert [name for name, _ in there] == [name for name, _ in expected], view
        for (name, kind), (_, lite) in zip(there, expected, strict=True):
            assert kind in natural(name, lite), f"{view}.{name} is {kind}"


def plain(value: Any) -> Any:
    """As SQLite shows it."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value


@pytest.mark.parametrize("view", KEYS)
async def test_content_is_the_same(view: str, both: tuple[Any, Any]) -> None:
    lite, connection = both
    statement = f"SELECT * FROM {view} ORDER BY {KEYS[view]}"
    ours = [dict(row) for row in lite.execute(statement).fetchall()]
    theirs = [dict(row) for row in await connection.fetch(statement)]
    assert ours
    for mine, other in zip(ours, theirs, strict=True):
        for name, value in mine.items():
            if name == "contract_version":
                assert (value, other[name]) == (4, 5)
                continue
            if name in ("path", "framejpg"):
                assert (value is None) == (other[name] is None)
                continue
            if name.endswith("_link") and value is not None:
                value = f"http://gate:8480{value}"
            expected = value.replace("\0", "\ufffd") if isinstance(value, str) else value
            assert plain(other[name]) == expected, f"{view}.{name}"


async def test_large_pictures_are_links(both: tuple[Any, Any]) -> None:
    _, connection = both
    links = await connection.fetch("SELECT path FROM anpr_image WHERE path IS NOT NULL")
    assert links
    assert all(path.startswith("http://gate:8480/api/v1/images/") for (path,) in links)
    framejpg = await connection.fetchval("SELECT framejpg FROM lprevents WHERE number = 'BU9042'")
    assert framejpg in [path for (path,) in links]


@pytest.mark.parametrize(
    "condition",
    [
        "anpr_event WHERE seq > 5",
        "anpr_event WHERE id = 'x'",
        "anpr_event WHERE occurred_ms > 5",
        "anpr_event WHERE occurred_at > '2026-01-01'",
        "anpr_event WHERE passage_number = 5",
        "anpr_event WHERE camera = 'gate'",
        "anpr_event WHERE plate = 'X'",
        "anpr_event WHERE plate LIKE 'BU%'",
        "anpr_passage WHERE passage_number = 5",
        "anpr_passage WHERE passage = 'x'",
        "anpr_passage WHERE change_seq > 5",
        "anpr_passage WHERE first_seq > 5",
        "anpr_passage WHERE first_seen_ms > 5",
        "anpr_passage WHERE first_seen_at > '2026-01-01'",
        "anpr_passage WHERE camera = 'gate'",
        "anpr_passage WHERE plate = 'X'",
        "anpr_image WHERE sha256 = 'x'",
        "lprevents WHERE timestamp_ > 5",
        "lprevents WHERE id > 5",
        "lprevents WHERE number = 'X'",
    ],
)
async def test_promised_conditions_use_an_index(condition: str, both: tuple[Any, Any]) -> None:
    _, connection = both
    await connection.execute("SET enable_seqscan = off")
    plan = await connection.fetch(f"EXPLAIN SELECT * FROM {condition}")
    text = "\n".join(line for (line,) in plan)
    table = "passage" if "passage WHERE" in condition or "lprevents" in condition else "_2026"
    scans = [line for (line,) in plan if "Seq Scan" in line and table in line]
    assert not scans, text
    assert "Cond" in text, text


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)


def numbered(query: str) -> tuple[str, list[str]]:
    """With `$1` in place of the first name; and the names."""
    names = list(dict.fromkeys(re.findall(r":(\w+)", query)))
    return re.sub(r":(\w+)", lambda match: f"${names.index(match[1]) + 1}", query), names


def alike(name: str, value: Any) -> Any:
    """What both engines show; a picture that is a file here is an address there."""
    if name in ("path", "framejpg"):
        return value is not None
    value = float(value) if isinstance(value, Decimal) else plain(value)
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


@pytest.mark.parametrize("number", range(1, 11))
async def test_queries_of_the_database_give_the_same(number: int, both: tuple[Any, Any]) -> None:
    lite, connection = both
    query, names = numbered(QUERIES[number - 1])
    ours = [dict(row) for row in lite.execute(QUERIES[number - 1], VALUES).fetchall()]
    found = await connection.fetch(query, *(VALUES[name] for name in names))
    theirs = [dict(row) for row in found]
    assert ours
    assert [{name: alike(name, row[name]) for name in row} for row in theirs] == [
        {name: alike(name, row[name]) for name in row} for row in ours
    ]


@pytest.mark.parametrize("query", blocks("sql"))
async def test_queries_of_the_page(query: str, both: tuple[Any, Any]) -> None:
    _, connection = both
    assert await connection.fetch(query)


@pytest.mark.parametrize("text", blocks("toml"))
def test_settings_of_the_page(text: str) -> None:
    (output,) = parse(text, PAGE).output
    assert isinstance(output, PostgresqlSettings)


def test_every_setting_is_on_the_page() -> None:
    own = set(PostgresqlSettings.__struct_fields__) - set(OutputSettings.__struct_fields__)
    page = PAGE.read_text("utf-8")
    assert not sorted(name for name in own if not re.search(rf"\b{name}\b", page))
