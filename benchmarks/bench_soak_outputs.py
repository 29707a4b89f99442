"""Half an hour of 200 events a second to all ways out at once, some of which fail all the time.

`serve` as a process of its own; its events come from twenty cameras that never rest. Ten HTTP
receivers, one of which answers 500, one never and one refuses connections; fifty clients of JSON
lines, five of which never read; MQTT through Mosquitto; PostgreSQL. Runs only when it is named
(`run.py bench soak_outputs`); PLATEWIRE_SOAK_MINUTES shortens it.
"""

import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.report import Table
from tests.acceptance.ports import free_port
from tests.acceptance.running import Running
from tests.database.postgresql.postgresql_server import PASSWORD, PostgresqlServer, serving
from tests.faults.third_parties import Posts
from tests.outputs.mqtt.mosquitto import broker

MINUTES = float(os.environ.get("PLATEWIRE_SOAK_MINUTES", "30"))
RATE = 200
SAMPLE_SECONDS = 5.0
WARM_UP_SHARE = 0.1
HEALTHY = 7
CLIENTS, DEAF = 50, 5
MIB = 1 << 20
RECORDED = re.compile(rb'"recorded_at":"([^"]+)"')
LOADED = (sys.executable, "-W", "error", "-m", "tests.faults.loaded_server")
HEAD = """
[web]
listen = "127.0.0.1:0"
[log]
folder = "{folder}/log"
[[output]]
name = "lines"
type = "json_lines"
listen = "127.0.0.1:{lines}"
[[output]]
name = "mqtt"
type = "mqtt"
host = "127.0.0.1"
port = {mqtt}
[[output]]
name = "database"
type = "postgresql"
url = "{postgresql}"
password = "env:OWNER_PASSWORD"
"""
WEBHOOK = """
[[output]]
name = "{name}"
type = "http"
url = "http://127.0.0.1:{port}/"
"""


def run() -> Table:
    with tempfile.TemporaryDirectory() as folder, contextmanager(_serving)() as postgresql:
        return asyncio.run(_soak(Path(folder), postgresql))


def _serving() -> Iterator[PostgresqlServer]:
    yield from serving()


@dataclass
class Arrivals:
    """What one third party got: how many, and the longest way from the log in seconds."""

    count: int = 0
    longest: float = 0.0

    def take(self, data: bytes) -> None:
        self.count += 1
        if found := RECORDED.search(data):
            recorded = datetime.fromisoformat(found[1].decode())
            self.longest = max(self.longest, (datetime.now(UTC) - recorded).total_seconds())


@dataclass
class Samples:
    memory: list[float] = field(default_factory=list)
    """MiB, resident."""
    files: list[int] = field(default_factory=list)
    journal: list[float] = field(default_factory=list)
    """MiB of the write-ahead log."""
    lags: dict[str, list[float]] = field(default_factory=dict)
    """Seconds, as the server says, for each output."""


# --- the third parties -------------------------------------------------------------------------


class Lines(asyncio.Protocol):
    """A client that reads; the first of them looks at each event."""

    def __init__(self, arrivals: Arrivals, looks: bool) -> None:
        self._arrivals = arrivals
        self._looks = looks
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(b'{"resume": "now"}\n')  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if not self._looks:
            self._arrivals.count += data.count(b"\n")
            return
        *whole, self._held = (self._held + data).split(b"\n")
        for line in whole:
            if b'"hello"' not in line:
                self._arrivals.take(line)


