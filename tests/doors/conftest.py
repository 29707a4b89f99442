"""One server and one filled pair of databases for all tests of this folder: they only read."""

import asyncio
from collections.abc import Iterator

import pytest

from platewire.cli.main import main
from tests.database.postgresql.postgresql_server import PostgresqlServer, serving
from tests.doors.doors import PASSWORD, READER
from tests.doors.world import World, make


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


@pytest.fixture(scope="session")
def world(server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> World:
    return asyncio.run(make(server, tmp_path_factory.mktemp("doors")))


@pytest.fixture(scope="session")
def reader_role(world: World) -> None:
    """Makes `READER` in the database of the world."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("READER", PASSWORD)
        command = ["database", "reader", READER, "--password", "env:READER"]
        assert main([*command, "--config", str(world.config)]) == 0
