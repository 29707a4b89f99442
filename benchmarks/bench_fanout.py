"""Fan-out to a thousand TCP clients: our JSON lines beside two message brokers, in turn.

Each gets the same events as fast as it takes them and hands each to every client; all is over once
the last client has the last event. The clients are one process for all of them (this file, run as
a program) that counts line feeds: each event has one, and what a protocol puts around it none or
always as many. Ours flushes each event to the disk and numbers it besides; the brokers hold it in
memory, without acknowledgement (MQTT QoS 0, NATS core).
"""

import asyncio
import resource
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import uvloop
from msgspec import structs

from benchmarks.bench_tcp import REQUEST, Load, json_lines
from benchmarks.report import Table, spread
from platewire.model import Event
from platewire.runtime.clock import SystemClock
from platewire.runtime.identity import Identities
from platewire.testing.sample_events import passage_events
from platewire.wire import native

ROUNDS = 3
CLIENTS = 1000
EVENTS = 1000
SETTLE_SECONDS = 3.0
"""Brokers ask their clients for a sign of life soon after the start."""
MISSING_SECONDS = 30
SUBJECT = "passages"
FILES = 8192
TICKS = 100
"""A second of processor time in /proc, on every Linux of today."""

Publish = Callable[[Sequence[Event]], Awaitable[None]]


class Place(NamedTuple):
    """Where clients go, and what gives the server events."""

    port: int
    publish: Publish
    spent: Callable[[], float]
    """Seconds of processor time of the server so far."""


class Outcome(NamedTuple):
    deliveries_a_second: float
    microseconds: float
    """Processor time of the server for each delivery."""