class Silent(asyncio.Protocol):
    """Takes a request, or a connection, and never answers or reads."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(b'{"resume": "now"}\n')  # type: ignore[attr-defined]
        transport.pause_reading()  # type: ignore[attr-defined]


class Never(asyncio.Protocol):
    """An HTTP receiver that hears all and answers nothing."""


class Refuses(Posts):
    """Answers each request with 500."""

    def data_received(self, data: bytes) -> None:
        if b"\r\n\r\n" in data or b"}" in data:
            self._transport.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")


@asynccontextmanager
async def _listening(protocol: Callable[[], asyncio.Protocol]) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


# --- the run -----------------------------------------------------------------------------------


async def _soak(folder: Path, postgresql: PostgresqlServer) -> Table:
    database = await postgresql.new_database()
    webhooks = {f"webhook-{number}": Arrivals() for number in range(1, HEALTHY + 1)}
    lines_port = free_port()
    async with AsyncExitStack() as stack:
        mqtt = await stack.enter_async_context(broker(folder))
        ports = {
            name: await stack.enter_async_context(_listening(lambda each=each: Posts(each.take)))  # type: ignore[misc]
            for name, each in webhooks.items()
        }
        ports["answers-500"] = await stack.enter_async_context(
            _listening(lambda: Refuses(lambda _: None))
        )
        ports["answers-never"] = await stack.enter_async_context(_listening(Never))
        ports["refuses"] = free_port()
        url = postgresql.url(database)
        config = folder / "platewire.toml"
        text = HEAD.format(folder=folder, lines=lines_port, mqtt=mqtt.port, postgresql=url)
        config.write_text(
            text + "".join(WEBHOOK.format(name=name, port=port) for name, port in ports.items())
        )
        server = await asyncio.to_thread(
            Running,
            config,
            LOADED,
            LOADED_RATE=str(RATE),
            LOADED_NOTES=str(folder / "notes"),
            OWNER_PASSWORD=PASSWORD,
        )
        try:
            lines = await _clients(lines_port)
            samples = await _watched(server, folder)
            status = await asyncio.to_thread(server.get, "/api/v1/status")
        finally:
            server.kill()
        return _report(samples, webhooks, lines, status)


async def _clients(port: int) -> list[Arrivals]:
    loop = asyncio.get_running_loop()
    readers = [Arrivals() for _ in range(CLIENTS - DEAF)]
    for number, each in enumerate(readers):
        await loop.create_connection(
            lambda each=each, number=number: Lines(each, number == 0),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    for _ in range(DEAF):
        await loop.create_connection(Silent, "127.0.0.1", port)
    return readers


async def _watched(server: Running, folder: Path) -> Samples:
    samples = Samples()
    end = time.monotonic() + MINUTES * 60
    journal = folder / "log" / "platewire.db-wal"
    while time.monotonic() < end:
        samples.memory.append(server.memory_bytes / MIB)
        samples.files.append(len(list(Path(f"/proc/{server.pid}/fd").iterdir())))
        samples.journal.append(journal.stat().st_size / MIB if journal.exists() else 0.0)
        status = await asyncio.to_thread(server.get, "/api/v1/status")
        for each in status["outputs"]:
            lag = each["counters"].get("lag_seconds", 0.0)
            samples.lags.setdefault(each["name"], []).append(lag)
        await asyncio.sleep(SAMPLE_SECONDS)
    return samples


# --- the report --------------------------------------------------------------------------------


def _steady(values: list[float]) -> list[float]:
    return values[int(len(values) * WARM_UP_SHARE) :]


def _thirds(values: list[float]) -> tuple[float, float]:
    steady = _steady(values)
    third = max(1, len(steady) // 3)
    return statistics.mean(steady[:third]), statistics.mean(steady[-third:])


def _report(
    samples: Samples, webhooks: dict[str, Arrivals], lines: list[Arrivals], status: dict[str, Any]
) -> Table:
    first, last = _thirds(samples.memory)
    longest = {name: max(_steady(lags)) for name, lags in samples.lags.items()}
    delivered = {each["name"]: each["counters"].get("delivered", 0) for each in status["outputs"]}
    looked = lines[0]
    table = Table(f"All outputs at once over {MINUTES:g} minutes", ("what", "result"))
    table.rows = [
        ("events logged", f"{status['log']['last_seq']:,}"),
        ("resident memory, largest", f"{max(samples.memory):.0f} MiB"),
        ("mean of the first third after warm-up", f"{first:.0f} MiB"),
        ("mean of the last third", f"{last:.0f} MiB ({100 * (last / first - 1):+.1f}%)"),
        ("open files, first and last", f"{samples.files[1]}, {samples.files[-1]}"),
        ("write-ahead log, largest", f"{max(samples.journal):.0f} MiB"),
        (
            f"{HEALTHY} healthy HTTP receivers: fewest events, longest way",
            f"{min(each.count for each in webhooks.values()):,}, "
            f"{max(each.longest for each in webhooks.values()):.2f} s",
        ),
        (
            f"{len(lines)} reading TCP clients: fewest events; longest way to one",
            f"{min(each.count for each in lines):,}; {looked.longest:.2f} s",
        ),
        *(
            (
                f"{name}: delivered, largest lag",
                f"{delivered[name]:,.0f}, {longest[name]:.2f} s",
            )
            for name in ("mqtt", "database")
        ),
        *(
            (
                f"{name}: delivered, waiting",
                f"{delivered[name]:,.0f}, {_waiting(status, name):,.0f}",
            )
            for name in ("answers-500", "answers-never", "refuses")
        ),
    ]
    table.notes = [
        f"{RATE} events of about 1 kB per second, without pictures. The longest way is the largest "
        "latency from the event log to the receiver, measured by the receiver; lag is the value "
        "that the server reports every 5 s, after the first tenth. Targets: memory within 5%, "
        "healthy receivers within 1 s."
    ]
    return table


def _waiting(status: dict[str, Any], name: str) -> float:
    (line,) = [each for each in status["outputs"] if each["name"] == name]
    return float(line["counters"].get("lag_events", 0))
