"""The lists' file: entries by plate, by look-alike key, and by list. For one thread at a time.

SQLite's own index is the index: what is committed matches at once, in every process, nothing is
loaded at the start, and a list's length costs no memory. Any process may write: a write takes the
file's lock for itself and leaves nothing half done. A file of its own beside the event log's, whose
only writer must not wait while a million rows come in.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from platewire.country import normalize
from platewire.database.connection import explained, open_writer, rows
from platewire.database.migrate import check_version, migrate
from platewire.lists.entry import ListEntry
from platewire.lists.matching import fold, neighbors
from platewire.lists.settings import Mode

STEPS = "platewire.lists"
WRITE_WAIT_MS = 60_000
"""How long a write waits for that of another process, such as a large import."""
CACHE_KIB = 16_000
MAPPED_BYTES = 1 << 30
COLUMNS = "written, valid_from, valid_to, weekdays, hours, cameras, holder, note"
_VALUES = "plate, list, folded, " + COLUMNS


class Found(NamedTuple):
    """An entry that may match, and its list."""

    list: str
    entry: ListEntry


class Store:
    """Raises LogError, or LogFull, where the file cannot be opened, read or written."""

    def __init__(self, path: Path, now: datetime) -> None:
        self.path = path
        check_version(path, STEPS)
        path.parent.mkdir(parents=True, exist_ok=True)
        with explained(path):
            self.connection = open_writer(path)
            self.connection.set_busy_timeout(WRITE_WAIT_MS)
            self.connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            self.connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
            migrate(self.connection, now, STEPS)

    def close(self) -> None:
        self.connection.close()

    # --- asking -----------------------------------------------------------------------------------

    def candidates(self, text: str, loosest: Mode) -> list[Found]:
        """Every entry that matches a plate (A-Z0-9) in the loosest mode or a stricter one."""
        match loosest:
            case Mode.EXACT:
                return self._found("plate = ?", text)
            case Mode.LOOK_ALIKE:
                return self._found("folded = ?", fold(text))
            case Mode.ONE_EDIT:
                return self._found(
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
        ((count,),) = self._rows(
            "SELECT count(*) FROM entry WHERE list = (SELECT id FROM list WHERE name = ?)", name
        )
        return int(count)

    def names(self) -> list[str]:
        """Lists that have, or had, entries."""
        return [name for (name,) in self._rows("SELECT name FROM list ORDER BY name")]

    # --- changing ---------------------------------------------------------------------------------

    def put(self, name: str, entries: Sequence[ListEntry]) -> int:
        """Adds them, each in the place of an entry with the same plate; how many were there."""
        with self.writing():
            there = self._there(name, [entry.text for entry in entries])
            self.connection.executemany(
                f"REPLACE INTO entry ({_VALUES}) VALUES (?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608
                (values_of(self.list_id(name), entry) for entry in entries),
            )
        return there

    def remove(self, name: str, plates: Sequence[str]) -> int:
        """Takes plates off a list, however they are written; how many were on it."""
        texts = [normalize(plate) for plate in plates]
        with self.writing():
            there = self._there(name, texts)
            self.connection.executemany(
                "DELETE FROM entry WHERE plate = ?2 AND list = ?1",
                ((self.list_id(name), text) for text in texts),
            )
        return there

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction that no other process writes beside."""
        with explained(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def list_id(self, name: str) -> int:
        """The list's number in the file; within `writing`, as it may have to be made."""
        self.connection.execute("INSERT OR IGNORE INTO list (name) VALUES (?)", (name,))
        number: int = self.connection.execute("SELECT id FROM list WHERE name = ?", (name,)).get
        return number

    def _there(self, name: str, texts: Sequence[str]) -> int:
        ((count,),) = rows(
            self.connection,
            "SELECT count(*) FROM entry WHERE list = ? AND plate IN "
            "(SELECT value FROM json_each(?))",
            *(self.list_id(name), json.dumps(sorted(set(texts)))),
        )
        return int(count)

    def _found(self, condition: str, *values: str) -> list[Found]:
        columns = f"list.name, {COLUMNS} FROM entry JOIN list ON list.id = entry.list"
        statement = f"SELECT {columns} WHERE {condition.format(columns=columns)}"
        return [Found(name, entry_of(row)) for name, *row in self._rows(statement, *values)]

    def _rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with explained(self.path):
            return rows(self.connection, statement, *values)


def entry_of(row: Sequence[str]) -> ListEntry:
    """From `COLUMNS`."""
    plate, valid_from, valid_to, weekdays, hours, cameras, holder, note = row
    return ListEntry(
        plate=plate,
        valid_from=valid_from,
        valid_to=valid_to,
        weekdays=weekdays,
        hours=hours,
        cameras=cameras,
        holder=holder,
        note=note,
    )


def values_of(number: int, entry: ListEntry) -> tuple[str | int, ...]:
    """A row of the table `entry`, in the order of its columns; `number` is the list's."""
    text = entry.text
    return (
        *(text, number, fold(text), entry.plate, entry.valid_from, entry.valid_to),
        *(entry.weekdays, entry.hours, entry.cameras, entry.holder, entry.note),
    )
