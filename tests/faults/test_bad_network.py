"""Between platewire and the other side the network delays, cuts and corrupts; nothing is lost.

Corruption where TLS finds it: that is what TLS is for, and TCP alone lets some of it through.
`PLATEWIRE_NETWORK_SEEDS` makes it a long run.
"""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from platewire.delivery import Delivery, circuit
from platewire.eventlog.deliveries.records import DeadQuery
from platewire.model import Entry, Event
from platewire.outputs.output import OutputContext, OutputSettings
from platewire.outputs.postgresql import PostgresqlSettings
from platewire.runtime.backoff import Backoff
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.check_output import SITE
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events
from platewire.wire import native
from tests.database.postgresql.postgresql_server import (
    PASSWORD,
    PostgresqlServer,
    connected,
    serving,
)
from tests.faults.bad_network import Mood, Network
from tests.outputs.http import http_sending
from tests.outputs.http.http_receiver import receiving
from tests.outputs.mqtt import mqtt_sending
from tests.outputs.mqtt.mosquitto import broker, listening
from tests.simulation.judge import in_order
from tests.support.certificates import Authority

SEEDS = int(os.environ.get("PLATEWIRE_NETWORK_SEEDS", "1"))
CUTS = [Mood.CUT_ASKING, Mood.CUT_ANSWERING]


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = Backoff(first_seconds=0.02, factor=2.0, longest_seconds=0.2)
    monkeypatch.setattr(circuit, "PROBES", soon)
    monkeypatch.setattr(circuit, "PARKED", soon)
    monkeypatch.setattr(OutputSettings, "probe_seconds", soon.longest_seconds)


def moods(chance: random.Random, kinds: Sequence[Mood], count: int = 12) -> list[Mood]:
    return [chance.choice(kinds) for _ in range(count)]


class Log(MemoryLog):
    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.passages = 0

    @contextlib.asynccontextmanager
    async def delivered_to(self, config: Any, network: Network) -> AsyncIterator[None]:
        """More comes as long as anything is to go wrong; then to the end of the log."""
        clock = SystemClock()
        board = Board(clock)
        output = config.build(OutputContext(clock, self, SITE, board))
        delivery = Delivery(config, output, self, clock=clock, board=board)
        task = asyncio.create_task(delivery.run())
        try:
            async with asyncio.timeout(120):
                while network.left or await self.is_waited_for_by(config.name):
                    if network.left:
                        self.passages += 1
                        await self.append("gate", passage_events(self.passages))
                    await asyncio.sleep(0.02)
            assert await self.deliveries.dead_letters(config.name, DeadQuery(), 10) == []
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def is_waited_for_by(self, output: str) -> bool:
        behind = await self.deliveries.cursor(output) != self.last_seq
        return behind or bool(await self.deliveries.parked(output))


@pytest.fixture
def log() -> Log:
    return Log()


async def judge(log: Log, arrived: Sequence[Event]) -> None:
    logged = [entry.event for entry in await log.read(0, 100_000)]
    assert {event.id for event in arrived} == {event.id for event in logged}
    assert all(event in logged for event in arrived)
    in_order([Entry(event, b"") for event in arrived])


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_requests_over_tls(seed: int, log: Log, authority: Authority) -> None:
    chance = random.Random(seed)
    async with receiving(tls=authority.server_context()) as receiver:
        port = int(receiver.url.split(":")[2].partition("/")[0])
        unruly = Network(port, moods(chance, [*CUTS, Mood.CORRUPT]), chance)
        async with unruly.between() as network:
            config = http_sending.settings(
                f"https://127.0.0.1:{network.port}/",
                start="beginning",
                lanes=3,
                tls={"ca_file": authority.ca},
                first_byte_seconds=2,
                total_seconds=2,
            )
            async with log.delivered_to(config, network):
                pass
        arrived = [native.decode(each.body) for each in receiver.requests]
    await judge(log, arrived)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_mqtt(seed: int, log: Log, tmp_path: Path) -> None:
    chance = random.Random(seed)
    async with (
        broker(tmp_path) as running,
        listening(running.port, "+/+/+/event") as listener,
        Network(running.port, moods(chance, CUTS), chance).between() as network,
    ):
        config = mqtt_sending.settings(network.port, start="beginning", answer_seconds=2)
        async with log.delivered_to(config, network):
            (last,) = await log.read(log.last_seq - 1, 1)
            await listener.until(f"{mqtt_sending.BASE}/gate/event", last.body)
    await judge(log, [native.decode(each.payload) for each in listener.seen])


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresqlServer]:
    yield from serving()


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_postgresql(
    seed: int, log: Log, postgresql: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWNER_PASSWORD", PASSWORD)
    chance = random.Random(seed)
    database = await postgresql.new_database()
    async with Network(postgresql.port, moods(chance, CUTS), chance).between() as network:
        url = postgresql.url(database).replace(f":{postgresql.port}/", f":{network.port}/")
        config = PostgresqlSettings(
            name="db",
            url=f"{url}?sslmode=disable",
            password="env:OWNER_PASSWORD",
            start="beginning",
            batch=5,
        )
        async with log.delivered_to(config, network):
            pass
    async with connected(postgresql, database) as connection:
        rows = await connection.fetch("SELECT body::text FROM platewire.anpr_event ORDER BY seq")
    arrived = [native.decode(body.encode()) for (body,) in rows]
    assert len(arrived) == log.last_seq, "exactly once"
    await judge(log, arrived)
