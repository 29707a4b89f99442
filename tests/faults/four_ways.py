"""A server under load with four third parties, and what each of them and the log have to say.

A webhook, a client that resumes JSON lines, MQTT by a real broker, PostgreSQL by a real server. The
third parties stay while the server is killed, stopped and started again; `judge` then compares.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import apsw
import msgspec

from platewire.database.connection import rows
from platewire.eventlog.deliveries.records import Ranges, ranges_of
from tests.acceptance.ports import free_port
from tests.acceptance.running import Running
from tests.database.postgresql.postgresql_server import PASSWORD, PostgresqlServer, connected
from tests.outputs.mqtt.mosquitto import broker, publish

ROOT = Path(__file__).resolve().parents[2]
LOADED = (sys.executable, "-W", "error", "-m", "tests.faults.loaded_server")
LISTENING = "ready"
CONFIG = """
[web]
listen = "127.0.0.1:0"
[log]
folder = "{folder}/log"
[[output]]
name = "webhook"
type = "http"
url = "http://127.0.0.1:{webhook}/"
start = "beginning"
[[output]]
name = "lines"
type = "json_lines"
listen = "127.0.0.1:{lines}"
[[output]]
name = "mqtt"
type = "mqtt"
host = "127.0.0.1"
port = {mqtt}
start = "beginning"
[[output]]
name = "database"
type = "postgresql"
url = "{postgresql}"
password = "env:OWNER_PASSWORD"
start = "beginning"
"""


class Told(msgspec.Struct, frozen=True):
    """What is compared of an event."""

    seq: int
    id: str
    passage_number: int
    revision: int


Number = TypeVar("Number", int, float)


class Cursor(NamedTuple):
    """What the log remembers of an output as dealt with."""

    floor: int
    above: Ranges

    def covers(self, seq: int) -> bool:
        return seq <= self.floor or any(first <= seq <= last for first, last in self.above)


@dataclass
class Kill:
    """What was so when the server had just been killed."""

    arrived: dict[str, int]
    """How many events were in each third party's file."""
    cursors: dict[str, Cursor]


@dataclass
class FourWays:
    folder: Path
    config: Path
    postgresql: PostgresqlServer
    database: str
    kills: list[Kill] = field(default_factory=list)
    server: Running | None = None

    @property
    def files(self) -> dict[str, Path]:
        return {name: self.folder / f"{name}.jsonl" for name in ("webhook", "lines", "mqtt")}

    async def start(self, rate: float) -> Running:
        """In place of the one before, which has ended."""
        if self.server is not None:
            self.server.kill()
        self.server = await asyncio.to_thread(
            Running,
            self.config,
            LOADED,
            LOADED_RATE=str(rate),
            LOADED_NOTES=str(self.folder / "notes"),
            OWNER_PASSWORD=PASSWORD,
        )
        return self.server

    def kill(self) -> None:
        assert self.server is not None
        self.server.kill()
        arrived = {name: len(told(path)) for name, path in self.files.items()}
        self.kills.append(Kill(arrived, cursors(self.folder / "log" / "platewire.db")))

    async def caught_up(self) -> None:
        """Until every third party has the newest event; nothing is appended any more."""
        assert self.server is not None
        seconds = 120.0 + 10.0 * len(self.kills)
        await asyncio.to_thread(self.server.wait_until_caught_up, seconds)
        last_seq = logged(self.folder)[-1].seq
        for path in self.files.values():
            await until(lambda path=path: last_seq in {each.seq for each in told(path)}, seconds)  # type: ignore[misc]

    async def in_postgresql(self) -> list[str]:
        async with connected(self.postgresql, self.database) as connection:
            found = await connection.fetch("SELECT id::text FROM platewire.anpr_event ORDER BY seq")
        return [each for (each,) in found]


@contextlib.asynccontextmanager
async def four_ways(
    folder: Path, postgresql: PostgresqlServer, database: str
) -> AsyncIterator[FourWays]:
    config = folder / "platewire.toml"
    world = FourWays(folder, config, postgresql, database)
    lines_port = free_port()
    async with (
        broker(folder) as mqtt,
        subscribed(mqtt.port, world.files["mqtt"]),
        third_party("webhook", str(world.files["webhook"])) as webhook,
        third_party("lines", str(lines_port), str(world.files["lines"])),
    ):
        assert webhook.stdout is not None
        config.write_text(
            CONFIG.format(
                folder=folder,
                webhook=int(await webhook.stdout.readline()),
                lines=lines_port,
                mqtt=mqtt.port,
                postgresql=postgresql.url(database),
            )
        )
        try:
            yield world
        finally:
            if world.server is not None:
                world.server.kill()


