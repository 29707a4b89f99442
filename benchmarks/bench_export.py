"""Exports of a million passages: time from the first statement to the finished file.

The log is made by SQL as in bench_queries. The file is written to the same disk; memory is what the
process holds at most while it exports, in a process of its own for each format.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bench_queries import fill_sqlite, invented
from benchmarks.report import Table, resident_kib, spread
from platewire.database.queries import Database
from platewire.database.search.filters import SearchFilters
from platewire.exports.columns import PASSAGES as COLUMNS
from platewire.exports.formats import Format, open_rows
from platewire.exports.source import of_log

PASSAGES = 1_000_000
PLATES = 100_000
ROUNDS = 3
TARGETS = {Format.CSV: "60", Format.PARQUET: "60", Format.JSONL: "", Format.XLSX: ""}


def run() -> Table:
    table = Table(
        f"Exports: {PASSAGES:,} passages to a file",
        ("format", "seconds", "rows a second", "MB", "memory, MB", "target, seconds"),
    )
    folder = Path(tempfile.mkdtemp(dir=os.environ.get("PLATEWIRE_BENCH")))
    try:
        database = folder / "platewire.db"
        fill_sqlite(database, invented(PLATES), PASSAGES)
        for format_, target in TARGETS.items():
            rounds = ROUNDS if target else 1
            done = [one(database, format_) for _ in range(rounds)]
            seconds = [each[0] for each in done]
            table.rows.append(
                (
                    format_.value,
                    spread(seconds, 1),
                    f"{PASSAGES / min(seconds):,.0f}",
                    f"{done[0][1] / 1e6:.0f}",
                    f"{max(each[2] for each in done) / 1024:.0f}",
                    target,
                )
            )
    finally:
        shutil.rmtree(folder)
    table.notes = [
        f"{len(COLUMNS)} columns, from the log's SQLite file, newest first; median "
        "(smallest-largest) of three runs, one run for formats without a target; rows per second "
        "of the fastest run. Memory is the largest resident size of the whole process."
    ]
    return table


def one(database: Path, format_: Format) -> tuple[float, int, int]:
    """Seconds, bytes of the file and KiB of memory, of one export in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_export", str(database), format_.value],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, size, memory = done.stdout.split()
    return float(seconds), int(size), int(memory)


async def export(path: Path, format_: Format) -> None:
    database = Database.open_read_only(path)
    out = path.with_name(f"export.{format_}")
    with out.open("wb") as file:
        started = time.perf_counter()
        writing = open_rows(format_, file, COLUMNS)
        async for block in of_log(database).passages(SearchFilters()):
            writing.add(block)
        writing.close()
        seconds = time.perf_counter() - started
    await database.close()
    print(seconds, out.stat().st_size, resident_kib("VmHWM"))
    out.unlink()


if __name__ == "__main__":
    asyncio.run(export(Path(sys.argv[1]), Format(sys.argv[2])))
