"""The examples that read the database while the real log writes it."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.sample_events import passage_events

if TYPE_CHECKING:
    from tests.examples.conftest import Run


@pytest.fixture
def settings(tmp_path: Path) -> LogSettings:
    return LogSettings(folder=tmp_path / "data")


@pytest.fixture
async def log(settings: LogSettings) -> AsyncIterator[SqliteLog]:
    opened = await open_log(settings)
    yield opened
    await opened.close()


async def open_log(settings: LogSettings) -> SqliteLog:
    clock = SystemClock()
    return await SqliteLog.open(settings, clock, Board(clock))


async def test_reader_waits_for_the_database_and_follows_it(
    run: "Run", settings: LogSettings, tmp_path: Path
) -> None:
    file = tmp_path / "read.jsonl"
    reader = await run("database_reader.py", settings.database, "--every", 0.05, "--json", file)
    log = await open_log(settings)
    events = []
    for number, text in enumerate(("BU9042", "AW7711"), start=1):
        entries = await log.append("gate", passage_events(number, text=text))
        events += [entry.event for entry in entries]
        lines = await reader.lines(3)
        assert [line.split()[:2] for line in lines] == [
            ["new", text],
            ["updated", text],
            ["lost", text],
        ]
    await log.close()
    assert await reader.interrupt() == (0, "")
    for event, line in zip(events, file.read_text().splitlines(), strict=True):
        record = json.loads(line)
        assert record["id"] == str(event.id)
        assert (record["seq"], record["kind"]) == (event.seq, event.kind)
        assert (record["passage"], record["revision"]) == (str(event.passage), event.revision)


async def test_reader_shows_the_newest_passages(
    run: "Run", settings: LogSettings, log: SqliteLog
) -> None:
    for number, text in enumerate(("BU9042", "AW7711", "CX1234"), start=1):
        await log.append("gate", passage_events(number, text=text)[: 4 - number])
    reader = await run("database_reader.py", settings.database, "--passages", 2)
    code, printed = await reader.ended()
    rows = [line.split() for line in printed.splitlines()]
    assert code == 0
    assert [(row[1], row[2], row[-1]) for row in rows] == [
        ("CX", "1234", "open"),
        ("AW", "7711", "open"),
    ]


async def test_report_counts_passages_per_hour(
    run: "Run", settings: LogSettings, log: SqliteLog
) -> None:
    for number, text in enumerate(("BU9042", "AW7711", "BU9042"), start=1):
        await log.append("gate", passage_events(number, text=text))
    table, comma_separated = await asyncio.gather(
        *(report(run, settings, *more) for more in ((), ("--csv",)))
    )
    ((hour, *row),) = list(csv.reader(io.StringIO(comma_separated)))[1:]
    assert hour == "2026-01-02 03:00"
    assert row[:4] == ["DE", "in", "3", "2"]
    assert "2026-01-02 03:00" in table


async def report(run: "Run", settings: LogSettings, *more: str) -> str:
    code, printed = await (await run("bi_query.py", settings.database, *more)).ended()
    assert code == 0
    return printed


async def test_report_says_what_is_wrong(run: "Run", tmp_path: Path) -> None:
    assert (await (await run("bi_query.py", tmp_path / "none.db")).ended())[0] == 1
