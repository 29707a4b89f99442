"""`lprevents` says of a vehicle what goes out over NumberOk's TCP, on both engines."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Entry, Event, Site
from platewire.outputs.output import OutputContext
from platewire.outputs.postgresql import PostgresqlSettings
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events
from platewire.wire.numberok import tcp as numberok_tcp
from tests.database.postgresql.postgresql_server import (
    PASSWORD,
    PostgresqlServer,
    connected,
    serving,
)

SITE = Site(
    name="site",
    system_id=2**31 + 5,
    latitude=0.0,
    longitude=0.0,
    channels={"bare": 0, "gate": 1},
    zones={"bare": (), "gate": ("exit", "entry")},
    checkpoints={"gate": 7},
)
FIELDS = {
    "system_id": "SystemId",
    "state": "State",
    "runtime_id": "RuntimeID",
    "movement_type": "MovementType",
    "channel_index": "ChannelIndex",
    "zone_index": "ZoneIndex",
    "checkpoint": "Checkpoint",
    "process_ms": "ProcessTimeMs",
    "number": "PlateNumber",
    "raw_number": "RawPlateNumber",
}
"""Column, and the key over TCP."""
AGES = {"now": 0.25, "late": 3600.0, "of the future": -5.0, "just live": 59.999, "not live": 60.0}
"""Seconds from frame to log."""


def events(clock: FakeClock) -> dict[str, Event]:
    """By what is to be tried with it."""
    now = clock.now()

    def event(number: int, camera: str, zone: str | None, age: float = 1.0) -> Event:
        newest = passage_events(number, camera=camera)[0]
        moment = now - timedelta(seconds=age)
        return structs.replace(
            newest, zone=zone, occurred_at=moment, first_seen_at=moment, last_seen_at=moment
        )

    placed = {
        "a camera without zones": event(1, "bare", None),
        "outside of all zones": event(2, "gate", None),
        "a zone": event(3, "gate", "entry"),
        "a zone no longer known": event(4, "gate", "old"),
        "a camera no longer known": event(5, "gone", None),
    }
    aged = {how: event(10 + at, "gate", "exit", age) for at, (how, age) in enumerate(AGES.items())}
    return placed | aged


def over_tcp(entry: Entry) -> dict[str, str]:
    event = entry.event
    text = numberok_tcp.event_text(event, SITE, checkpoint=SITE.checkpoints.get(event.camera, 0))
    pairs = (pair.partition("=") for pair in text.decode("utf-8").rstrip("\0").split("\5"))
    return {key: value for key, _, value in pairs}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


class Filled:
    """The same events in both engines."""

    def __init__(self, sent: dict[str, dict[str, str]], engines: dict[str, Sequence[Any]]) -> None:
        self.sent = sent
        """By what is tried: what goes out over TCP."""
        self.rows = {
            engine: {row["runtime_id"]: dict(row) for row in rows}
            for engine, rows in engines.items()
        }


@pytest.fixture(scope="module")
def filled(server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    return asyncio.run(fill(server, tmp_path_factory.mktemp("lprevents")))


async def fill(server: PostgresqlServer, folder: Path) -> Filled:
    clock = FakeClock()
    log = await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))
    await log.describe(SITE)
    made = events(clock)
    for event in made.values():
        await log.append(event.camera, [event])
    entries = await log.read(0, 100)
    database = await server.new_database()
    (folder / "password").write_text(PASSWORD)
    output = PostgresqlSettings(
        name="db", url=server.url(database), password=f"file:{folder / 'password'}"
    ).build(OutputContext(clock, log, SITE, Board(clock)))
    await output.connect()
    await output.send(entries)
    await output.close()
    await log.close()
    async with connected(server, database) as connection:
        there = await connection.fetch("SELECT * FROM platewire.lprevents")
    with closing(sqlite3.connect(log.path)) as lite:
        lite.row_factory = sqlite3.Row
        here = lite.execute("SELECT * FROM lprevents").fetchall()
    sent = dict(zip(made, map(over_tcp, entries), strict=True))
    return Filled(sent, {"sqlite": here, "postgresql": there})


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
@pytest.mark.parametrize("tried", events(FakeClock()))
def test_it_says_what_goes_out_over_tcp(tried: str, engine: str, filled: Filled) -> None:
    sent = filled.sent[tried]
    row = filled.rows[engine][int(sent["RuntimeID"])]
    told = {
        key: None if row[column] is None else str(row[column]) for column, key in FIELDS.items()
    }
    assert told == {key: sent.get(key) for key in FIELDS.values()}


def test_what_is_tried_is_what_it_says(filled: Filled) -> None:
    sent = filled.sent
    assert sent["a camera without zones"]["ZoneIndex"] == "0"
    assert sent["outside of all zones"]["Checkpoint"] == "7"
    assert sent["a zone"]["ZoneIndex"] == "1"
    assert "ZoneIndex" not in sent["a zone no longer known"]
    assert "ChannelIndex" not in sent["a camera no longer known"]
    assert [sent[how]["ProcessTimeMs"] for how in AGES] == ["250", "0", "0", "59999", "0"]
