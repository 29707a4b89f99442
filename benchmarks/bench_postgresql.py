"""The PostgreSQL output against bare COPY of the same rows on the same server.

`bare COPY` writes rows that are ready, of the same columns, into a plain table without indexes, in
transactions of the same size. Ours besides makes the rows from the events while the server takes
them in, leaves out those that are there, numbers them, keeps the indexes of the views, projects
passages and notifies readers.
"""

import os
import time
from collections.abc import Awaitable, Callable, Sequence

import uvloop
from msgspec import structs

from benchmarks.report import Table, spread
from platewire.database.postgresql.write import EVENT_COLUMNS
from platewire.model import Entry
from platewire.outputs.output import OutputContext
from platewire.outputs.postgresql import PostgresqlSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.check_output import SITE
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events
from tests.database.postgresql.postgresql_server import PASSWORD, PostgresqlServer

EVENTS = 30_000
BATCHES = (100, 500, 2_000)
ROUNDS = 5

Measure = Callable[[PostgresqlServer, str, Sequence[Entry], int], Awaitable[float]]


async def entries(log: MemoryLog, count: int) -> Sequence[Entry]:
    """Events of about 1 kB, three a passage."""
    made = []
    for number in range(1, count // 3 + 1):
        for event in passage_events(number, text=f"{number * 7919 % 0xFFFFFF:06X}"):
            plate = structs.replace(event.plate, characters=(0.875,) * 24)
            made.append(structs.replace(event, plate=plate, lists=()))
    return await log.append("gate", made)


async def ours(
    server: PostgresqlServer, database: str, items: Sequence[Entry], size: int, log: MemoryLog
) -> float:
    os.environ["PLATEWIRE_BENCH_PASSWORD"] = PASSWORD
    config = PostgresqlSettings(
        name="bench",
        url=server.url(database),
        password="env:PLATEWIRE_BENCH_PASSWORD",
        batch=size,
    )
    clock = SystemClock()
    context = OutputContext(clock=clock, log=log, site=SITE, board=Board(clock))
    output = config.build(context)
    await output.connect()
    started = time.perf_counter()
    for start in range(0, len(items), size):
        await output.send(items[start : start + size])
    seconds = time.perf_counter() - started
    await output.close()
    return len(items) / seconds


async def bare(server: PostgresqlServer, database: str, size: int) -> float:
    """The rows that ours wrote, copied into a table of the same columns."""
    names = ", ".join(EVENT_COLUMNS)
    connection = await server.connect(database)
    rows = [
        tuple(row)
        for row in await connection.fetch(f"SELECT {names} FROM platewire.event ORDER BY seq")
    ]
    await connection.execute(
        f"CREATE TABLE bare AS SELECT {names} FROM platewire.event WITH NO DATA"
    )
    started = time.perf_counter()
    for start in range(0, len(rows), size):
        await connection.copy_records_to_table(
            "bare", records=rows[start : start + size], columns=EVENT_COLUMNS
        )
    seconds = time.perf_counter() - started
    await connection.close()
    return len(rows) / seconds


async def compare(
    server: PostgresqlServer, items: Sequence[Entry], size: int, log: MemoryLog
) -> Sequence[str]:
    rounds = []
    for _ in range(ROUNDS):
        database = await server.new_database()
        written = await ours(server, database, items, size, log)
        rounds.append((written, await bare(server, database, size)))
        await server.drop_database(database)
    shares = [written / copied for written, copied in rounds]
    return [
        f"batches of {size}",
        spread([copied for _, copied in rounds], 0),
        spread([written for written, _ in rounds], 0),
        spread(shares),
    ]


async def measure(server: PostgresqlServer) -> list[Sequence[str]]:
    log = MemoryLog(SystemClock())
    items = await entries(log, EVENTS)
    return [await compare(server, items, size, log) for size in BATCHES]


def run() -> Table:
    table = Table(
        title="PostgreSQL output: events per second until committed",
        columns=("", "bare COPY", "platewire", "platewire to bare COPY"),
    )
    server = PostgresqlServer(flushes=True)
    try:
        server.initialize()
        server.start()
        table.rows += uvloop.run(measure(server))
    finally:
        server.remove()
    table.notes.append(
        f"{EVENTS} events of about 1 kB, three per passage, without pictures and list matches; "
        f"median (smallest-largest) of {ROUNDS} rounds, variants alternating; one connection, "
        "server on the same machine, every batch committed to disk. *Bare COPY* writes the same "
        "prepared columns into a table without indexes."
    )
    return table
