"""Two real servers: the second takes over when the first ends; readers that never let go."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from platewire.database.postgresql import migrate
from platewire.errors import Unavailable
from platewire.testing.clock import FakeClock
from tests.database.postgresql_server import PASSWORD, PostgresqlServer, connected, serving
from tests.transfers.test_database_months import JANUARY, recorded, sending


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


@pytest.fixture(scope="module")
def second() -> Iterator[PostgresqlServer]:
    yield from serving()


@pytest.fixture
async def database(
    server: PostgresqlServer, second: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Of the same name on both."""
    monkeypatch.setenv("OWNER_PASSWORD", PASSWORD)
    await asyncio.to_thread(server.start)
    name = await server.new_database()
    assert await second.new_database() == name
    return name


def both(server: PostgresqlServer, second: PostgresqlServer, database: str) -> str:
    hosts = f"127.0.0.1:{server.port},127.0.0.1:{second.port}"
    return f"postgresql://owner@{hosts}/{database}"


async def seqs(server: PostgresqlServer, database: str) -> list[int]:
    async with connected(server, database) as connection:
        rows = await connection.fetch("SELECT seq FROM platewire.anpr_event ORDER BY seq")
        return [seq for (seq,) in rows]


async def test_the_second_server_takes_over(
    server: PostgresqlServer, second: PostgresqlServer, database: str
) -> None:
    """As after a promotion: what the first did not confirm is sent to the second."""
    url = both(server, second, database)
    async with sending(server, database, FakeClock(), url=url) as transfer:
        await transfer.send(recorded(1, JANUARY, 1))
        assert await seqs(server, database) == [1, 2, 3]
        await asyncio.to_thread(server.stop, "immediate")
        with pytest.raises(Unavailable):
            await transfer.send(recorded(2, JANUARY, 4))
        await transfer.connect()
        await transfer.send(recorded(2, JANUARY, 4))
        assert await seqs(second, database) == [1, 2, 3]
    await asyncio.to_thread(server.start)


async def test_a_standby_is_passed_over(
    server: PostgresqlServer, second: PostgresqlServer, database: str
) -> None:
    async with connected(server, database) as connection:
        await connection.execute(
            f"ALTER DATABASE {database} SET default_transaction_read_only = on"
        )
    url = both(server, second, database)
    async with sending(server, database, FakeClock(), url=url) as transfer:
        await transfer.send(recorded(1, JANUARY, 1))
    assert await seqs(second, database) == [1, 2, 3]


async def test_a_reader_that_never_ends_its_transaction(
    server: PostgresqlServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches go on; a new version of a view waits for it shortly, says so, and comes later."""
    monkeypatch.setattr(migrate, "STEP_LOCK_TIMEOUT", "50ms")
    known = migrate.steps()
    async with connected(server, database) as reader:
        async with sending(server, database, FakeClock()) as transfer:
            await reader.execute("BEGIN; SELECT * FROM platewire.anpr_camera")
            await transfer.send(recorded(1, JANUARY, 1))
        again = "CREATE OR REPLACE VIEW anpr_camera AS " + await reader.fetchval(
            "SELECT pg_get_viewdef('platewire.anpr_camera'::regclass)"
        )
        more = migrate.Step(len(known) + 1, "more", again)
        monkeypatch.setattr(migrate, "steps", lambda: (*known, more))
        with pytest.raises(Unavailable, match=r"keeps a transaction open; see pg_stat_activity"):
            async with sending(server, database, FakeClock()):
                pass
        # Others read on: what waited has given up.
        async with connected(server, database) as other:
            assert await other.fetch("SELECT * FROM platewire.anpr_camera")
        await reader.execute("COMMIT")
    async with sending(server, database, FakeClock()) as transfer:
        await transfer.send(recorded(2, JANUARY, 4))
    assert await seqs(server, database) == [1, 2, 3, 4, 5, 6]


async def test_no_space_for_one_table(server: PostgresqlServer, database: str) -> None:
    """The server says 53100; nothing of the batch is there, and later all of it is."""
    full: Any = (
        "CREATE FUNCTION platewire.no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$; "
        "CREATE TRIGGER no_space BEFORE INSERT ON platewire.passage "
        "FOR EACH ROW EXECUTE FUNCTION platewire.no_space()"
    )
    async with (
        sending(server, database, FakeClock()) as transfer,
        connected(server, database) as connection,
    ):
        await connection.execute(full)
        with pytest.raises(Unavailable, match="the disk of the server is full; free some or set"):
            await transfer.send(recorded(1, JANUARY, 1))
        assert await seqs(server, database) == []
        await connection.execute("DROP TRIGGER no_space ON platewire.passage")
        await transfer.send(recorded(1, JANUARY, 1))
    assert await seqs(server, database) == [1, 2, 3]
