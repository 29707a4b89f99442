"""`platewire serve` with an MQTT output, as a user runs it: killed, started again, replaying."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Entry
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.sample_events import passage_events
from platewire.wire import native
from tests.acceptance.ports import free_port
from tests.acceptance.running import PLATEWIRE, Running
from tests.outputs.mqtt.mosquitto import broker, listening

CONFIG = """
[web]
listen = "127.0.0.1:{page}"
[log]
folder = "{folder}"
[[output]]
type = "mqtt"
name = "home"
host = "127.0.0.1"
port = {port}
start = "beginning"
"""
STATUS = "platewire/site/status"


async def filled(folder: Path, passages: int) -> list[Entry]:
    """A log that an output has still before it."""
    clock = SystemClock()
    log = await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))
    logged: list[Entry] = []
    for number in range(1, passages + 1):
        logged += await log.append("gate", passage_events(number))
    await log.close()
    return logged


class Servers:
    """Stops what a test left running."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.running: Running | None = None

    def configure(self, folder: Path, port: int) -> None:
        self.config.write_text(CONFIG.format(folder=folder, port=port, page=free_port()))

    async def start(self) -> Running:
        self.running = await asyncio.to_thread(Running, self.config)
        return self.running


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    made = Servers(tmp_path / "platewire.toml")
    yield made
    if made.running is not None:
        made.running.kill()


async def test_killed_and_started_again_nothing_is_missing(
    tmp_path: Path, servers: Servers
) -> None:
    logged = await filled(tmp_path / "log", 200)
    async with (
        broker(tmp_path) as running,
        listening(running.port, "platewire/+/+/event", STATUS) as listener,
    ):
        servers.configure(tmp_path / "log", running.port)
        server = await servers.start()
        await listener.take(100)
        server.kill()
        await listener.until(STATUS, b"offline")
        await servers.start()
        await listener.until("platewire/site/gate/event", logged[-1].body)
    events = [each.payload for each in listener.seen if each.topic.endswith("/event")]
    assert list(dict.fromkeys(events)) == [entry.body for entry in logged]


async def test_a_replay_beside_it_leaves_last_and_status_alone(
    tmp_path: Path, servers: Servers
) -> None:
    logged = await filled(tmp_path / "log", 5)
    async with (
        broker(tmp_path) as running,
        listening(running.port, "platewire/+/+/event", STATUS) as listener,
    ):
        servers.configure(tmp_path / "log", running.port)
        await servers.start()
        await listener.until("platewire/site/gate/event", logged[-1].body)
        command = [*PLATEWIRE, *["outputs", "replay", "home", "--from", "1", "--to", "3"]]
        replay = [*command, "--config", str(servers.config)]
        await asyncio.to_thread(subprocess.run, replay, check=True, capture_output=True)
        again = [native.decode((await listener.until("platewire/site/gate/event")).payload)]
        again += [
            native.decode((await listener.until("platewire/site/gate/event")).payload)
            for _ in range(2)
        ]
        await listener.until(STATUS, b"offline")
        await listener.until(STATUS, b"online")
        async with listening(running.port, "platewire/site/gate/last", STATUS) as late:
            found = {each.topic: each.payload for each in late.seen}
    assert [(event.seq, event.replayed) for event in again] == [(1, True), (2, True), (3, True)]
    assert found == {"platewire/site/gate/last": logged[-1].body, STATUS: b"online"}
