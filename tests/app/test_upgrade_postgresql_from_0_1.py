"""A log folder and a PostgreSQL database that version 0.1.0 has written together.

They were made by its `platewire serve` with one camera and a transfer `bi` of the type
`postgresql`, which had delivered all nine events; the dump is by
`pg_dump -Fc --no-owner --no-privileges`.
"""

import asyncio
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import small_road
from tests.acceptance.running import Running
from tests.database.postgresql.postgresql_server import PASSWORD, PostgresqlServer, serving

WRITTEN = Path(__file__).with_name("postgresql_of_0_1.zip")
CONFIG = """
[site]
name = "yard"
[web]
listen = "127.0.0.1:0"
[log]
folder = "log"
[recognition]
type = "replay"
path = "small.reads.jsonl"
[[camera]]
name = "gate"
source = {{ type = "file", path = "small.mp4" }}
[[output]]
name = "bi"
type = "postgresql"
url = "{}"
password = "file:{}"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


def rows(server: PostgresqlServer, database: str, query: str) -> list[tuple[Any, ...]]:
    async def ask() -> list[tuple[Any, ...]]:
        connection = await server.connect(database)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_the_database_goes_on_after_the_events_that_it_has(
    tmp_path: Path, server: PostgresqlServer
) -> None:
    with zipfile.ZipFile(WRITTEN) as archive:
        archive.extractall(tmp_path)
        dump = server.folder / "bi.dump"
        dump.write_bytes(archive.read("bi.dump"))
        dump.chmod(0o644)
    database = asyncio.run(server.new_database())
    server.restore(database, dump, owner="owner")
    before = rows(server, database, "SELECT seq, id FROM platewire.anpr_event ORDER BY seq")
    assert [seq for seq, _ in before] == list(range(1, 10))
    small_road.write(tmp_path)
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    config = tmp_path / "platewire.toml"
    config.write_text(CONFIG.format(server.url(database), password), "utf-8")

    running = Running(config)
    try:
        running.wait_until_caught_up()
        (output,) = running.get("/api/v1/outputs")["outputs"]
        assert (output["state"], output["counters"]["rejected"]) == ("running", 0)
    finally:
        stopped = running.stop()
        running.kill()
    assert stopped == 0
    after = rows(server, database, "SELECT seq, id FROM platewire.anpr_event ORDER BY seq")
    assert after[:9] == before
    assert [seq for seq, _ in after] == list(range(1, len(after) + 1))
    assert len(after) >= 12
