"""From an event appended to its bytes at TCP clients, and fan-out to a thousand of them.

The clients are a process of their own (this file, run as a program). Each event carries the
monotonic time at which it was given to the log, which both processes share. The roofline does
only the necessary: one thread that commits the same bodies to SQLite with the same flush, and a
bare protocol that writes the same bytes.
"""

import asyncio
import json
import queue
import re
import resource
import socket
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop
from msgspec import Struct, structs

from benchmarks.report import Table, spread
from platewire.delivery import Delivery
from platewire.eventlog.log import EventLog
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Event, Site
from platewire.outputs.output import OutputContext
from platewire.outputs.tcp.json_lines import JsonLinesSettings
from platewire.outputs.tcp.numberok_tcp import NumberOkTcpSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.identity import Identities
from platewire.runtime.status import Board
from platewire.testing.sample_events import passage_events
from platewire.wire import native
from platewire.wire.numberok.tcp import SUBSCRIPTION

ROUNDS = 3
TICK_SECONDS = 0.002
STAMP = re.compile(rb'"raw":"(\d+)"|RawPlateNumber=(\d+)\x05')
REQUEST = b'{"resume": "now"}\n'

Append = Callable[[Event], Awaitable[object]]


class Load(Struct, frozen=True):
    clients: int
    rate: int
    seconds: float

    @property
    def events(self) -> int:
        return int(self.rate * self.seconds)


class Outcome(Struct, frozen=True):
    """What the clients saw; latencies of the first ten of them, in milliseconds."""

    complete: int
    lost_connections: int
    p50_ms: float
    p99_ms: float
    p100_ms: float
    server_cpu_seconds: float = 0.0


def run() -> Table:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    table = Table(
        "TCP: from append to a client, and fan-out",
        ("what", "clients", "events/s", "p50 ms", "p99 ms", "clients that got all", "cut"),
    )
    near, far = Load(10, 1000, 5.0), Load(1000, 100, 20.0)
    rows: dict[str, list[Outcome]] = {}
    for _ in range(ROUNDS):
        for name, server in SERVERS.items():
            rows.setdefault(name, []).append(measured(server, near))
    for name, outcomes in rows.items():
        table.rows.append(row(name, near, outcomes))
    wide = {name: [measured(SERVERS[name], far)] for name in ("bare", "JSON lines")}
    table.rows += [row(name, far, outcomes) for name, outcomes in wide.items()]
    table.notes = notes(rows, wide, far)
    return table


def row(name: str, load: Load, outcomes: Sequence[Outcome]) -> Sequence[str]:
    return (
        name,
        str(load.clients),
        str(load.rate),
        spread([each.p50_ms for each in outcomes]),
        spread([each.p99_ms for each in outcomes]),
        str(min(each.complete for each in outcomes)),
        str(sum(each.lost_connections for each in outcomes)),
    )


def notes(rows: dict[str, list[Outcome]], wide: dict[str, list[Outcome]], far: Load) -> list[str]:
    def middle(name: str) -> float:
        return statistics.median(each.p99_ms for each in rows[name])

    deliveries = far.events * far.clients
    cost = {name: outcomes[0].server_cpu_seconds for name, outcomes in wide.items()}
    return [
        "Latency is measured from the call of `append`, so it includes the fsync. `bare` is a "
        "`sqlite3` thread with group commit and the same fsync before a bare asyncio protocol.",
        f"p99 as a multiple of bare, medians of {ROUNDS} rounds: JSON lines "
        f"{middle('JSON lines') / middle('bare'):.2f}, NumberOk "
        f"{middle('NumberOk') / middle('bare'):.2f}. Target: p99 under 20 ms.",
        f"Fan-out of {deliveries:,} deliveries: CPU time of the server per delivery, bare "
        f"{cost['bare'] / deliveries * 1e6:.1f} us, JSON lines "
        f"{cost['JSON lines'] / deliveries * 1e6:.1f} us. Target: no client is disconnected.",
    ]


