"""The same events in both engines: odd plates, all known and nothing known, every view filled."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import structs

from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Event, Images
from platewire.outputs.output import OutputContext
from platewire.outputs.postgresql import PostgresqlSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import odd_events, passage_events
from tests.database.postgresql.postgresql_server import PASSWORD, PostgresqlServer, connected
from tests.database.test_contract import FRAME, KNOWN, PLATE, SITE, VEHICLE

LARGE = 2**62 + 5
"""A passage number that neither 32 bits nor a float can hold."""
ODD = (
    ("BÄ ÖÜ 1", "BÄÖÜ1"),
    ("ŠČ·Ž 23-ĐĆ", "ŠČŽ23ĐĆ"),
    ("А123ВС 77", "А123ВС77"),
    ("沪A·12345", "沪A12345"),
    ("e\u0301 \u00a0ß", "É😀"),
    ("'; DROP--", '"\\,%=&<>\t|'),
    ("two\nlines", "\u200f\u05d0\u05d1"),
)
"""Display and own letters: marks, a combining one, no-break space, quotes, both directions."""


class World(NamedTuple):
    """Where the events are: a configuration whose log is the SQLite file and whose output is the
    PostgreSQL database."""

    config: Path
    sqlite: Path
    server: PostgresqlServer
    database: str


def events() -> list[Event]:
    """All known, with pictures; the odd plates; nothing known."""
    images = Images(plate=PLATE.image, vehicle=VEHICLE.image, frame=FRAME.image)
    known = [structs.replace(event, images=images) for event in passage_events(1)]
    known = [structs.replace(event, vehicle=KNOWN, passage_number=LARGE) for event in known]
    odd = []
    for number, (display, own) in enumerate(ODD, 10):
        event = passage_events(number, camera="Ворота-ö")[0]
        plate = structs.replace(event.plate, display=display, unicode=own)
        odd.append(structs.replace(event, plate=plate, test=number == 10))
    return [*known, *odd, next(odd_events(30))]


async def make(server: PostgresqlServer, folder: Path) -> World:
    clock = FakeClock()
    log = await SqliteLog.open(LogSettings(folder=folder / "log"), clock, Board(clock))
    await log.describe(SITE)
    await log.append("gate", events(), [PLATE, VEHICLE, FRAME])
    database = await elsewhere(server)
    (folder / "secret").write_text(PASSWORD)
    config = folder / "platewire.toml"
    config.write_text(
        f'[log]\nfolder = "log"\n\n[[output]]\ntype = "postgresql"\nname = "bi"\n'
        f'url = "{server.url(database)}"\npassword = "file:{folder}/secret"\n'
    )
    await send(log, server.url(database), folder)
    await log.close()
    await remember_removals(server, database, log.path)
    return World(config, log.path, server, database)


async def elsewhere(server: PostgresqlServer) -> str:
    """A new database on a server far from UTC."""
    database = await server.new_database()
    async with connected(server, database) as connection:
        await connection.execute(f"ALTER DATABASE {database} SET timezone = 'Asia/Kolkata'")
    return database


async def send(log: SqliteLog, url: str, folder: Path) -> None:
    clock = SystemClock()
    settings = PostgresqlSettings(name="bi", url=url, password=f"file:{folder}/secret")
    output = settings.build(OutputContext(clock, log, SITE, Board(clock)))
    await output.connect()
    await output.send(await log.read(0, 100))
    await output.close()


async def remember_removals(server: PostgresqlServer, database: str, file: Path) -> None:
    """One row, as an erasure would leave it, so that no view is empty."""
    columns = "(at_ms, what, why, first_seq, last_seq, count, bytes, passage)"
    values = "(1767323045678, 'passage', 'erased', 1, 3, 3, 0, 'x')"
    statement = f"INSERT INTO removal {columns} VALUES {values}"
    await asyncio.to_thread(write, file, statement)
    async with connected(server, database) as connection:
        await connection.execute("SET search_path TO platewire")
        await connection.execute(statement)


def write(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def rows_of_sqlite(world: World, view: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"file:{world.sqlite}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {view}")]


async def rows_of_postgresql(world: World, view: str) -> list[dict[str, Any]]:
    async with connected(world.server, world.database) as connection:
        return [dict(row) for row in await connection.fetch(f"SELECT * FROM platewire.{view}")]
