"""Housekeeping by command: what it prints and how it ends. What it does is tested in its room."""

import asyncio
import json
from pathlib import Path

import pytest

from platewire.cli.main import main
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.lists.decisions.book import Book
from platewire.model import Decision
from platewire.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events, picture

LIST = '[[list]]\nname = "{name}"\nkind = "allow"\n'


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


@pytest.fixture
def listed(config: Path) -> Path:
    """The plate on two lists, one of which is used no more, and in the book of a relay."""
    names = ("staff", "former")
    config.write_text(config.read_text() + "".join(LIST.format(name=name) for name in names))
    for name in names:
        assert main(["lists", "add", name, "BU 9042", "--config", str(config)]) == 0
        assert main(["lists", "add", name, "ZZ 1", "--config", str(config)]) == 0
    config.write_text(config.read_text().replace(LIST.format(name="former"), ""))
    event = passage_events(1)[0]
    book = Book(config.parent / "data" / "decisions.db", FakeClock().now())
    book.write(
        Decision(
            transfer="barrier",
            at=event.occurred_at,
            seq=1,
            camera="gate",
            passage=event.passage,
            plate=event.plate.text,
            opened=True,
            reason="opened",
            detail="BU 9042 of BU9042 is on staff",
        )
    )
    book.close()
    return config


def held(config: Path, plate: bytes) -> list[str]:
    files = [path for path in (config.parent / "data").rglob("*") if path.is_file()]
    return [path.name for path in files if plate in path.read_bytes()]


def test_a_plate_on_a_list_is_taken_off_by_who_keeps_the_list(
    listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(listed, "erase", "BU9042") == 2
    told = capsys.readouterr().err
    assert "platewire lists remove staff BU9042" in told
    assert "former" not in told
    assert held(listed, b"BU9042")
    assert main(["lists", "remove", "staff", "bu-9042", "--config", str(listed)]) == 0
    assert run(listed, "erase", "BU9042") == 0
    assert "it is nowhere" in capsys.readouterr().out
    assert held(listed, b"BU9042") == held(listed, b"BU 9042") == []
    assert main(["lists", "show", "staff", "--config", str(listed)]) == 0
    assert capsys.readouterr().out.startswith("ZZ 1")


def test_lists_and_decisions_are_copied_counted_and_looked_through(
    listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = listed.with_name("copy")
    assert run(listed, "backup", str(copy)) == 0
    assert main(["lists", "remove", "staff", "BU9042", "--config", str(listed)]) == 0
    assert run(listed, "restore", str(copy), "--overwrite") == 0
    assert main(["lists", "check", "BU9042", "--config", str(listed)]) == 0
    capsys.readouterr()
    assert run(listed, "size", "--json") == 0
    parts = {each["kind"]: each for each in json.loads(capsys.readouterr().out)["parts"]}
    assert (parts["lists"]["count"], parts["decisions"]["count"]) == (4, 1)
    assert run(listed, "verify") == 0
    for name, told in (("lists.db", b"lists.db"), ("decisions.db", b"decisions.db")):
        path = listed.parent / "data" / name
        path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 4096)
        assert run(listed, "verify") == 1
        assert told.decode() in capsys.readouterr().out


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
