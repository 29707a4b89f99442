"""The lists' file: entries by plate, by look-alike key, and by list. For one thread at a time.

SQLite's index is the index: committed entries match immediately, in every process, nothing is
loaded at the start, and the length of a list costs no memory. Any process may write: a write locks
the file and is atomic. The file is separate from the event log, whose writer must not wait while a
million rows are imported.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from platewire.country import normalize
from platewire.database.connection import Renewed, explained, open_writer, rows
from platewire.database.migrate import check_version, migrate
from platewire.lists.entry import FIELDS, ListEntry
from platewire.lists.matching import fold, neighbors
from platewire.lists.settings import Mode

STEPS = "platewire.lists"
WRITE_WAIT_MS = 60_000
"""How long a write waits for that of another process, such as a large import."""
CACHE_KIB = 16_000
"""KiB of the database that SQLite keeps in memory: lookups in long lists against memory."""
COLUMNS = (
    "written, valid_from, valid_to, weekdays, hours, cameras, holder, note, in_group, "
    "card_facility, card_number, card_bits"
)
"""Values in the order of `FIELDS`."""
_VALUES = "plate, list, folded, " + COLUMNS
MARKS = ", ".join("?" * len(_VALUES.split(", ")))


class CandidateEntry(NamedTuple):
    """An entry that may match, and its list."""

    list: str
    entry: ListEntry


class Store:
    """Raises LogError if the file cannot be opened, read or written; LogWaits (LogFull without disk
    space) for temporary errors, after which the same call may be repeated."""

    def __init__(self, path: Path, now: datetime, *, vfs: str | None = None) -> None:
        """`vfs` names another way to the disk that was registered with SQLite."""
        self.path = path
        check_version(path, STEPS)
        path.parent.mkdir(parents=True, exist_ok=True)
        with explained(path):
            connection = _connected(path, vfs)
            migrate(connection, now, STEPS)
        self._file = Renewed(connection, partial(_connected, path, vfs, make=False))

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def used(self) -> Iterator[apsw.Connection]:
        """The connection, for a change in several steps, which is tried once."""
        with explained(self.path), self._file.used(writes=True) as connection:
            yield connection

    # --- asking -----------------------------------------------------------------------------------

    def candidates(self, text: str, loosest: Mode) -> list[CandidateEntry]:
        """Every entry that matches a plate (A-Z0-9) in the loosest mode or a stricter one."""
        match loosest:
            case Mode.EXACT:
                return self._select("plate = ?", text)
            case Mode.LOOK_ALIKE:
                return self._select("folded = ?", fold(text))
            case Mode.ONE_EDIT:
                return self._select(
                    "folded = ?1 UNION SELECT {columns} WHERE plate IN "
                    "(SELECT value FROM json_each(?2))",
                    *(fold(text), json.dumps(sorted(neighbors(text)))),
                )

    def page(self, name: str, *, after: str, limit: int, prefix: str = "") -> list[ListEntry]:
        """Entries of a list in the order of their plates, from after a plate in normal form."""
        found = self._rows(
            f"SELECT {COLUMNS} FROM entry WHERE list = (SELECT id FROM list WHERE name = ?1) "  # noqa: S608
            "AND plate > ?2 AND plate >= ?3 AND plate < ?3 || char(0x10ffff) "
            "ORDER BY plate LIMIT ?4",
            *(name, after, prefix, limit),
        )
        return [entry_of(row) for row in found]

    def count(self, name: str) -> int:
        with explained(self.path):
            return self._file.read(count_of, name)

    def names(self) -> list[str]:
        """Lists that have, or had, entries."""
        return [name for (name,) in self._rows("SELECT name FROM list ORDER BY name")]

    # --- changing ---------------------------------------------------------------------------------

    def put(self, name: str, entries: Sequence[ListEntry]) -> int:
        """Adds them, each in the place of an entry with the same plate; how many were there."""
        with explained(self.path):
            return self._file.write(_put, name, entries)

    def remove(self, name: str, plates: Sequence[str]) -> int:
        """Takes plates off a list, however they are written; how many were on it."""
        texts = [normalize(plate) for plate in plates]
        with explained(self.path):
            return self._file.write(_remove, name, texts)

    def _select(self, condition: str, *values: str) -> list[CandidateEntry]:
        columns = f"list.name, {COLUMNS} FROM entry JOIN list ON list.id = entry.list"
        statement = f"SELECT {columns} WHERE {condition.format(columns=columns)}"
        return [
            CandidateEntry(name, entry_of(row)) for name, *row in self._rows(statement, *values)
        ]

    def _rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with explained(self.path):
            return self._file.read(rows, statement, *values)


def _connected(path: Path, vfs: str | None, *, make: bool = True) -> apsw.Connection:
    connection = open_writer(path, vfs=vfs, make=make)
    connection.set_busy_timeout(WRITE_WAIT_MS)
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


def _put(connection: apsw.Connection, name: str, entries: Sequence[ListEntry]) -> int:
    number = list_id(connection, name)
    there = _there(connection, number, [entry.text for entry in entries])
    connection.executemany(
        f"REPLACE INTO entry ({_VALUES}) VALUES ({MARKS})",  # noqa: S608
        (values_of(number, entry) for entry in entries),
    )
    return there


def _remove(connection: apsw.Connection, name: str, texts: Sequence[str]) -> int:
    number = list_id(connection, name)
    there = _there(connection, number, texts)
    connection.executemany(
        "DELETE FROM entry WHERE plate = ?2 AND list = ?1", ((number, text) for text in texts)
    )
    return there


def list_id(connection: apsw.Connection, name: str) -> int:
    """The list's number in the file; within a transaction, as it may have to be made."""
    connection.execute("INSERT OR IGNORE INTO list (name) VALUES (?)", (name,))
    number: int = connection.execute("SELECT id FROM list WHERE name = ?", (name,)).get
    return number


def count_of(connection: apsw.Connection, name: str) -> int:
    """Entries of a list; 0 for one that is not there."""
    count: int = connection.execute(
        "SELECT count(*) FROM entry WHERE list = (SELECT id FROM list WHERE name = ?)", (name,)
    ).get
    return count


def _there(connection: apsw.Connection, number: int, texts: Sequence[str]) -> int:
    count: int = connection.execute(
        "SELECT count(*) FROM entry WHERE list = ? AND plate IN (SELECT value FROM json_each(?))",
        (number, json.dumps(sorted(set(texts)))),
    ).get
    return count


def entry_of(row: Sequence[str]) -> ListEntry:
    """From `COLUMNS`."""
    return ListEntry(**dict(zip(FIELDS, row, strict=True)))


def values_of(number: int, entry: ListEntry) -> tuple[str | int, ...]:
    """A row of the table `entry`, in the order of its columns; `number` is the list's."""
    text = entry.text
    return (text, number, fold(text), *(getattr(entry, name) for name in FIELDS))
