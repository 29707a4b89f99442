"""The same work by a Node-RED flow: HTTP in, SQLite in WAL mode, TCP out and HTTP out.

Node-RED comes from npm: `npm install node-red@4 node-red-node-sqlite` in a folder that
PLATEWIRE_NODE_RED names. Both get the same events as fast as they take them, Node-RED over eight
kept connections, platewire through its log, as cameras give them; all is over once the HTTP
receiver and the TCP client have the last event. Runs only when it is named.
"""

import asyncio
import json
import os
import socket
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from benchmarks import bench_delivery as http
from benchmarks.report import Table, resident_kib, spread
from platewire.delivery import Delivery
from platewire.outputs.output import OutputContext
from platewire.outputs.tcp.json_lines import JsonLinesSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.wire import native

ROUNDS = 3
EVENTS = 3000
START_SECONDS = 60
MISSING_SECONDS = 120


class Outcome(NamedTuple):
    rate: float
    """Events a second, until both receivers had the last."""
    memory_mb: float
    """Resident, of the process that did the work, when it was over."""


def run() -> Table:
    program = _program()
    theirs, ours = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder, http._runner() as runner:
            theirs.append(runner.run(_node_red(program, Path(folder))))
        with tempfile.TemporaryDirectory() as folder, http._runner() as runner:
            ours.append(runner.run(_platewire(Path(folder))))
    ratios = [mine.rate / other.rate for mine, other in zip(ours, theirs, strict=True)]
    table = Table("A Node-RED flow that does the same", ("what", "events a second", "memory, MB"))
    table.rows = [_row("Node-RED", theirs), _row("platewire", ours)]
    table.rows.append(("platewire to Node-RED", spread(ratios), ""))
    table.notes = [
        f"{EVENTS:,} events of about 1 kB to one HTTP receiver and one TCP client; {ROUNDS} "
        "rounds, variants alternating. Node-RED: HTTP in, SQLite (WAL, one commit per event), "
        "HTTP out with keep-alive, TCP out; a failed push is lost. platewire: the log, HTTP "
        "with 8 lanes, signed, and JSON lines; events enter through the log, so its time "
        "includes no HTTP in. Its memory is that of the benchmark process. Target: five times, "
        "preferably ten times."
    ]
    return table


def _row(name: str, outcomes: Sequence[Outcome]) -> tuple[str, str, str]:
    rates = spread([each.rate for each in outcomes], 0)
    return (name, rates, spread([each.memory_mb for each in outcomes], 0))


def _program() -> Path:
    folder = Path(os.environ.get("PLATEWIRE_NODE_RED", "node-red"))
    found = folder / "node_modules" / ".bin" / "node-red"
    if not found.exists():
        raise SystemExit(
            f"there is no Node-RED in {folder}: run `npm install node-red@4 node-red-node-sqlite` "
            "in a folder and name it in PLATEWIRE_NODE_RED"
        )
    return found.absolute()


def _memory_mb(pid: int | str) -> float:
    return resident_kib("VmRSS", pid) / 1000


# --- ours --------------------------------------------------------------------------------------


async def _platewire(folder: Path) -> Outcome:
    log = await http._open(folder)
    try:
        async with AsyncExitStack() as stack:
            url, pushed = await stack.enter_async_context(http._receiver(EVENTS))
            await stack.enter_async_context(http._delivering(log, http._settings(url)))
            settings = JsonLinesSettings(name="lines", listen="127.0.0.1:0")
            clock = SystemClock()
            board = Board(clock)
            lines = settings.build(OutputContext(clock, log, http.SITE, board))
            await lines.connect()
            delivery = Delivery(settings, lines, log, clock=clock, board=board)
            running = asyncio.create_task(delivery.run())
            reader, writer = await asyncio.open_connection("127.0.0.1", lines.address[1])
            writer.write(b'{"resume": "now"}\n')
            await reader.readline()
            while await log.deliveries.cursor("bench") is None:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
            started = time.perf_counter()
            async with asyncio.timeout(MISSING_SECONDS), asyncio.TaskGroup() as group:
                for event in http._events(EVENTS):
                    group.create_task(http._append(log, event))
                group.create_task(_lines(reader))
                group.create_task(_line(pushed))
            seconds = time.perf_counter() - started
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            writer.close()
            return Outcome(EVENTS / seconds, _memory_mb("self"))
    finally:
        await log.close()