# --- the server's side -------------------------------------------------------------------------


def measured(serve: "Server", load: Load) -> Outcome:
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(measure(serve, load, Path(folder)))


async def measure(serve: "Server", load: Load, folder: Path) -> Outcome:
    async with serve(folder, load) as (port, first, append):
        arguments = [str(port), first.hex(), str(load.clients), str(load.events)]
        clients = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.bench_tcp", *arguments),
            stdout=asyncio.subprocess.PIPE,
        )
        assert clients.stdout is not None
        assert (await clients.stdout.readline()) == b"ready\n"
        before = time.process_time()
        await produce(append, load)
        answer = await clients.stdout.readline()
        spent = time.process_time() - before
        await clients.wait()
    return Outcome(**json.loads(answer), server_cpu_seconds=spent)


async def produce(append: Append, load: Load) -> None:
    """Appends at a fixed rate, whether or not earlier ones have come back."""
    identities = Identities(SystemClock())
    template = passage_events(1)[1]
    begun, made = time.monotonic(), 0
    async with asyncio.TaskGroup() as group:
        while made < load.events:
            due = min(load.events, int((time.monotonic() - begun) * load.rate))
            for _ in range(due - made):
                group.create_task(one(append, template, identities))
            made = due
            await asyncio.sleep(TICK_SECONDS)


async def one(append: Append, template: Event, identities: Identities) -> None:
    plate = structs.replace(template.plate, raw=str(time.monotonic_ns()))
    await append(structs.replace(template, id=identities.event(), plate=plate))


Server = Callable[[Path, Load], Any]


@asynccontextmanager
async def bare(folder: Path, load: Load) -> AsyncIterator[tuple[int, bytes, Append]]:
    """Roofline: commit and flush on one thread, then write what was committed to everyone."""
    clients: set[asyncio.Transport] = set()

    class Bare(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            clients.add(transport)
            transport.write(b"hello\n")

    loop = asyncio.get_running_loop()
    server = await loop.create_server(Bare, "127.0.0.1", 0, backlog=1024)
    jobs: queue.SimpleQueue[tuple[bytes, asyncio.Future[None]] | None] = queue.SimpleQueue()

    def committed(done: Sequence[tuple[bytes, asyncio.Future[None]]]) -> None:
        data = b"".join(body + b"\n" for body, _ in done)
        for client in clients:
            client.write(data)
        for _, future in done:
            future.set_result(None)

    thread = threading.Thread(target=commit_all, args=(folder / "bare.db", jobs, loop, committed))
    thread.start()

    async def append(event: Event) -> None:
        future: asyncio.Future[None] = loop.create_future()
        jobs.put((native.encode(event), future))
        await future

    yield server.sockets[0].getsockname()[1], REQUEST, append
    jobs.put(None)
    await asyncio.to_thread(thread.join)
    server.close()


def commit_all(
    path: Path,
    jobs: "queue.SimpleQueue[tuple[bytes, asyncio.Future[None]] | None]",
    loop: asyncio.AbstractEventLoop,
    committed: Callable[[Sequence[tuple[bytes, asyncio.Future[None]]]], None],
) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE log (seq INTEGER PRIMARY KEY, body BLOB)")
    while (job := jobs.get()) is not None:
        batch = [job]
        while not jobs.empty() and (more := jobs.get()) is not None:
            batch.append(more)
        database.execute("BEGIN")
        database.executemany("INSERT INTO log (body) VALUES (?)", [(body,) for body, _ in batch])
        database.execute("COMMIT")
        loop.call_soon_threadsafe(committed, batch)
    database.close()


@asynccontextmanager
async def whole(
    folder: Path, settings: JsonLinesSettings | NumberOkTcpSettings
) -> AsyncIterator[tuple[int, EventLog]]:
    """The real log, the real delivery loop and one output."""
    clock = SystemClock()
    board = Board(clock)
    site = Site(
        name="bench",
        system_id=1,
        latitude=0.0,
        longitude=0.0,
        channels={"gate": 0},
        zones={"gate": ("entry",)},
    )
    log = await SqliteLog.open(LogSettings(folder=folder), clock, board)
    output = settings.build(OutputContext(clock, log, site, board))
    await output.connect()
    delivering = asyncio.create_task(
        Delivery(settings, output, log, clock=clock, board=board).run()
    )
    try:
        yield output.address[1], log
    finally:
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)
        await log.close()


