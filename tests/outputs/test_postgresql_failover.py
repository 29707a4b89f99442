"""Two real servers, also as primary and standby: the second takes over when the first ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from platewire.database.postgresql import migrate
from platewire.database.postgresql.verify import verify
from platewire.database.steps import Step
from platewire.errors import Unavailable
from platewire.outputs.postgresql import PostgresqlOutput
from platewire.testing.clock import FakeClock
from tests.database.postgresql.postgresql_server import (
    PASSWORD,
    PostgresqlServer,
    connected,
    following,
    serving,
)
from tests.outputs.test_postgresql_months import JANUARY, recorded, sending


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
    async with sending(server, database, FakeClock(), url=url) as output:
        await output.send(recorded(1, JANUARY, 1))
        assert await seqs(server, database) == [1, 2, 3]
        await asyncio.to_thread(server.stop, "immediate")
        with pytest.raises(Unavailable):
            await output.send(recorded(2, JANUARY, 4))
        await output.connect()
        await output.send(recorded(2, JANUARY, 4))
        assert await seqs(second, database) == [1, 2, 3]
    await asyncio.to_thread(server.start)


@pytest.fixture
async def primary(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PostgresqlServer]:
    """With a database; each commit waits for the standby, as the manual tells users to set it."""
    monkeypatch.setenv("OWNER_PASSWORD", PASSWORD)
    with contextlib.contextmanager(serving)() as server:
        await server.new_database()
        async with connected(server, "postgres") as connection:
            await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        yield server


@pytest.fixture
def replica(primary: PostgresqlServer) -> Iterator[PostgresqlServer]:
    yield from following(primary)


async def send_until(output: PostgresqlOutput, enough: asyncio.Event) -> tuple[int, int]:
    """As a delivery does: what was not confirmed is sent again, over a new connection. Events
    sent, and how often that had to be."""
    sent = again = 0
    while not enough.is_set():
        try:
            await output.send(recorded(sent, JANUARY, sent + 1))
            sent += 3
        except Unavailable:
            again += 1
            await asyncio.sleep(0.05)
            with contextlib.suppress(Unavailable):
                await output.connect()
    return sent, again


async def test_a_replica_is_promoted_amid_a_load(
    primary: PostgresqlServer, replica: PostgresqlServer
) -> None:
    enough = asyncio.Event()
    # The standby is named first: while it is one, it is passed over.
    url = both(replica, primary, "test_1")
    async with (
        sending(primary, "test_1", FakeClock(), url=url) as output,
        asyncio.TaskGroup() as group,
    ):
        sending_all = group.create_task(send_until(output, enough))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(primary.stop, "immediate")
        await asyncio.to_thread(replica.promote)
        await asyncio.sleep(0.3)
        enough.set()
    sent, again = sending_all.result()
    assert again > 0
    assert await seqs(replica, "test_1") == list(range(1, sent + 1))
    async with connected(replica, "test_1") as connection:
        await connection.execute("SET search_path = platewire")
        _, _, faults = await verify(connection, "platewire")
    assert faults == ()


async def test_a_stricter_isolation_refuses_nothing(
    server: PostgresqlServer, database: str
) -> None:
    """Where the database's own default is SERIALIZABLE, writers side by side would be refused."""
    async with connected(server, database) as connection:
        await connection.execute(
            f"ALTER DATABASE {database} SET default_transaction_isolation = serializable"
        )

    async def write(node: str, first: int) -> None:
        async with sending(server, database, FakeClock(), node=node) as output:
            for number in range(first, first + 10):
                await output.send(recorded(number, JANUARY, (number - first) * 3 + 1))

    await asyncio.gather(*(write(f"gate {first}", first) for first in (100, 200, 300, 400)))
    assert await seqs(server, database) == list(range(1, 121))


async def test_a_standby_is_passed_over(
    server: PostgresqlServer, second: PostgresqlServer, database: str
) -> None:
    async with connected(server, database) as connection:
        await connection.execute(
            f"ALTER DATABASE {database} SET default_transaction_read_only = on"
        )
    url = both(server, second, database)
    async with sending(server, database, FakeClock(), url=url) as output:
        await output.send(recorded(1, JANUARY, 1))
    assert await seqs(second, database) == [1, 2, 3]


async def test_a_reader_that_never_ends_its_transaction(
    server: PostgresqlServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches go on; a new version of a view waits for it shortly, says so, and comes later."""
    monkeypatch.setattr(migrate, "STEP_LOCK_TIMEOUT", "50ms")
    known = migrate.steps()
    async with connected(server, database) as reader:
        async with sending(server, database, FakeClock()) as output:
            await reader.execute("BEGIN; SELECT * FROM platewire.anpr_camera")
            await output.send(recorded(1, JANUARY, 1))
        again = "CREATE OR REPLACE VIEW anpr_camera AS " + await reader.fetchval(
            "SELECT pg_get_viewdef('platewire.anpr_camera'::regclass)"
        )
        more = Step(len(known) + 1, "more", again)
        monkeypatch.setattr(migrate, "steps", lambda: (*known, more))
        with pytest.raises(Unavailable, match=r"open transaction; find it in pg_stat_activity"):
            async with sending(server, database, FakeClock()):
                pass
        # Others read on: what waited has given up.
        async with connected(server, database) as other:
            assert await other.fetch("SELECT * FROM platewire.anpr_camera")
        await reader.execute("COMMIT")
    async with sending(server, database, FakeClock()) as output:
        await output.send(recorded(2, JANUARY, 4))
    assert await seqs(server, database) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("sqlstate", "said"),
    [
        ("53100", "the disk of the server is full; free disk space, or set"),
        ("40001", "a concurrent transaction conflicted; retrying"),
        ("40P01", "a concurrent transaction conflicted; retrying"),
    ],
)
async def test_the_server_refuses_one_table(
    server: PostgresqlServer, database: str, sqlstate: str, said: str
) -> None:
    """No space, a serialization failure, a deadlock: nothing of the batch is there, and later all
    of it is."""
    refusing: Any = (
        "CREATE FUNCTION platewire.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION 'not now' USING ERRCODE = '{sqlstate}'; END $$; "
        "CREATE TRIGGER refuse BEFORE INSERT ON platewire.passage "
        "FOR EACH ROW EXECUTE FUNCTION platewire.refuse()"
    )
    async with (
        sending(server, database, FakeClock()) as output,
        connected(server, database) as connection,
    ):
        await connection.execute(refusing)
        with pytest.raises(Unavailable, match=said):
            await output.send(recorded(1, JANUARY, 1))
        assert await seqs(server, database) == []
        await connection.execute("DROP TRIGGER refuse ON platewire.passage")
        await output.send(recorded(1, JANUARY, 1))
    assert await seqs(server, database) == [1, 2, 3]