def run() -> Table:
    _many_files()
    ways = {name: way for name, way in SERVERS.items() if way.program is None or _found(way)}
    outcomes: dict[str, list[Outcome]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            outcomes[name].append(_measured(way))
    table = Table(
        f"Fan-out to {CLIENTS:,} TCP clients",
        ("what", "deliveries a second", "processor time of the server, us a delivery"),
    )
    for name, each in outcomes.items():
        rates = spread([one.deliveries_a_second for one in each], 0)
        table.rows.append((name, rates, spread([one.microseconds for one in each], 1)))
    table.notes = [
        _ratios(outcomes),
        f"{EVENTS:,} events of about 1 kB, sent as fast as they are accepted, to {CLIENTS:,} "
        f"clients in one process on the same two cores; {ROUNDS} rounds, variants alternating. The "
        "brokers keep events in memory; platewire writes each event to disk (fsync) and numbers it "
        "before a client receives it. Target: half of Mosquitto's throughput, preferably more than "
        "it.",
        *(f"{way.program} is not installed, so it was not measured." for way in _missing(ways)),
    ]
    return table


def _ratios(outcomes: dict[str, list[Outcome]]) -> str:
    ours = [each.deliveries_a_second for each in outcomes[OURS]]
    others = {name: each for name, each in outcomes.items() if name != OURS}
    shares = []
    for name, theirs in others.items():
        pairs = zip(ours, theirs, strict=True)
        shares.append(f"{name} {spread([mine / one.deliveries_a_second for mine, one in pairs])}")
    return f"platewire's rate as a multiple, round by round: {', '.join(shares)}."


def _measured(way: "Way") -> Outcome:
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(_measure(way, Path(folder)))


async def _measure(way: "Way", folder: Path) -> Outcome:
    async with way.serve(folder) as place:
        clients = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.bench_fanout"),
            *(way.greeting, str(place.port), str(EVENTS * way.line_feeds)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert clients.stdout is not None
        assert await clients.stdout.readline() == b"ready\n"
        events = _events()
        started, before = time.perf_counter(), place.spent()
        await place.publish(events)
        said = await clients.stdout.readline()
        seconds, spent = time.perf_counter() - started, place.spent() - before
        await clients.wait()
    if said != b"all\n":
        raise SystemExit(f"{way.greeting}: {said.decode().strip()}")
    deliveries = CLIENTS * EVENTS
    return Outcome(deliveries / seconds, spent / deliveries * 1e6)


def _events() -> list[Event]:
    identities = Identities(SystemClock())
    template = passage_events(1)[1]
    return [structs.replace(template, id=identities.event()) for _ in range(EVENTS)]


# --- the servers -------------------------------------------------------------------------------


@asynccontextmanager
async def _lines(folder: Path) -> AsyncIterator[Place]:
    async with json_lines(folder, Load(CLIENTS, 0, 0)) as (port, _, append):

        async def publish(events: Sequence[Event]) -> None:
            await asyncio.gather(*(append(event) for event in events))

        yield Place(port, publish, time.process_time)


@asynccontextmanager
async def _mosquitto(folder: Path) -> AsyncIterator[Place]:
    port = _free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
        "max_queued_bytes 0\nset_tcp_nodelay true\nlog_type none\nuser root\n"
    )
    async with _broker(port, _program("mosquitto"), "-c", str(config)) as spent:
        yield Place(port, _into(port, _mqtt_connect("source"), _mqtt_publish), spent)


@asynccontextmanager
async def _nats(folder: Path) -> AsyncIterator[Place]:
    port = _free_port()
    address = ("-a", "127.0.0.1", "-p", str(port))
    async with _broker(port, _program("nats-server"), *address) as spent:
        hello = b'CONNECT {"verbose":false,"pedantic":false}\r\n'
        yield Place(port, _into(port, hello, _nats_publish), spent)


class Way(NamedTuple):
    serve: Callable[[Path], Any]
    greeting: str
    line_feeds: int
    """For each event."""
    program: str | None = None


OURS = "platewire, JSON lines"
SERVERS = {
    OURS: Way(_lines, "lines", 1),
    "Mosquitto, QoS 0": Way(_mosquitto, "mqtt", 1, "mosquitto"),
    "NATS core": Way(_nats, "nats", 3, "nats-server"),
}


def _program(name: str) -> str:
    """Where it is, also where Debian keeps it off the PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin") or ""


def _found(way: Way) -> bool:
    return bool(_program(way.program or ""))


def _missing(ways: dict[str, Way]) -> list[Way]:
    return [way for name, way in SERVERS.items() if name not in ways]


@asynccontextmanager
async def _broker(port: int, *command: str) -> AsyncIterator[Callable[[], float]]:
    silent = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=silent, stderr=silent)
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield lambda: _processor_seconds(process.pid)
    finally:
        process.terminate()
        await process.wait()


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _into(port: int, hello: bytes, packet: Callable[[bytes], bytes]) -> Publish:
    # Closed with answers unread, it would take with it what the broker has not read yet.
    kept: list[asyncio.StreamWriter] = []

    async def publish(events: Sequence[Event]) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        kept.append(writer)
        writer.write(hello)
        for event in events:
            writer.write(packet(native.encode(event) + b"\n"))
            await writer.drain()

    return publish


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port


# --- the protocols, as little of them as is needed -----------------------------------------------


def _mqtt_text(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()


def _mqtt_packet(kind: int, rest: bytes) -> bytes:
    """MQTT 3.1.1, 2.2.3: the length is in sevens of bits, the lowest first."""
    left, length = len(rest), bytearray()
    while left >= 128:
        length.append(left % 128 | 128)
        left //= 128
    return bytes([kind, *length, left]) + rest


def _mqtt_connect(name: str) -> bytes:
    return _mqtt_packet(0x10, _mqtt_text("MQTT") + b"\x04\x02\x00\x00" + _mqtt_text(name))


def _mqtt_publish(body: bytes) -> bytes:
    head = _mqtt_packet(0x30, _mqtt_text(SUBJECT) + body)[: -len(body)]
    # The clients count line feeds, so there is to be none around the event.
    assert b"\n" not in head
    return head + body


def _nats_publish(body: bytes) -> bytes:
    return f"PUB {SUBJECT} {len(body)}\r\n".encode() + body + b"\r\n"


def _greeting(kind: str, index: int) -> bytes:
    match kind:
        case "mqtt":
            subscribe = _mqtt_packet(0x82, b"\x00\x01" + _mqtt_text(SUBJECT) + b"\x00")
            return _mqtt_connect(f"client-{index}") + subscribe
        case "nats":
            return f'CONNECT {{"verbose":false}}\r\nSUB {SUBJECT} 1\r\n'.encode()
        case _:
            return REQUEST


# --- the clients' side -------------------------------------------------------------------------


class Crowd:
    def __init__(self, line_feeds: int) -> None:
        self._line_feeds = line_feeds
        self._waiting = CLIENTS
        self.counts = [0] * CLIENTS
        self.counting = False
        self.lost = 0
        self.all = asyncio.Event()

    def got(self, index: int, count: int) -> None:
        if not self.counting:
            return
        before = self.counts[index]
        self.counts[index] = after = before + count
        if before < self._line_feeds <= after:
            self._waiting -= 1
            if not self._waiting:
                self.all.set()


class Client(asyncio.Protocol):
    def __init__(self, crowd: Crowd, index: int) -> None:
        self._crowd = crowd
        self._index = index

    def data_received(self, data: bytes) -> None:
        self._crowd.got(self._index, data.count(b"\n"))

    def connection_lost(self, _: Exception | None) -> None:
        self._crowd.lost += 1


async def _attend(kind: str, port: int, line_feeds: int) -> None:
    crowd = Crowd(line_feeds)
    loop = asyncio.get_running_loop()
    for index in range(CLIENTS):
        transport, _ = await loop.create_connection(
            lambda index=index: Client(crowd, index),  # type: ignore[misc]
            "127.0.0.1",
            port,
            family=socket.AF_INET,
        )
        transport.write(_greeting(kind, index))
    await asyncio.sleep(SETTLE_SECONDS)
    crowd.counting = True
    print("ready", flush=True)
    try:
        await asyncio.wait_for(crowd.all.wait(), MISSING_SECONDS)
        print("all", flush=True)
    except TimeoutError:
        whole = sum(count >= line_feeds for count in crowd.counts)
        print(f"{whole} clients got all, {crowd.lost} were cut", flush=True)


def _many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, FILES)), hard))


if __name__ == "__main__":
    _many_files()
    kind, port, line_feeds = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_attend(kind, int(port), int(line_feeds)))
