"""Deliveries over HTTP: how many a second, how soon after the append, how soon after a restart.

The receiver is a process of its own (this file, run as a program): a bare protocol that answers
each POST with 204 and notes how long ago the event was given to the log. The roofline is the same
client library in a bare loop: as many tasks as lanes, each posting bodies that are ready, without
log, filter, signature or cursor.
"""

import asyncio
import os
import re
import secrets
import statistics
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import aiohttp
import uvloop
from msgspec import structs

from benchmarks.report import Table, spread
from platewire.delivery import Delivery
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Entry, Event, Site
from platewire.outputs.http.http import HttpSettings
from platewire.outputs.output import OutputContext
from platewire.runtime.clock import SystemClock
from platewire.runtime.identity import Identities
from platewire.runtime.status import Board
from platewire.testing.sample_events import passage_events

ROUNDS = 3
EVENTS = 12_000
LANES = 8
RATE = 1000
RATE_SECONDS = 5.0
LONG_LOG = 1_000_000
SECRET = "PLATEWIRE_BENCH_SECRET"
STAMP = re.compile(rb'"raw":"(\d+)"')
SITE = Site(name="bench", system_id=1, latitude=0, longitude=0, channels={}, zones={})


def run() -> Table:
    table = Table("Delivery: HTTP with kept connections, signed", ("what", "result"))
    bare, ours, latency = [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder, _runner() as runner:
            rates = runner.run(_throughput(Path(folder)))
        bare.append(rates[0])
        ours.append(rates[1])
        with tempfile.TemporaryDirectory() as folder, _runner() as runner:
            latency.append(runner.run(_latency(Path(folder))))
    with tempfile.TemporaryDirectory() as folder:
        with _runner() as runner:
            runner.run(_fill(Path(folder), LONG_LOG))
        with _runner() as runner:
            restart = runner.run(_restart(Path(folder)))
    ratios = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]
    table.rows = [
        ("bare aiohttp loop, posts a second", spread(bare, 0)),
        ("platewire, deliveries a second", spread(ours, 0)),
        ("platewire to bare", spread(ratios)),
        (f"append to receiver at {RATE}/s, p50 ms", spread([each[0] for each in latency])),
        (f"append to receiver at {RATE}/s, p99 ms", spread([each[1] for each in latency])),
        (f"restart with {LONG_LOG:,} events: log open after, s", f"{restart[0]:.2f}"),
        (f"restart with {LONG_LOG:,} events: first delivery after, s", f"{restart[1]:.2f}"),
    ]
    table.notes = [
        f"{EVENTS} events of about 1 kB from the log to one receiver on the same machine, {LANES} "
        f"lanes, Standard Webhooks signature; {ROUNDS} rounds, variants alternating. Latency at "
        f"{RATE}/s is measured from the call of `append`, so it includes the fsync. Targets: 2,500 "
        "deliveries a second, p99 50 ms, first delivery 3 s after the start."
    ]
    return table


def _runner() -> asyncio.Runner:
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


def _events(count: int) -> list[Event]:
    """Each of a passage of its own, three of them."""
    identities = Identities(SystemClock())
    events: list[Event] = []
    while len(events) < count:
        passage, number = identities.passage()
        events += [
            structs.replace(each, id=identities.event(), passage=passage, passage_number=number)
            for each in passage_events(1)
        ]
    return events[:count]


def _settings(url: str, start: Literal["now", "beginning"] = "now") -> HttpSettings:
    os.environ.setdefault(SECRET, f"whsec_{b64encode(secrets.token_bytes(24)).decode()}")
    return HttpSettings(
        name="bench", url=url, lanes=LANES, signing_secrets=(f"env:{SECRET}",), start=start
    )


@asynccontextmanager
async def _delivering(log: SqliteLog, settings: HttpSettings) -> AsyncIterator[None]:
    clock = SystemClock()
    board = Board(clock)
    output = settings.build(OutputContext(clock, log, SITE, board))
    delivery = Delivery(settings, output, log, clock=clock, board=board)
    task = asyncio.create_task(delivery.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _open(folder: Path) -> SqliteLog:
    clock = SystemClock()
    return await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))