async def _lines(reader: asyncio.StreamReader) -> None:
    for _ in range(EVENTS):
        assert await reader.readline()


async def _line(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    assert await process.stdout.readline()


# --- Node-RED ----------------------------------------------------------------------------------


async def _node_red(program: Path, folder: Path) -> Outcome:
    with closing(sqlite3.connect(folder / "events.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, body TEXT)")
    async with http._receiver(EVENTS) as (url, pushed):
        web, tcp = _free_ports()
        (folder / "flows.json").write_text(json.dumps(_flow(folder / "events.db", url, tcp)))
        async with _started(program, folder, web) as process:
            reader, writer = await asyncio.open_connection("127.0.0.1", tcp)
            bodies = iter([native.encode(event) for event in http._events(EVENTS)])
            started = time.perf_counter()
            async with asyncio.timeout(MISSING_SECONDS), asyncio.TaskGroup() as group:
                group.create_task(_lines(reader))
                group.create_task(_line(pushed))
                await _posted(f"http://127.0.0.1:{web}/event", bodies)
            seconds = time.perf_counter() - started
            memory = _memory_mb(process.pid)
            writer.close()
    with closing(sqlite3.connect(folder / "events.db")) as database:
        assert database.execute("SELECT count(*) FROM event").fetchone() == (EVENTS,)
    return Outcome(EVENTS / seconds, memory)


async def _posted(url: str, bodies: Iterator[bytes]) -> None:
    head = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=head) as session:

        async def post() -> None:
            for body in bodies:
                async with session.post(url, data=body) as answer:
                    assert answer.status == 200, await answer.text()

        await asyncio.gather(*(post() for _ in range(http.LANES)))


@asynccontextmanager
async def _started(
    program: Path, folder: Path, port: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = folder / "settings.js"
    settings.write_text(
        f"module.exports = {{flowFile: 'flows.json', uiHost: '127.0.0.1', uiPort: {port}, "
        f"disableEditor: true, nodesDir: {json.dumps(str(program.parents[1]))}, "
        "logging: {console: {level: 'error'}}}"
    )
    process = await asyncio.create_subprocess_exec(
        *(str(program), "--userDir", str(folder), "--settings", str(settings)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
            ready = f"http://127.0.0.1:{port}/ready"
            while not await _answers(session, ready):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.1)
        yield process
    finally:
        process.kill()
        await process.wait()


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def _free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        return one.getsockname()[1], two.getsockname()[1]


def _flow(database: Path, url: str, tcp: int) -> list[dict[str, Any]]:
    """As one drags it together in its editor."""
    keep = "msg.event = JSON.stringify(msg.payload); msg.params = {$body: msg.event}; return msg;"
    line = "return {payload: msg.event + '\\n'};"
    push = "return {payload: msg.event, headers: {'content-type': 'application/json'}};"
    nodes: list[dict[str, Any]] = [
        {"id": "db", "type": "sqlitedb", "db": str(database), "mode": "RWC"},
        _node("in", "http in", ["keep"], url="/event", method="post"),
        _node("keep", "function", ["insert"], func=keep, outputs=1),
        _node(
            "insert",
            "sqlite",
            ["answer", "line", "push"],
            mydb="db",
            sqlquery="prepared",
            sql="INSERT INTO event (body) VALUES ($body)",
        ),
        _node("answer", "http response", [], statusCode="200"),
        _node("line", "function", ["tcp"], func=line, outputs=1),
        _node("tcp", "tcp out", [], host="", port=str(tcp), beserver="server", base64=False),
        _node("push", "function", ["post"], func=push, outputs=1),
        _node("post", "http request", [], method="POST", ret="txt", url=url, persist=True),
        _node("ready", "http in", ["yes"], url="/ready", method="get"),
        _node("yes", "http response", [], statusCode="200"),
    ]
    return [{"id": "tab", "type": "tab", "label": "plates"}, *nodes]


def _node(name: str, kind: str, wires: Sequence[str], **more: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "z": "tab", "wires": [list(wires)], **more}
