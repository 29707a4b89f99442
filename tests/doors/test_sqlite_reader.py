"""`platewire database reader --sqlite`: read-only, while platewire writes, from other processes."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from platewire.cli.database.paste import sqlite_file
from platewire.cli.main import main
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events
from tests.doors.doors import DOORS, WANTED
from tests.support.counterparts import ODBC_SQLITE, need

CHILD = Path(__file__).with_name("odbc_child.py")
READERS = 3


@pytest.fixture
def odbc_driver() -> None:
    need(ODBC_SQLITE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With what a path may have: a space, a quote, a sign of a URL, a letter with marks."""
    folder = tmp_path / "gate's log; 100% ö #1?"
    folder.mkdir()
    return folder


async def open_log(folder: Path) -> SqliteLog:
    clock = FakeClock()
    return await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))


@pytest.fixture
def config(folder: Path, tmp_path: Path) -> Path:
    """Of a log that holds a passage."""

    async def fill() -> None:
        log = await open_log(folder)
        await log.append("gate", passage_events(1))
        await log.close()

    asyncio.run(fill())
    file = tmp_path / "platewire.toml"
    file.write_text(f'[log]\nfolder = "{folder.name}"\n')
    return file


def told(config: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["database", "reader", "--sqlite", "--json", "--config", str(config)]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.usefixtures("odbc_driver")
async def test_read_through_odbc_while_it_is_written(folder: Path) -> None:
    log = await open_log(folder)
    command = (sys.executable, str(CHILD), sqlite_file(log.path).odbc)
    children = [
        await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        for _ in range(READERS)
    ]
    for child in children:
        assert child.stdout
        assert await child.stdout.readline() == b"reading\n"
    for number in range(1, 51):
        await log.append("gate", passage_events(number))
    ends = await asyncio.gather(*(child.communicate(b"") for child in children))
    assert [complaints for _, complaints in ends] == [b""] * READERS
    assert all(int(said) > 0 for said, _ in ends)
    assert log.last_seq == 150
    await log.close()


@pytest.mark.usefixtures("odbc_driver")
def test_cannot_write(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pyodbc

    string = told(config, capsys)["odbc"]
    with (
        closing(pyodbc.connect(string, autocommit=True)) as connection,
        pytest.raises(pyodbc.Error, match="readonly"),
    ):
        connection.execute("DELETE FROM event")


def test_prints_what_to_paste(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["database", "reader", "--sqlite", "--config", str(config)]) == 0
    said = capsys.readouterr().out
    for program in ("Power BI", "Excel", "Grafana", "1C", "DuckDB", "Python", "DBeaver"):
        assert program in said
    assert "gate''s log; 100% ö #1?/platewire.db', 'anpr_passage')" in said


@pytest.mark.parametrize("door", [door for engine, door in DOORS if engine == "sqlite"])
def test_a_folder_of_any_name(door: str, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need(*WANTED["sqlite", door])
    assert main(["database", "reader", "--sqlite", "--config", str(config)]) == 0
    found = DOORS["sqlite", door](capsys.readouterr().out, "anpr_passage")
    assert len(found.rows) == 1


def refused(config: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    assert main(["database", "reader", *more, "--config", str(config)]) == 2
    return capsys.readouterr().err


def test_refusals(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "or use --sqlite" in refused(config, capsys)
    assert "works with PostgreSQL only" in refused(
        config, capsys, "--sqlite", "--files", str(tmp_path)
    )
    (tmp_path / "other.toml").write_text('[log]\nfolder = "elsewhere"\n')
    said = refused(tmp_path / "other.toml", capsys, "--sqlite")
    assert "elsewhere/platewire.db does not exist" in said
