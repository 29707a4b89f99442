"""`kill -9` of a server under load, judged by receivers that know nothing of each other.

A webhook, a client of JSON lines, MQTT through Mosquitto and PostgreSQL receive; Python's sqlite3,
ODBC, DuckDB and the command `sqlite3` open the log read-write and close it all the time. Runs only
when it is named (`run.py bench kills`); PLATEWIRE_KILLS shortens it, PLATEWIRE_LOAD is the events
a second.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import Table
from tests.database.postgresql.postgresql_server import PostgresqlServer, serving
from tests.faults.foreign_opener import KINDS
from tests.faults.four_ways import FourWays, environment, four_ways, judge, noted
from tests.faults.kills import Losses, killed, tallied
from tests.support.counterparts import ODBC_SQLITE, SQLITE_SHELL, need

KILLS = environment("PLATEWIRE_KILLS", 300)
LOAD = environment("PLATEWIRE_LOAD", 300.0)
"""Events a second."""


class Outcome(NamedTuple):
    acknowledged: int
    opened: dict[str, int]
    """How often each program of others opened the log and closed it."""
    losses: dict[str, Losses]
    verdict: str
    minutes: float


def run() -> Table:
    need(SQLITE_SHELL, ODBC_SQLITE)
    with tempfile.TemporaryDirectory() as folder, contextmanager(_serving)() as postgresql:
        return report(asyncio.run(outcome(Path(folder), postgresql)))


def _serving() -> Iterator[PostgresqlServer]:
    yield from serving()


async def outcome(folder: Path, postgresql: PostgresqlServer) -> Outcome:
    started = time.monotonic()
    async with four_ways(folder, postgresql, await postgresql.new_database()) as world:
        await killed(world, KILLS, LOAD, random.Random())
        return Outcome(
            len(noted(folder)),
            {kind: (folder / kind).stat().st_size for kind in KINDS},
            await tallied(world),
            await judged(world),
            (time.monotonic() - started) / 60,
        )


async def judged(world: FourWays) -> str:
    """In words, as a fault has to be written down too."""
    try:
        await judge(world)
    except AssertionError as fault:
        return f"finds a fault: {' '.join(str(fault).split())[:300]}"
    return "finds no fault"


def report(found: Outcome) -> Table:
    columns = ("", "events", "acknowledged ones lost", "numbers given twice", "sent once more")
    table = Table(f"{KILLS} kills under load with foreign openers at work", columns)
    table.rows = [
        ("acknowledged by the log", f"{found.acknowledged:,}", "", "", ""),
        *(
            (name, f"{each.events:,}", str(each.lost), str(each.numbers_twice), str(each.repeats))
            for name, each in found.losses.items()
        ),
        ("goal", "", "0", "0", ""),
    ]
    opened = ", ".join(f"{kind} {count:,}" for kind, count in found.opened.items())
    table.notes = [
        f"{LOAD:g} events per second of about 1 kB; `kill -9` within 2 s of each start, at random; "
        f"{found.minutes:.0f} minutes. Other programs opened the log read-write and closed it "
        f"{sum(found.opened.values()):,} times: {opened}.",
        "An event counts as acknowledged when the log has confirmed that it is durable. Events "
        "that were durable at the time of the kill, but not confirmed yet, are delivered too. "
        "*Sent once more* is a duplicate of the same event, which at-least-once delivery allows "
        f"after a kill. The checker of the tests {found.verdict}. It also requires that numbers "
        "have no gap, that revisions of a passage arrive in order, and that no event is sent "
        "again that the log has recorded as delivered.",
    ]
    return table
