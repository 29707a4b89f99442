"""Declared types come to a file that is full of events: at once, all or nothing, and it says so."""

import logging
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from platewire.database import migrate, projection
from platewire.database.connection import open_writer
from platewire.model import Entry
from platewire.testing.sample_events import START, passage_events
from platewire.wire import native
from tests.database.test_contract import VIEWS

CHILD = Path(__file__).with_name("migrating_child.py")
BEFORE = 10
"""The last step without declared types; the next one brings them."""
CHANGED = ("anpr_contract", "lprevents")
POINTS = ("UPDATE sqlite_master", "ALTER TABLE camera", "CREATE VIEW lprevents", "INSERT INTO migr")


def filled(path: Path, passages: int) -> None:
    """As the platewire before wrote it; it was stopped in good order."""
    known = migrate.steps()
    with closing(open_writer(path)) as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "steps", lambda *_: known[:BEFORE])
        migrate.migrate(connection, START)
        connection.execute("BEGIN")
        events = [event for number in range(passages) for event in passage_events(number + 1)]
        for seq, event in enumerate(events, 1):
            numbered = event.numbered(seq, START)
            values = projection.in_file(Entry(numbered, native.encode(numbered)))
            marks = ", ".join("?" * len(values))
            connection.execute(
                f"INSERT INTO event ({', '.join(projection.IN_FILE)}) VALUES ({marks})", values
            )
        connection.execute(f"UPDATE log SET last_seq = {len(events)}")
        connection.execute("COMMIT")


def told(path: Path, view: str, columns: str = "*") -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(f"SELECT {columns} FROM {view}").fetchall()


def columns_of(path: Path, view: str) -> str:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({view})"))


def version(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
    return int(found)


@pytest.mark.parametrize("point", POINTS)
def test_killed_in_the_middle_it_begins_anew(point: str, tmp_path: Path) -> None:
    path = tmp_path / "platewire.db"
    filled(path, 50)
    # A later contract may add columns; the contract's own row then has another version.
    views = {view: columns_of(path, view) for view in VIEWS if view not in CHANGED}
    before = {view: told(path, view, columns) for view, columns in views.items()}
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(path), point], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout
    assert child.stdout.readline() == "stopped\n"
    child.kill()
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()
    assert version(path) == BEFORE
    assert {view: told(path, view, columns) for view, columns in views.items()} == before
    with closing(open_writer(path)) as connection:
        migrate.migrate(connection, START)
        assert connection.execute("PRAGMA integrity_check").get == "ok"
    assert version(path) == len(migrate.steps())
    assert {view: told(path, view, columns) for view, columns in views.items()} == before
    assert len(told(path, "lprevents")) == 50


def written(path: Path) -> int:
    """Bytes that the step puts into the journal."""
    known = migrate.steps()
    with closing(open_writer(path)) as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "steps", lambda *_: known[: BEFORE + 1])
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        migrate.migrate(connection, START)
        return path.with_name(f"{path.name}-wal").stat().st_size


def test_many_events_take_no_longer(tmp_path: Path) -> None:
    few, many = tmp_path / "few.db", tmp_path / "many.db"
    filled(few, 1)
    filled(many, 1000)
    assert many.stat().st_size > 10 * few.stat().st_size
    assert written(many) == written(few)


def test_it_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    path = tmp_path / "platewire.db"
    filled(path, 1)
    assert caplog.messages == [], "a file that is made new is nothing to tell of"
    with closing(open_writer(path)) as connection:
        migrate.migrate(connection, START)
    said = caplog.messages[0]
    assert str(path) in said
    assert f"schema version {BEFORE + 1}" in said
