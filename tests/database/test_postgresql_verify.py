"""What is wrong in the tables is found, and nothing where nothing is."""

from collections.abc import Iterator

import pytest

from platewire.database.postgresql.verify import verify
from platewire.testing.clock import FakeClock
from tests.database.postgresql_server import PostgresqlServer, connected, serving
from tests.transfers.test_database_months import JANUARY, database, recorded, sending

__all__ = ["database"]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


TAMPERING = {
    "DELETE FROM event WHERE seq = 2": "the numbers have a gap or come twice: 5 events from 1 to 6",
    "UPDATE log SET last_seq = 7": "the newest event is 6, but the log says 7",
    "UPDATE event SET revision = 1 WHERE seq = 1": "revision 1 is there 2 times",
    "UPDATE passage SET plate = 'X'": "its row is not that of its newest event",
    "UPDATE event SET plate = 'X' WHERE seq = 1": "event 1: its columns say X, its body",
    "INSERT INTO image SELECT 'ab', month_ms, 1, 1, 1, '\\x00', '' FROM month": "picture ab: its",
}


@pytest.mark.parametrize("statement", ["", *TAMPERING])
async def test_finds(statement: str, server: PostgresqlServer, database: str) -> None:
    async with (
        sending(server, database, FakeClock()) as transfer,
        connected(server, database) as connection,
    ):
        await transfer.send([*recorded(1, JANUARY, 1), *recorded(2, JANUARY, 4)])
        await connection.execute("SET search_path TO platewire; " + statement)
        events, _, faults = await verify(connection, "platewire")
        if statement:
            assert TAMPERING[statement] in "\n".join(faults)
        else:
            assert (events, faults) == (6, ())
