"""Version 1 of the contract goes on to hold: an older file is brought forward and nothing moves."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from platewire.database import migrate, projection
from platewire.database.connection import open_writer, rows
from platewire.model import Entry
from platewire.testing.sample_events import START, passage_events
from platewire.wire import native

VERSION_1 = 2
"""The step that made it."""
FILLED_SINCE = ("checkpoint", "process_ms")
"""NULL in all rows of `lprevents` once."""


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[apsw.Connection]:
    """A file as the first platewire wrote it, with one passage on a list."""
    known = migrate.steps()
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "steps", lambda _package: known[:VERSION_1])
        connection = open_writer(tmp_path / "platewire.db")
        migrate.migrate(connection, START)
    connection.execute("BEGIN")
    for seq, event in enumerate(passage_events(1), 1):
        numbered = event.numbered(seq, START)
        values = projection.columns(Entry(numbered, native.encode(numbered)))
        marks = ", ".join("?" * len(values))
        connection.execute(
            f"INSERT INTO event ({', '.join(projection.COLUMNS)}) VALUES ({marks})", values
        )
    connection.execute("UPDATE log SET last_seq = 3")
    connection.execute("COMMIT")
    yield connection
    connection.close()


def columns(connection: apsw.Connection) -> dict[str, list[str]]:
    views = rows(connection, "SELECT name FROM sqlite_master WHERE type = 'view'")
    return {
        view: [name for _, name, *_ in rows(connection, f"PRAGMA table_info({view})")]
        for (view,) in views
    }


def test_its_columns_come_first_and_say_the_same(first: apsw.Connection) -> None:
    names = columns(first)
    kept = {view: [name for name in names[view] if name not in FILLED_SINCE] for view in names}
    told = {
        view: rows(first, f"SELECT {', '.join(kept[view])} FROM {view}")
        for view in names
        if view != "anpr_contract"
    }
    assert rows(first, "SELECT contract_version FROM anpr_contract") == [(1,)]
    migrate.migrate(first, START)
    now = columns(first)
    for view, expected in names.items():
        assert now[view][: len(expected)] == expected
    for view, before in told.items():
        assert rows(first, f"SELECT {', '.join(kept[view])} FROM {view}") == before
    assert rows(first, "SELECT contract_version FROM anpr_contract") == [(4,)]


def test_what_it_knew_fills_the_new_columns(first: apsw.Connection) -> None:
    migrate.migrate(first, START)
    assert rows(first, "SELECT * FROM list_hit") == [
        (2, "staff", "allow", "exact", "BU 9042"),
        (3, "staff", "allow", "exact", "BU 9042"),
    ]
    (found,) = rows(
        first, "SELECT lists, change_seq, utc_offset_minutes, first_seen_local FROM anpr_passage"
    )
    assert found == ("staff", 3, 0, "2026-01-02T03:04:06.678")
