"""Tables `plate` and `plate_block` hold the same plates, whatever is added and taken away."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest

from platewire.database import migrate
from platewire.database.connection import open_writer, rows
from platewire.database.postgresql import search
from platewire.database.search import plates
from platewire.testing.clock import FakeClock
from tests.database.postgresql.postgresql_server import (
    PASSWORD,
    PostgresqlServer,
    connected,
    serving,
)
from tests.outputs.test_postgresql_months import database, sending

__all__ = ["database"]

NOW = datetime(2026, 5, 6, tzinfo=UTC)
MANY = [f"AB{number:05}" for number in range(700)]
OF_PLATES = "SELECT block, text FROM plate"
OF_BLOCKS = "SELECT number, texts FROM plate_block"


def in_blocks(found: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    blocks = dict(found)
    assert all(texts[0] == texts[-1] == "\n" for texts in blocks.values())
    return {(number, text) for number, texts in blocks.items() for text in texts.split()}


def agreed(connection: apsw.Connection) -> set[str]:
    """The plates that both have."""
    by_plate = set(rows(connection, OF_PLATES))
    assert by_plate == in_blocks(rows(connection, OF_BLOCKS))
    return {text for _, text in by_plate}


def test_blocks_of_an_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step that makes them puts in what is there; later plates go on from there."""
    every = migrate.steps()
    (before,) = [step.version - 1 for step in every if step.name == "plate_blocks"]
    monkeypatch.setattr(migrate, "steps", lambda *_: every[:before])
    connection = open_writer(tmp_path / "platewire.db")
    migrate.migrate(connection, NOW)
    connection.executemany("INSERT INTO plate VALUES (?, ?, ?)", map(plates.keys, MANY))
    monkeypatch.undo()
    migrate.migrate(connection, NOW)
    plates.put(connection, ["ZZ1", "ZZ2"])
    assert agreed(connection) == {*MANY, "ZZ1", "ZZ2"}
    connection.close()


def test_a_plate_leaves_both(tmp_path: Path) -> None:
    connection = open_writer(tmp_path / "platewire.db")
    migrate.migrate(connection, NOW)
    plates.put(connection, MANY)
    connection.execute("DELETE FROM plate WHERE text < 'AB00300' OR text = 'AB00699'")
    assert agreed(connection) == set(MANY[300:699])
    connection.close()


# --- PostgreSQL ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


async def agreed_there(connection: Any) -> set[str]:
    by_plate = {tuple(row) for row in await connection.fetch(OF_PLATES)}
    assert by_plate == in_blocks([tuple(row) for row in await connection.fetch(OF_BLOCKS)])
    return {text for _, text in by_plate}


async def test_both_in_postgresql(server: PostgresqlServer, database: str) -> None:
    async with (
        sending(server, database, FakeClock()),
        connected(server, database) as connection,
    ):
        await connection.execute("SET search_path TO platewire")
        await search.put(connection, MANY[:500])
        await search.put(connection, MANY[500:])
        assert await agreed_there(connection) == set(MANY)
        await search.forget(connection, MANY[:400])
        assert await agreed_there(connection) == set(MANY[400:])
        await search.forget(connection)
        assert await agreed_there(connection) == set()


async def test_blocks_of_older_tables(
    server: PostgresqlServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from platewire.database.postgresql import migrate as there

    every = there.steps()
    (before,) = [step.version - 1 for step in every if step.name == "plate_blocks"]
    monkeypatch.setattr(there, "steps", lambda: every[:before])
    async with sending(server, database, FakeClock()):
        pass
    async with connected(server, database) as connection:
        await connection.execute("SET search_path TO platewire")
        await connection.copy_records_to_table(
            "plate", records=[plates.keys(each) for each in MANY]
        )
        monkeypatch.undo()
        monkeypatch.setenv("OWNER_PASSWORD", PASSWORD)
        async with sending(server, database, FakeClock()):
            pass
        assert await agreed_there(connection) == set(MANY)
