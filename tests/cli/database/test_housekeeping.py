"""Housekeeping by command: what it prints and how it ends. What it does is tested in its room."""

import asyncio
import json
from pathlib import Path

import pytest

from platewire.access import Decision
from platewire.cli.main import main
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.lists.decisions.book import Book
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
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
    assert "6 events, 2 pictures: no errors found" in capsys.readouterr().out
    database = config.parent / "data" / "platewire.db"
    content = database.read_bytes()
    database.write_bytes(content.replace(b'"text":"BU9042"', b'"text":"BU9043"'))
    assert run(config, "verify", "--json") == 1
    assert json.loads(capsys.readouterr().out)["faults"]


def test_erase(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "erase", "bu 9042") == 0
    told = capsys.readouterr().out
    assert "replaced by ERASED in 2 passages with 6 events" in told
    assert ": not found" in told
    assert run(config, "erase", "--json", "?") == 2
    assert "is not a plate" in capsys.readouterr().err


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
            output="barrier",
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
    assert ": not found" in capsys.readouterr().out
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
    assert "bytes on the disk" in capsys.readouterr().out
    assert run(config, "size", "--disk", "1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["free_disk_bytes"] == 1


def test_retain(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text('[log]\nfolder = "data"\nretention_days = 1\n')
    assert run(config, "retain", "--dry-run") in (0, 1)
    capsys.readouterr()
    assert main(["retention", "confirm", "--config", str(config)]) == 0
    assert "clock confirmed: 20" in capsys.readouterr().out
    assert run(config, "retain", "--dry-run") == 0
    assert "6 events would be deleted, seq 1 to 6" in capsys.readouterr().out
    assert run(config, "retain", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["count"] == 6
    assert run(config, "retain", "--dry-run") == 0
    assert "0 events would be deleted" in capsys.readouterr().out


def test_retain_by_a_clock_that_is_not_believed(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log was last written in January, on another boot."""
    monkeypatch.setattr(SystemClock, "synchronized", lambda _: False)
    config.write_text('[log]\nfolder = "data"\nretention_days = 1\n')
    for arguments in (["--dry-run"], [], ["--dry-run"]):
        assert run(config, "retain", *arguments) == 1
        told = capsys.readouterr()
        assert told.out.startswith("0 events ")
        assert "platewire retention confirm" in told.err


def test_there_must_be_a_log_to_confirm_the_clock_for(tmp_path: Path) -> None:
    config = tmp_path / "platewire.toml"
    config.write_text('[log]\nfolder = "nowhere"\n')
    assert main(["retention", "confirm", "--config", str(config)]) == 2
    assert not (tmp_path / "nowhere").exists()
