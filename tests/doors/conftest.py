"""One server and one filled pair of databases for all tests of this folder: they only read."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.database.postgresql_server import PostgresqlServer, serving
from tests.doors.world import World, make


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


@pytest.fixture(scope="session")
def world(server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> World:
    return asyncio.run(make(server, tmp_path_factory.mktemp("doors")))
