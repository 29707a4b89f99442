"""No live database is opened but by SQLite itself, by nothing that runs in a process of platewire.

Who closes a file loses the locks that the process has on it, those of SQLite too: the next program
that opens and closes the database then deletes the journal under the server.
"""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.ports import free_port
from tests.acceptance.running import ROOT, Running

AUDITED = (sys.executable, "-W", "error", "-m", "tests.faults.audited")
CONFIG = """
[web]
listen = "127.0.0.1:{port}"
[log]
folder = "{folder}/log"
retention_bytes = 2_000_000
[[list]]
name = "staff"
kind = "allow"
[[output]]
name = "barrier"
type = "relay"
fresh_seconds = 60
relay = {{ type = "http", url = "http://127.0.0.1:9/on" }}
"""
PAGES = (
    *("", "healthz", "metrics", "odata/Passages", "odata/Events?$top=3"),
    *(f"api/v1/{each}" for each in ("status", "events", "passages", "cameras", "seen?plate=BU")),
    *(f"api/v1/exports/passages?format={each}" for each in ("csv", "jsonl", "xlsx", "parquet")),
    *("api/v1/exports/events?format=csv", "api/v1/lists", "api/v1/lists/staff/entries"),
    *("api/v1/lists/check/BU9042", "api/v1/outputs/barrier/decisions"),
)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUDITED_FOLDER", str(tmp_path / "log"))
    monkeypatch.setenv("AUDITED_NOTES", str(tmp_path / "opened"))
    monkeypatch.setenv("LOADED_NOTES", str(tmp_path / "acknowledged"))
    monkeypatch.setenv("LOADED_RATE", "200")
    (tmp_path / "opened").touch()
    return tmp_path / "opened"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "platewire.toml"
    path.write_text(CONFIG.format(folder=tmp_path, port=free_port()), "utf-8")
    (tmp_path / "staff.csv").write_text("plate,holder\nBU 9042,A. Sample\n", "utf-8")
    return path


@pytest.fixture
def server(config: Path, notes: Path) -> Iterator[Running]:
    running = Running(config, AUDITED)
    yield running
    running.kill()


def commands(folder: Path) -> list[list[str]]:
    return [
        ["database", "verify"],
        ["database", "backup", str(folder / "copy.tar")],
        ["database", "size"],
        ["lists", "import", "staff", str(folder / "staff.csv"), "--apply"],
        ["lists", "add", "staff", "KRA 48PT"],
        ["lists", "show", "staff"],
        ["lists", "check", "BU9042"],
        ["events", "list"],
        ["search", "BU*"],
        ["export", "passages", str(folder / "passages.xlsx")],
        ["decisions", "barrier"],
        ["outputs", "list"],
        ["check"],
    ]


def run(config: Path, *command: str) -> None:
    done = audited(config, *command)
    # 1 is an answer: the relay of `check` is not there.
    assert done.returncode in (0, 1), done.stderr.decode()


def audited(config: Path, *command: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [*AUDITED, *command, "--config", str(config)], cwd=ROOT, capture_output=True, check=False
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_live_databases_are_opened_by_sqlite_alone(
    tmp_path: Path, config: Path, notes: Path, server: Running
) -> None:
    server.wait_for(lambda status: status["log"]["last_seq"] > 100)
    for page in PAGES:
        with urllib.request.urlopen(server.addresses["page"] + page) as answer:
            answer.read()
    for command in commands(tmp_path):
        run(config, *command)
    server.kill()
    assert (tmp_path / "log" / "platewire.db-wal").stat().st_size, "the next start looks at it"
    again = Running(config, AUDITED)
    try:
        again.wait_for(lambda status: status["log"]["first_seq"] > 1)  # retention was at work
        assert again.stop() == 0
    finally:
        again.kill()
    run(config, "database", "restore", str(tmp_path / "copy.tar"), "--overwrite")
    assert notes.read_text("utf-8") == ""


def misled(log: Path) -> list[list[str]]:
    """Commands that were told to read or to write a live file."""
    return [
        ["lists", "import", "staff", str(log / "lists.db"), "--apply"],
        [
            "lists",
            "import",
            "staff",
            str(log.parent / "staff.csv"),
            "--rejected",
            f"{log}/lists.db",
        ],
        ["lists", "export", "staff", str(log / "decisions.db-wal")],
        ["export", "passages", str(log / "platewire.db"), "--format", "csv", "--force"],
    ]


def test_no_command_reads_or_writes_a_live_file_by_its_name(
    tmp_path: Path, config: Path, notes: Path
) -> None:
    run(config, "lists", "add", "staff", "KRA 48PT")
    for command in misled(tmp_path / "log"):
        done = audited(config, *command)
        assert done.returncode == 2
        assert "is a database in use by the server" in done.stderr.decode()
    assert notes.read_text("utf-8") == ""
    run(config, "lists", "show", "staff")


@pytest.mark.slow
def test_whoever_opens_one_is_heard(
    tmp_path: Path, config: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDITED_PLANTED", "1")
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "platewire.db").touch()
    run(config, "lists", "show")
    said = [line.split(" by ")[0] for line in notes.read_text("utf-8").splitlines()]
    folder = os.path.realpath(tmp_path / "log")
    assert said == [
        f"open {folder}/platewire.db",
        f"open {folder}/lists.db-shm",
        f"sqlite3.connect {folder}/decisions.db",
    ]
