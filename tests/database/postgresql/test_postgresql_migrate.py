"""Schema versions: forward while readers read, once however many nodes start."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from platewire.database.postgresql import migrate
from platewire.database.postgresql.address import Address
from platewire.database.postgresql.connection import connect
from platewire.database.steps import Step
from tests.database.postgresql.postgresql_server import (
    PASSWORD,
    PostgresqlServer,
    connected,
    serving,
)

SCHEMA = "site_1"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


@pytest.fixture
async def database(server: PostgresqlServer) -> str:
    return await server.new_database()


@pytest.fixture
async def owner(server: PostgresqlServer, database: str) -> AsyncIterator[Any]:
    connection = await connect(address(server, database))
    yield connection
    await connection.close()


def address(server: PostgresqlServer, database: str) -> Address:
    return Address(url=server.url(database), password=PASSWORD, schema=SCHEMA, application="test")


def test_versions_have_no_gaps() -> None:
    assert [step.version for step in migrate.steps()] == list(range(1, len(migrate.steps()) + 1))


async def test_applies_each_step_once(owner: Any) -> None:
    assert await migrate.migrate(owner, SCHEMA) == len(migrate.steps())
    assert await migrate.migrate(owner, SCHEMA) == 0
    rows = await owner.fetch("SELECT version, name FROM migration ORDER BY version")
    assert [tuple(row) for row in rows] == [(each.version, each.name) for each in migrate.steps()]


async def test_nodes_that_start_at_once_take_turns(server: PostgresqlServer, database: str) -> None:
    connections = [await connect(address(server, database)) for _ in range(4)]
    done = await asyncio.gather(*(migrate.migrate(each, SCHEMA) for each in connections))
    assert sorted(done) == [0, 0, 0, len(migrate.steps())]
    for each in connections:
        await each.close()


async def test_a_step_that_fails_leaves_nothing(
    owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate.migrate(owner, SCHEMA)
    known = migrate.steps()
    broken = Step(len(known) + 1, "broken", "CREATE TABLE half (n int); SELECT 1 / 0")
    monkeypatch.setattr(migrate, "steps", lambda: (*known, broken))
    with pytest.raises(Exception, match="division by zero"):
        await migrate.migrate(owner, SCHEMA)
    assert await owner.fetchval("SELECT to_regclass('half')") is None
    assert await owner.fetchval("SELECT max(version) FROM migration") == len(known)


async def test_forward_while_a_reader_reads(
    server: PostgresqlServer, database: str, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new view beside the old ones: a reader in the middle of a transaction is not disturbed."""
    await migrate.migrate(owner, SCHEMA)
    known = migrate.steps()
    more = Step(len(known) + 1, "more", "CREATE VIEW anpr_more AS SELECT seq FROM event WHERE test")
    async with connected(server, database) as reader:
        async with reader.transaction():
            await reader.fetch(f"SELECT * FROM {SCHEMA}.anpr_passage")
            monkeypatch.setattr(migrate, "steps", lambda: (*known, more))
            assert await migrate.migrate(owner, SCHEMA) == 1
            await reader.fetch(f"SELECT * FROM {SCHEMA}.anpr_passage")
        assert await reader.fetch(f"SELECT * FROM {SCHEMA}.anpr_more") == []


async def test_readers_see_the_views_that_are_added(
    owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate.migrate(owner, SCHEMA)
    await owner.execute('CREATE ROLE "Old reader"; GRANT SELECT ON anpr_contract TO "Old reader"')
    known = migrate.steps()
    more = Step(
        len(known) + 1, "more", "CREATE VIEW anpr_more AS SELECT 1 AS n; CREATE TABLE private ()"
    )
    monkeypatch.setattr(migrate, "steps", lambda: (*known, more))
    await migrate.migrate(owner, SCHEMA)
    may = "SELECT has_table_privilege('Old reader', $1, 'SELECT')"
    assert await owner.fetchval(may, "anpr_more")
    assert not await owner.fetchval(may, "private")


def test_steps_name_no_schema() -> None:
    """They go into the schema that the configuration names."""
    for step in migrate.steps():
        assert not re.search(r"\bplatewire\.", step.sql), step.name
