"""Detects that the files of the open log were deleted, replaced or truncated.

Checks names and sizes only: opening and closing the files would release SQLite's locks.

    deleted, replaced   the name belongs to no file or another one: writes go to a file that nobody
                        can open any more, and are lost when platewire ends
    truncated           the database is shorter than its content

SQLite itself does neither: it empties the journal but keeps the file, and after a VACUUM the
database is shorter because its content is.
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
    "restart platewire to continue with the existing events and new sequence numbers; keep other "
    "programs from changing the folder, and restore a backup if events are missing"
)


class Guard:
    """Create it after the first read of the database, so that the journal exists."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._journal = journal_of(database)
        files = (database, self._journal)
        self._known = {path: stat for path in files if (stat := _stat(path))}
        self._size = self._known[database].st_size if database in self._known else 0

    def check_names(self) -> None:
        """Raises LogGone. Takes microseconds; called after each commit."""
        for path in self._known:
            if not self._is_same(path):
                raise LogGone(
                    f"{path} was deleted or replaced by another file while platewire had it open. "
                    f"No more events are stored; {REMEDY}"
                )

    def check(self) -> None:
        """Names and sizes. Raises LogGone. Blocking, longer just after a VACUUM; called twice a
        second, on another thread than the writer's."""
        self.check_names()
        found = _stat(self._database) if self._database in self._known else None
        if found is None:
            return
        try:
            damage = self._damage() if found.st_size < self._size else ""
        except apsw.Error:
            return  # Locked, or out of file descriptors: the next check tries again.
        if damage:
            raise LogGone(
                f"{self._database} was truncated from {self._size} to {found.st_size} bytes while "
                f"platewire had it open ({damage}). No more events are stored; {REMEDY}"
            )
        self._size = found.st_size

    def leave(self, connection: apsw.Connection) -> None:
        """Call it before the last connection is closed: saves the content of deleted files, and
        keeps SQLite from changing the files that have their names now. Never raises."""
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
        """By SQLite itself, which includes the journal; empty after a VACUUM."""
        try:
            with closing(open_reader(self._database)) as connection:
                connection.execute("SELECT count(*) FROM log").fetchall()
                (said,) = connection.execute("PRAGMA quick_check(1)").fetchall()[0]
        except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
            return str(error)
        return "" if said == "ok" else str(said)


def _stat(path: Path, unknown: os.stat_result | None = None) -> os.stat_result | None:
    """None if there is no such file; `unknown` if the system does not say."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return unknown


def _take_in_journal(connection: apsw.Connection) -> None:
    """The journal was deleted, the database was not: moves all transactions into the database."""
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_FULL)
    except apsw.Error as error:
        diagnostics.error(
            "the deleted journal could not be written to the database, so its newest "
            "events are lost: "
            "%s; restore a backup if events are missing",
            error,
        )
    else:
        diagnostics.error("all events of the deleted journal were saved to the database")


def _rescue(connection: apsw.Connection, database: Path) -> None:
    """The database was deleted; until it is closed it can still be read."""
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
        diagnostics.error("the deleted database could not be saved: %s; restore a backup", error)
    else:
        diagnostics.error(
            "all events of the deleted or replaced database were saved to %s; to "
            "continue with them, "
            "stop platewire and move this file to %s",
            *(target, database),
        )
