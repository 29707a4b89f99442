"""How fast the log takes events while ten third parties read the same file.

Each reader is a process with the standard library's sqlite3: newest passages, what is new since,
counts by camera, over and over. `dashboards` ask every half second; `without pause` never rests.
On two cores ten such processes take processor time from the writer whatever they read, so the same
ten on a copy of the file are measured too: what is beyond that is the effect of sharing the file.
"""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bench_log import batches, events
from benchmarks.report import Table, spread
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Event
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board

READERS = 10
BEFORE = 6_000
"""Events in the file before anyone reads."""
EVENTS = 3_000
BATCH = 10
ROUNDS = 3
DASHBOARD_SECONDS = 0.5
WAYS = ("nobody", "10 dashboards", "10 without pause, a copy", "10 without pause, the file")


def read(path: str, pause: float) -> None:
    """A reader's process; it ends when it is killed. Any error is its exit code."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    print("reading", flush=True)
    seq = 0
    while True:
        database.execute("SELECT * FROM anpr_passage ORDER BY first_seq DESC LIMIT 50").fetchall()
        found = database.execute(
            "SELECT seq, plate, camera FROM anpr_event WHERE seq > ? ORDER BY seq LIMIT 1000",
            (seq,),
        ).fetchall()
        seq = found[-1][0] if found else seq
        database.execute("SELECT camera, count(*) FROM anpr_passage GROUP BY camera").fetchall()
        time.sleep(pause)


@contextmanager
def reading(path: Path, readers: int, pause: float) -> Iterator[None]:
    """Raises where a reader ended before it was told to."""
    command = [sys.executable, "-m", "benchmarks.bench_readers", str(path), str(pause)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(readers)]
    try:
        for child in children:
            assert child.stdout
            child.stdout.readline()
        yield
        if any(child.poll() is not None for child in children):
            raise RuntimeError("a reader ended with an error")
    finally:
        for child in children:
            child.kill()
            child.communicate()


def rate(items: Sequence[Event], way: str) -> float:
    folder = Path(tempfile.mkdtemp(prefix="platewire-bench-"))
    try:
        return asyncio.run(appended(folder, items, way))
    finally:
        shutil.rmtree(folder)


async def appended(folder: Path, items: Sequence[Event], way: str) -> float:
    clock = SystemClock()
    log = await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))
    for part in batches(items[:BEFORE], 500):
        await log.append("gate", part)
    path = log.path
    if way.endswith("a copy"):
        path = folder / "copy.db"
        await asyncio.to_thread(copied, log.path, path)
    pause = DASHBOARD_SECONDS if "dashboards" in way else 0.0
    with reading(path, 0 if way == "nobody" else READERS, pause):
        started = time.perf_counter()
        for part in batches(items[BEFORE:], BATCH):
            await log.append("gate", part)
        seconds = time.perf_counter() - started
    await log.close()
    return (len(items) - BEFORE) / seconds


def copied(source: Path, target: Path) -> None:
    """In a process of its own: two copies of SQLite in one take each other's locks away."""
    command = [sys.executable, "-c", COPY, str(source), str(target)]
    subprocess.run(command, check=True, capture_output=True)


COPY = """
import sqlite3, sys
source, target = (sqlite3.connect(path) for path in sys.argv[1:])
source.backup(target)
target.execute("PRAGMA journal_mode = WAL")
"""


def run() -> Table:
    items = events(BEFORE + EVENTS)
    rounds = [[rate(items, way) for way in WAYS] for _ in range(ROUNDS)]
    table = Table(
        title="Readers: events per second that the log takes meanwhile",
        columns=("who reads", "events/s", "to nobody", "to ten on a copy"),
    )
    for at, way in enumerate(WAYS):
        table.rows.append(
            [
                way,
                spread([one[at] for one in rounds], 0),
                spread([one[at] / one[0] for one in rounds]),
                spread([one[at] / one[2] for one in rounds]) if at == 3 else "",
            ]
        )
    table.notes.append(
        f"{EVENTS} events in batches of {BATCH}, each with fsync, into a file of {BEFORE}; median "
        f"(smallest-largest) of {ROUNDS} rounds, variants alternating. Each reader is a process "
        f"with the standard library's sqlite3; dashboards pause for {DASHBOARD_SECONDS} s after "
        "three queries. No reader got an error and no append failed. Target: less than 20% below "
        "the throughput without readers. Ten readers without pauses take CPU time from the "
        "writer, whatever they read; the last column shows the additional cost of sharing the "
        "file."
    )
    return table


if __name__ == "__main__":
    read(sys.argv[1], float(sys.argv[2]))