async def _throughput(folder: Path) -> tuple[float, float]:
    await _fill(folder, EVENTS)
    log = await _open(folder)
    try:
        async with _receiver(EVENTS) as (url, _):
            entries = await log.read(0, EVENTS)
            started = time.perf_counter()
            await _bare(url, entries)
            bare = EVENTS / (time.perf_counter() - started)
        async with _receiver(EVENTS) as (url, done):
            started = time.perf_counter()
            async with _delivering(log, _settings(url, start="beginning")):
                await done.stdout.readline()  # type: ignore[union-attr]
                ours = EVENTS / (time.perf_counter() - started)
    finally:
        await log.close()
    return bare, ours


async def _bare(url: str, entries: Sequence[Entry]) -> None:
    left = iter(entries)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def post() -> None:
            for entry in left:
                async with session.post(url, data=entry.body) as answer:
                    await answer.read()

        await asyncio.gather(*(post() for _ in range(LANES)))


async def _latency(folder: Path) -> tuple[float, float]:
    count = int(RATE * RATE_SECONDS)
    log = await _open(folder)
    try:
        async with (
            _receiver(count) as (url, done),
            _delivering(log, _settings(url)),
            asyncio.TaskGroup() as group,
        ):
            while await log.deliveries.cursor("bench") is None:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
            started = time.monotonic()
            for number, event in enumerate(_events(count)):
                await asyncio.sleep(max(0.0, started + number / RATE - time.monotonic()))
                plate = structs.replace(event.plate, raw=str(time.monotonic_ns()))
                stamped = structs.replace(event, plate=plate)
                group.create_task(_append(log, stamped))
            line = await done.stdout.readline()  # type: ignore[union-attr]
    finally:
        await log.close()
    p50, p99 = map(float, line.split())
    return p50, p99


async def _append(log: SqliteLog, event: Event) -> None:
    await log.append("gate", [event])


async def _fill(folder: Path, count: int) -> None:
    log = await _open(folder)
    for start in range(0, count, 3000):
        await log.append("gate", _events(min(3000, count - start)))
    await log.deliveries.set_cursor("bench", 0)
    await log.close()


async def _restart(folder: Path) -> tuple[float, float]:
    async with _receiver(1) as (url, done):
        started = time.perf_counter()
        log = await _open(folder)
        opened = time.perf_counter() - started
        try:
            async with _delivering(log, _settings(url, start="beginning")):
                await done.stdout.readline()  # type: ignore[union-attr]
                return opened, time.perf_counter() - started
        finally:
            await log.close()


# --- the receiver ------------------------------------------------------------------------------


@asynccontextmanager
async def _receiver(count: int) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Says one line when `count` events have come: p50 and p99 of their milliseconds."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.bench_delivery", str(count)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        yield f"http://127.0.0.1:{port}/", process
    finally:
        process.kill()
        await process.wait()


class Sink(asyncio.Protocol):
    delays: list[float] = []  # noqa: RUF012 - one for the process
    count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._held = b""

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end].lower()
            begin = head.find(b"content-length:")
            length = int(head[begin + 15 :].split(b"\r\n")[0])
            if len(self._held) < end + 4 + length:
                return
            body = self._held[end + 4 : end + 4 + length]
            self._held = self._held[end + 4 + length :]
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            self._note(body)

    def _note(self, body: bytes) -> None:
        found = STAMP.search(body)
        given = int(found.group(1)) if found else time.monotonic_ns()
        Sink.delays.append((time.monotonic_ns() - given) / 1e6)
        if len(Sink.delays) == Sink.count:
            cuts = statistics.quantiles(Sink.delays * 2, n=100)
            print(cuts[49], cuts[98], flush=True)


async def _sink(count: int) -> None:
    Sink.count = count
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_sink(int(sys.argv[1])))