@contextlib.asynccontextmanager
async def third_party(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.third_parties", *arguments),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        await process.communicate()


@contextlib.asynccontextmanager
async def subscribed(port: int, path: Path) -> AsyncIterator[None]:
    """mosquitto_sub, which writes each payload as a line to the file."""
    with path.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *("mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-F", "%p"),
            *("-t", "platewire/+/+/event", "-t", LISTENING),
            stdout=file,
        )
    try:
        async with asyncio.timeout(30):
            while LISTENING.encode() not in path.read_bytes():
                await publish(port, LISTENING, LISTENING)
                await asyncio.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


# --- what they say -----------------------------------------------------------------------------


def told(path: Path) -> list[Told]:
    """In the order of arrival."""
    if not path.exists():
        return []
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [
        msgspec.json.decode(line, type=Told) for line in whole.splitlines() if line.startswith(b"{")
    ]


def logged(folder: Path) -> list[Told]:
    with contextlib.closing(reading(folder / "log" / "platewire.db")) as connection:
        found = rows(connection, "SELECT seq, id, passage_number, revision FROM event ORDER BY seq")
    return [Told(*each) for each in found]


def noted(folder: Path) -> set[tuple[int, str]]:
    """Seq and id of what the log had said that it is kept."""
    whole, _, _ = (folder / "notes").read_text().rpartition("\n")
    return {(int(seq), event) for seq, event in map(str.split, whole.splitlines())}


def acknowledged(folder: Path) -> dict[int, str]:
    said = noted(folder)
    kept = dict(said)
    assert len(kept) == len(said), "a number was given to two events"
    return kept


def cursors(path: Path) -> dict[str, Cursor]:
    with contextlib.closing(reading(path)) as connection:
        found = rows(connection, "SELECT output, seq, above FROM cursor")
    return {name: Cursor(floor, ranges_of(above)) for name, floor, above in found}


def reading(path: Path) -> apsw.Connection:
    """Leaves the journal to the server that comes next, which has to take it in itself."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.set_busy_timeout(10_000)
    return connection


# --- the judgment -----------------------------------------------------------------------------


async def judge(world: FourWays) -> None:
    """Nothing lost, nothing made up, in order within a passage; nothing sent again that the log
    remembers as delivered."""
    log = logged(world.folder)
    assert [each.seq for each in log] == list(range(1, len(log) + 1))
    kept = {each.seq: each.id for each in log}
    assert acknowledged(world.folder).items() <= kept.items()
    for path in world.files.values():
        arrived = told(path)
        assert {each.seq: each.id for each in arrived} == kept, path.name
        assert set(arrived) == set(log), path.name
        in_order(arrived)
    assert await world.in_postgresql() == [each.id for each in log]
    for name, path in world.files.items():
        not_again(name, told(path), world.kills)


def in_order(arrived: Sequence[Told]) -> None:
    """First arrivals of each passage rise by their revision."""
    passages: dict[int, list[int]] = defaultdict(list)
    for each in dict.fromkeys(arrived):
        passages[each.passage_number].append(each.revision)
    for number, revisions in passages.items():
        assert revisions == sorted(revisions), f"passage {number}"


def not_again(name: str, arrived: Sequence[Told], kills: Sequence[Kill]) -> None:
    seen: set[int] = set()
    lives = iter([*kills, None])
    before, life = None, next(lives)
    for place, each in enumerate(arrived):
        while life is not None and place >= life.arrived[name]:
            before, life = life, next(lives)
        if each.seq in seen and before is not None:
            covered = before.cursors[name].covers(each.seq)
            assert not covered, f"{name}: seq {each.seq} once more"
        seen.add(each.seq)


async def until(reached: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not reached():  # noqa: ASYNC110 - what is looked at tells nobody
            await asyncio.sleep(0.1)


def environment(name: str, default: Number) -> Number:
    """A number that makes a test a long run."""
    return type(default)(os.environ.get(name, default))