@asynccontextmanager
async def json_lines(folder: Path, load: Load) -> AsyncIterator[tuple[int, bytes, Append]]:
    settings = JsonLinesSettings(
        name="lines",
        listen="127.0.0.1:0",
        max_clients=load.clients,
        max_clients_per_address=load.clients,
    )
    async with whole(folder, settings) as (port, log):
        yield port, REQUEST, lambda event: log.append("gate", [event])


@asynccontextmanager
async def numberok(folder: Path, load: Load) -> AsyncIterator[tuple[int, bytes, Append]]:
    settings = NumberOkTcpSettings(
        name="numberok",
        listen="127.0.0.1:0",
        max_clients=load.clients,
        max_clients_per_address=load.clients,
        max_age_seconds=None,
    )
    async with whole(folder, settings) as (port, log):
        yield port, SUBSCRIPTION, lambda event: log.append("gate", [event])


SERVERS: dict[str, Server] = {"bare": bare, "JSON lines": json_lines, "NumberOk": numberok}


# --- the clients' side -------------------------------------------------------------------------


class Crowd:
    """All clients of one run; the first ten look at each event's stamp, the others count lines."""

    TIMED = 10

    def __init__(self, clients: int, events: int) -> None:
        self.events = events
        self.counts = [0] * clients
        self.latencies_ns: list[int] = []
        self.lost = 0
        self.done = asyncio.Event()

    def got(self, index: int, count: int) -> None:
        self.counts[index] += count
        if self.counts[index] >= self.events and min(self.counts) >= self.events:
            self.done.set()

    def result(self) -> dict[str, float]:
        ordered = sorted(self.latencies_ns) or [0]
        return {
            "complete": sum(count >= self.events for count in self.counts),
            "lost_connections": self.lost,
            "p50_ms": ordered[len(ordered) // 2] / 1e6,
            "p99_ms": ordered[len(ordered) * 99 // 100] / 1e6,
            "p100_ms": ordered[-1] / 1e6,
        }


class BenchClient(asyncio.Protocol):
    def __init__(self, crowd: Crowd, index: int) -> None:
        self._crowd = crowd
        self._index = index
        self._rest = b""
        self._greeted = False

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if self._index >= Crowd.TIMED:
            greeting = not self._greeted
            self._greeted = True
            self._crowd.got(self._index, data.count(b"\n") - greeting)
            return
        data = self._rest + data
        end = count = 0
        for found in STAMP.finditer(data):
            self._crowd.latencies_ns.append(now - int(found[1] or found[2]))
            end, count = found.end(), count + 1
        self._rest = data[end:]
        if count:
            self._crowd.got(self._index, count)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._crowd.done.is_set():
            self._crowd.lost += 1


async def attend(port: int, first: bytes, clients: int, events: int) -> None:
    crowd = Crowd(clients, events)
    loop = asyncio.get_running_loop()
    for index in range(clients):
        transport, _ = await loop.create_connection(
            lambda index=index: BenchClient(crowd, index),  # type: ignore[misc]
            "127.0.0.1",
            port,
            family=socket.AF_INET,
        )
        transport.write(first)
    await asyncio.sleep(1.0)
    print("ready", flush=True)
    try:
        async with asyncio.timeout(60):
            await crowd.done.wait()
    except TimeoutError:
        pass
    print(json.dumps(crowd.result()), flush=True)


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    port, first, clients, events = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(attend(int(port), bytes.fromhex(first), int(clients), int(events)))
