"""Whether the files under the open log are still those that were opened.

Looks at names and sizes alone: opening and closing the files would take SQLite's locks away.

    deleted, replaced   another file, or none, has the name: what is written goes to a file that
                        nobody can open any more, and is lost when platewire ends
    truncated           the database is shorter than its content

What SQLite does itself is neither: it empties the journal and keeps the file, and after a VACUUM
the database is shorter because its content is.
"""

import logging
import os
from contextlib import closing, suppress
from pathlib import Path

import apsw

from platewire.database.connection import open_reader
from platewire.errors import LogGone
from platewire.eventlog.journal import journal_of

diagnostics = logging.getLogger(__name__)

REMEDY = (
    "restart platewire to continue with the existing events, with numbers above all assigned "
    "ones; keep other programs from changing the folder, and restore a backup if events are "
    "missing"
)


class Guard:
    """Made when the database is open and has been read, so that the journal is there, too."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._journal = journal_of(database)
        files = (database, self._journal)
        self._known = {path: stat for path in files if (stat := _stat(path))}
        self._size = self._known[database].st_size if database in self._known else 0

    def check_names(self) -> None:
        """Raises LogGone. Costs microseconds: asked after each commit."""
        for path in self._known:
            if not self._is_same(path):
                raise LogGone(
                    f"{path} was deleted or replaced by another file while platewire had it open. "
                    f"No more events are stored; {REMEDY}"
                )

    def check(self) -> None:
        """Names and sizes. Raises LogGone. Blocking, and for long where the database was just
        vacuumed: asked every half a second, beside the writer."""
        self.check_names()
        found = _stat(self._database) if self._database in self._known else None
        if found is None:
            return
        try:
            damage = self._damage() if found.st_size < self._size else ""
        except apsw.Error:
            return  # Locked, or no descriptor is left: asked again.
        if damage:
            raise LogGone(
                f"{self._database} was cut from {self._size} to {found.st_size} bytes while "
                f"platewire had it open ({damage}). No more events are stored; {REMEDY}"
            )
        self._size = found.st_size

    def leave(self, connection: apsw.Connection) -> None:
        """Before the last connection is closed: saves what is in files without a name, and keeps
        SQLite from touching those that have their names now. Never raises."""
        if self._is_same(self._database):
            if not self._is_same(self._journal):
                _take_in_journal(connection)
            return
        with suppress(apsw.Error):
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        _rescue(connection, self._database)

    def _is_same(self, path: Path) -> bool:
        known = self._known.get(path)
        found = _stat(path, unknown=known)
        return known is None or (found is not None and os.path.samestat(found, known))

    def _damage(self) -> str:
        """By SQLite itself, which knows what is in the journal. Nothing after a VACUUM."""
        try:
            with closing(open_reader(self._database)) as connection:
                connection.execute("SELECT count(*) FROM log").fetchall()
                (said,) = connection.execute("PRAGMA quick_check(1)").fetchall()[0]
        except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
            return str(error)
        return "" if said == "ok" else str(said)


def _stat(path: Path, unknown: os.stat_result | None = None) -> os.stat_result | None:
    """None where nothing has that name; `unknown` where the system does not say."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return unknown


def _take_in_journal(connection: apsw.Connection) -> None:
    """The journal has lost its name, the database has not: there all that was written is safe."""
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_FULL)
    except apsw.Error as error:
        diagnostics.error("the journal that was deleted could not be taken in: %s", error)
    else:
        diagnostics.error("all that was in the journal that was deleted is in the database now")


def _rescue(connection: apsw.Connection, database: Path) -> None:
    """The database has lost its name; until it is closed it can still be read."""
    target = database.with_name(f"{database.stem}.rescued")
    number = 1
    while target.exists():
        number += 1
        target = database.with_name(f"{database.stem}.rescued-{number}")
    try:
        with closing(apsw.Connection(str(target))) as copy:
            with copy.backup("main", connection, "main") as copying:
                copying.step(-1)
            copy.execute("PRAGMA journal_mode = DELETE")
    except apsw.Error as error:
        diagnostics.error("what was in the database that was deleted could not be kept: %s", error)
    else:
        diagnostics.error(
            "all that was in the database that was deleted or replaced is in %s: to go on with it, "
            "put it in the place of %s while platewire is stopped",
            *(target, database),
        )
