"""A plate erased from the database of several nodes is in no table and in no file of it."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from platewire.database.erasure import ERASED
from platewire.database.postgresql.erase import erase
from platewire.model import Entry, Images
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events, picture
from platewire.wire import native
from tests.database.postgresql.postgresql_server import PostgresqlServer, connected, serving
from tests.outputs.test_postgresql_months import database, sending

__all__ = ["database"]

NOW = datetime(2026, 5, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


def entries(number: int, text: str) -> list[Entry]:
    images = Images(plate=picture(mark=number).image)
    events = [
        event.numbered(seq, NOW)
        for seq, event in enumerate(passage_events(number, text=text, images=images), number * 10)
    ]
    return [Entry(event, native.encode(event)) for event in events]


def holding(server: PostgresqlServer, database_oid: int) -> list[str]:
    files = (server.folder / "data" / "base" / str(database_oid)).iterdir()
    return [path.name for path in files if re.search(rb"QX9042(?![17])", path.read_bytes())]


async def test_nothing_of_it_is_left(
    server: PostgresqlServer,
    database: str,
) -> None:
    async with (
        sending(server, database, FakeClock(), node="north") as north,
        sending(server, database, FakeClock(), node="south") as south,
        connected(server, database) as reader,
    ):
        await north.send([*entries(1, "QX9042"), *entries(2, "QX90421")])
        await south.send(entries(3, "QX9042"))
        await reader.execute("SET search_path TO platewire; ANALYZE; CHECKPOINT")
        oid = await reader.fetchval("SELECT oid FROM pg_database WHERE datname = $1", database)
        assert holding(server, oid)
        done = await erase(reader, "platewire", "QX9042", ERASED, NOW)
        assert (done.passages, done.events, done.pictures, done.left) == (2, 6, 2, ())
        rows: list[Any] = await reader.fetch(
            "SELECT plate, make, plate_image FROM anpr_passage ORDER BY first_seq"
        )
        assert [row["plate"] for row in rows] == [ERASED, "QX90421", ERASED]
        assert [row["plate_image"] is None for row in rows] == [True, False, True]
        told = await reader.fetch("SELECT node, why, first_seq, last_seq, count FROM anpr_removal")
        assert [tuple(row) for row in told] == [
            ("north", "erased", 1, 3, 3),
            ("south", "erased", 7, 9, 3),
        ]
        # What was written anew leaves its old file with the checkpoint.
        await reader.execute("CHECKPOINT")
        assert await asyncio.to_thread(holding, server, oid) == []
        await north.send(entries(4, "AA1111"))
