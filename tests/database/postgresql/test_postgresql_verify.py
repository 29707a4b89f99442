"""What is wrong in the tables is found, and nothing where nothing is."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from platewire.cli.main import main
from platewire.config.load import load
from platewire.database.postgresql import partitions
from platewire.database.postgresql.verify import verify
from platewire.delivery import Delivery
from platewire.eventlog.sqlite import SqliteLog
from platewire.outputs.output import OutputContext
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events
from tests.database.postgresql.postgresql_server import PostgresqlServer, connected, serving
from tests.outputs.test_postgresql_months import JANUARY, database, recorded, sending

__all__ = ["database"]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


TAMPERING = {
    "DELETE FROM event WHERE seq = 2": "have gaps or duplicates: 5 events from seq 1 to 6",
    "UPDATE log SET last_seq = 7": "the newest event is seq 6, but the table `log` has 7",
    "UPDATE event SET revision = 1 WHERE seq = 1": "revision 1 is stored 2 times",
    "UPDATE passage SET plate = 'X'": "its row does not match its newest event",
    "UPDATE event SET plate = 'X' WHERE seq = 1": "event 1: the plate is X in its column, but",
    "INSERT INTO image SELECT 'ab', month_ms, 1, 1, 1, '\\x00', '' FROM month": "ab: checksum",
}


@pytest.mark.parametrize("statement", ["", *TAMPERING])
async def test_finds(statement: str, server: PostgresqlServer, database: str) -> None:
    async with (
        sending(server, database, FakeClock()) as output,
        connected(server, database) as connection,
    ):
        await output.send([*recorded(1, JANUARY, 1), *recorded(2, JANUARY, 4)])
        await connection.execute("SET search_path TO platewire; " + statement)
        events, _, faults = await verify(connection, "platewire")
        if statement:
            assert TAMPERING[statement] in "\n".join(faults)
        else:
            assert (events, faults) == (6, ())


# --- against what the log has given --------------------------------------------------------------


class Site:
    """A configuration with a log of its own, whose output has given what the log holds."""

    def __init__(self, server: PostgresqlServer, database: str, folder: Path) -> None:
        self.server = server
        self.database = database
        self.file = folder / "platewire.toml"
        self.file.write_text(
            f'[log]\nfolder = "{folder / "log"}"\n[site]\nname = "check"\n'
            f'[[output]]\ntype = "postgresql"\nname = "db"\nurl = "{server.url(database)}"\n'
            'password = "env:OWNER_PASSWORD"\nevents = ["new", "lost"]\n[web]\nenabled = false\n'
        )

    async def give(self, passages: range) -> None:
        config = load(self.file)
        clock = SystemClock()
        log = await SqliteLog.open(config.log, clock, Board(clock))
        board = Board(clock)
        settings = config.output[0]
        for number in passages:
            await log.append("gate", passage_events(number))
        output = settings.build(OutputContext(clock, log, config.as_site(), board))
        task = asyncio.create_task(Delivery(settings, output, log, clock=clock, board=board).run())
        async with asyncio.timeout(30):
            while board.line("output", "db").counters.get("cursor") != log.last_seq:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait([task])
        await log.close()

    async def tamper(self, statement: str) -> None:
        async with connected(self.server, self.database) as connection:
            await connection.execute("SET search_path TO platewire; " + statement)

    def run(self, *arguments: str) -> int:
        return main([*arguments, "--config", str(self.file)])


@pytest.fixture
def site(server: PostgresqlServer, database: str, tmp_path: Path) -> Site:
    return Site(server, database, tmp_path)


GIVEN = {
    "": None,
    "DELETE FROM event WHERE node_seq BETWEEN 1501 AND 1800": "seq 1501 to 1800 of the log (200 "
    "events)",
    "DELETE FROM event WHERE node_seq IN (997, 2002)": "997 to 997 of the log (1 events)",
    "UPDATE event SET node_seq = 900 WHERE node_seq = 901": "seq 900 to 900 of this node (1 rows)",
    "UPDATE node SET id = NULL": "the database has no node",
}


@pytest.mark.parametrize("statement", GIVEN)
async def test_compares_with_what_the_log_has_given(
    statement: str, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of three events of each passage two are asked for: those that are not are no fault."""
    await site.give(range(700))
    if statement:
        await site.tamper(statement)
    code = await asyncio.to_thread(site.run, "database", "verify", "--output", "db")
    said = capsys.readouterr().out
    if expected := GIVEN[statement]:
        assert code == 1
        assert expected in said
    else:
        assert (code, "no errors found" in said) == (0, True), said


async def test_names_what_to_do_and_that_does_it(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    await site.give(range(20))
    await site.tamper("DELETE FROM event WHERE node_seq = 30")
    assert await asyncio.to_thread(site.run, "database", "verify", "--output", "db") == 1
    (command,) = re.findall(
        r"platewire (outputs replay db --from 30 --to 30)", capsys.readouterr().out
    )
    assert await asyncio.to_thread(site.run, *command.split()) == 0
    await asyncio.to_thread(site.run, "database", "verify", "--output", "db")
    assert "missing in the database" not in capsys.readouterr().out


async def test_months_that_retention_dropped_are_not_missing(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    await site.give(range(20))
    async with connected(site.server, site.database) as connection:
        await connection.execute("SET search_path TO platewire")
        later = datetime.now(UTC) + timedelta(days=70)
        await partitions.drop_before(connection, partitions.oldest_kept(later, 1), later)
    assert await asyncio.to_thread(site.run, "database", "verify", "--output", "db") == 0
    assert "no errors found" in capsys.readouterr().out


async def test_check_refuses_a_clone(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    await site.give(range(5))
    assert await asyncio.to_thread(site.run, "check") == 0
    await site.tamper("UPDATE mark SET event_id = 'x'")
    capsys.readouterr()
    assert await asyncio.to_thread(site.run, "check") == 1
    said = capsys.readouterr().out
    assert "the database has other events of" in said
    assert "set `node_id` of the output to a new UUID" in said
