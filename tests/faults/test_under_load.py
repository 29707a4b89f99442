"""`kill -9`, SIGSTOP and SIGTERM of a server under load; four third parties lose nothing by it.

Meanwhile programs of others open the log read-write and close it, all the time.

`PLATEWIRE_KILLS=200 PLATEWIRE_LOAD=1000` makes it a long run; so does `PLATEWIRE_STILL_SECONDS=30`.
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.database.postgresql.postgresql_server import PostgresqlServer, serving
from tests.faults.four_ways import (
    FourWays,
    acknowledged,
    environment,
    four_ways,
    judge,
    told,
    until,
)
from tests.faults.kills import killed, tallied
from tests.support.counterparts import ODBC_SQLITE, SQLITE_SHELL, need

KILLS = environment("PLATEWIRE_KILLS", 4)
LOAD = environment("PLATEWIRE_LOAD", 300.0)
"""Events a second."""
STILL_SECONDS = environment("PLATEWIRE_STILL_SECONDS", 2.0)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresqlServer]:
    yield from serving()


@pytest.fixture
async def world(tmp_path: Path, postgresql: PostgresqlServer) -> AsyncIterator[FourWays]:
    async with four_ways(tmp_path, postgresql, await postgresql.new_database()) as world:
        yield world


@pytest.mark.slow
@pytest.mark.timeout(300 + 60 * KILLS)
async def test_killed_at_random_moments(world: FourWays) -> None:
    need(SQLITE_SHELL, ODBC_SQLITE)
    await killed(world, KILLS, LOAD, random.Random(20_261_125))
    await judge(world)
    assert not any(each.lost or each.numbers_twice for each in (await tallied(world)).values())
    assert any(kill.cursors.get("webhook") for kill in world.kills), "else nothing was compared"


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_stopped_and_told_to_end_under_load(world: FourWays) -> None:
    """SIGSTOP and SIGCONT, then SIGTERM while events still come; the next start goes on."""
    server = await world.start(LOAD)
    await some_more(world)
    server.signal(signal.SIGSTOP)
    await asyncio.sleep(STILL_SECONDS)
    server.signal(signal.SIGCONT)
    await some_more(world)
    server.signal(signal.SIGTERM)
    assert await asyncio.to_thread(server.wait) == 0
    before = len(acknowledged(world.folder))
    assert before > 0
    server = await world.start(0)
    await world.caught_up()
    assert await asyncio.to_thread(server.stop) == 0
    await judge(world)


async def some_more(world: FourWays, events: int = 100) -> None:
    """Until so many more have come to the webhook."""
    path = world.files["webhook"]
    wanted = len(told(path)) + events
    await until(lambda: len(told(path)) >= wanted)
