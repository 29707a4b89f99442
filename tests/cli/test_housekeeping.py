"""Housekeeping by command: what it prints and how it ends. What it does is tested in its room."""

import asyncio
import json
from pathlib import Path

import pytest

from platewire.cli.main import main
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events, picture


@pytest.fixture
def config(tmp_path: Path) -> Path:
    asyncio.run(write(tmp_path / "data"))
    path = tmp_path / "platewire.toml"
    path.write_text('[log]\nfolder = "data"\n')
    return path


async def write(folder: Path) -> None:
    clock = FakeClock()
    log = await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))
    for number in (1, 2):
        await log.append("gate", passage_events(number), [picture(mark=number)])
    await log.close()


def run(config: Path, *arguments: str) -> int:
    return main(["database", arguments[0], "--config", str(config), *arguments[1:]])


def test_backup_and_restore(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = config.with_name("copy.tar")
    assert run(config, "backup", str(copy)) == 0
    assert "events 1 to 6" in capsys.readouterr().out
    assert run(config, "restore", str(copy)) == 3
    assert "--overwrite" in capsys.readouterr().err
    assert run(config, "restore", str(copy), "--overwrite", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["backup"]["last_seq"] == 6
    assert Path(told["moved_aside"]).is_dir()


def test_verify(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "verify") == 0
    assert "6 events, 2 pictures: nothing is wrong" in capsys.readouterr().out
    database = config.parent / "data" / "platewire.db"
    content = database.read_bytes()
    database.write_bytes(content.replace(b'"text":"BU9042"', b'"text":"BU9043"'))
    assert run(config, "verify", "--json") == 1
    assert json.loads(capsys.readouterr().out)["faults"]


def test_erase(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "erase", "bu 9042") == 0
    told = capsys.readouterr().out
    assert "2 passages with 6 events now say ERASED" in told
    assert "it is nowhere" in told
    assert run(config, "erase", "--json", "?") == 2
    assert "is no plate" in capsys.readouterr().err


def test_pseudonymise(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "pseudonymise", "BU9042", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["name"].startswith("X")
    assert told["log"]["left"] == []


def test_size(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "size") == 0
    assert "free on the disk" in capsys.readouterr().out
    assert run(config, "size", "--disk", "1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["free_disk_bytes"] == 1


def test_retain(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text('[log]\nfolder = "data"\nretention_days = 1\n')
    assert run(config, "retain", "--dry-run") == 0
    assert "6 events would go, seq 1 to 6" in capsys.readouterr().out
    assert run(config, "retain", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["count"] == 6
    assert run(config, "retain", "--dry-run") == 0
    assert "0 events would go" in capsys.readouterr().out
