"""The schema: each step with its record, and files that are not for us stay as they are."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from platewire.database.connection import APPLICATION_ID, open_writer
from platewire.database.migrate import check_version, migrate, steps
from platewire.errors import LogError, LogVersion

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "platewire.db"


def test_steps_are_numbered_without_gaps() -> None:
    assert [step.version for step in steps()] == list(range(1, len(steps()) + 1))
    assert all(step.name for step in steps())


def test_each_step_is_applied_once_and_recorded(path: Path) -> None:
    connection = open_writer(path)
    assert migrate(connection, NOW) == len(steps())
    assert migrate(connection, NOW) == 0
    recorded = connection.execute("SELECT version, name, applied_at FROM migration").fetchall()
    assert recorded == [(step.version, step.name, NOW.isoformat()) for step in steps()]
    assert connection.execute("PRAGMA application_id").get == APPLICATION_ID
    connection.close()
    check_version(path)


def test_a_step_that_fails_leaves_no_trace(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *_ = steps()
    broken = type(first)(2, "broken", "CREATE TABLE half (x); CREATE TABLE log (twice);")
    monkeypatch.setattr("platewire.database.migrate.steps", lambda *_: (first, broken))
    connection = open_writer(path)
    with pytest.raises(apsw.SQLError):
        migrate(connection, NOW)
    assert connection.execute("PRAGMA user_version").get == 1
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").get == 0
    connection.close()


def test_missing_and_empty_files_may_be_taken(path: Path) -> None:
    check_version(path)
    path.touch()
    check_version(path)


def refused(path: Path, error: type[LogError], *words: str) -> None:
    before = path.read_bytes()
    with pytest.raises(error) as raised:
        check_version(path)
    assert type(raised.value) is error
    assert all(word in str(raised.value) for word in (str(path), *words)), raised.value
    assert path.read_bytes() == before


def test_a_newer_file_is_refused(path: Path) -> None:
    connection = open_writer(path)
    migrate(connection, NOW)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    refused(path, LogVersion, "version 99", "newer platewire")


def test_another_programs_database_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE customers (name)")
    connection.close()
    refused(path, LogError, "another program", "another folder")


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_text("camera,plate\ngate,BU9042\n" * 100)
    refused(path, LogError, "not an SQLite database", "move it away")


def test_a_damaged_database_is_refused(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    refused(path, LogError, "corrupted", "backup")
