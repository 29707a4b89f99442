"""Brings the file to the schema of this platewire: each step and its record in one transaction.

A step is a file `NNNN_name.sql` in the folder `migrations`, applied in order and never edited once
released. The number of the last one is the file's version, in `PRAGMA user_version`.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import apsw

from platewire.database.connection import (
    APPLICATION_ID,
    explained,
    open_reader,
    open_recovering,
    transaction,
)
from platewire.database.steps import Step, steps_of
from platewire.errors import LogError, LogVersion

diagnostics = logging.getLogger(__name__)

EVENT_LOG = "platewire.database"
"""The package whose steps make the event log's file; our other files have steps of their own."""


def steps(package: str = EVENT_LOG) -> tuple[Step, ...]:
    return steps_of(package)


def check_version(path: Path, package: str = EVENT_LOG) -> None:
    """Raises LogVersion or LogError, before anything is written, for a file that is not for us."""
    if not path.exists() or path.stat().st_size == 0:
        return
    if not os.access(path, os.R_OK):
        raise LogError(f"{path} is not readable; grant platewire read access")
    newest = len(steps(package))
    with explained(path):
        try:
            _check_with(open_reader(path), path, newest)
        except apsw.ReadOnlyError:
            # A power failure left a journal behind, which only a writer may play back.
            _check_with(open_recovering(path), path, newest)
        except apsw.NotADBError as error:
            raise LogError(
                f"{path} is not an SQLite database, or its first page is corrupted; it was not "
                "changed. Restore a backup, move it away, or set another folder for the event log"
            ) from error


def check_writable(path: Path) -> None:
    """Raises LogError, which is final, for missing permissions: SQLite's own error does not
    distinguish them from temporary errors."""
    for each in (path.parent, path):
        if each.exists() and not os.access(each, os.W_OK):
            raise LogError(f"{each} is not writable; grant platewire write access")


def _check_with(connection: apsw.Connection, path: Path, newest: int) -> None:
    try:
        _check(connection, path, newest)
    finally:
        connection.close()


def _check(connection: apsw.Connection, path: Path, newest: int) -> None:
    application, version = (
        connection.execute(f"PRAGMA {name}").get for name in ("application_id", "user_version")
    )
    if application not in (0, APPLICATION_ID) or (application == 0 and _has_tables(connection)):
        raise LogError(
            f"{path} is a database of another program (application_id {application}); it was not "
            "changed. Set another folder for the event log"
        )
    if version > newest:
        raise LogVersion(
            f"{path} has schema version {version}, written by a newer platewire, and was not "
            f"changed; this one supports versions up to {newest}. Start the newer platewire again, "
            "or set another folder for the event log"
        )


def _has_tables(connection: apsw.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").get)


@contextmanager
def reading(path: Path) -> Iterator[apsw.Connection]:
    """The event log's file. LogError where there is none, or one of an older platewire."""
    if not path.exists():
        raise LogError(f"{path} does not exist; set the folder of an event log in [log]")
    check_version(path)
    with explained(path), closing(open_reader(path)) as connection:
        if connection.execute("PRAGMA user_version").get < len(steps()):
            raise LogError(
                f"{path} was written by an older platewire; start this one once to "
                "migrate it, then run "
                "the command again"
            )
        yield connection


def migrate(connection: apsw.Connection, now: datetime, package: str = EVENT_LOG) -> int:
    """Applies the steps that the file lacks; returns how many these were."""
    version = connection.execute("PRAGMA user_version").get
    lacking = steps(package)[version:]
    for step in lacking:
        if version:
            diagnostics.info(
                "%s: migrating to schema version %s (%s); platewire starts when it is done",
                *(connection.filename, step.version, step.name),
            )
        _apply(connection, step, now)
    return len(lacking)


def _apply(connection: apsw.Connection, step: Step, now: datetime) -> None:
    with transaction(connection):
        if connection.execute("PRAGMA user_version").get >= step.version:
            return  # another process was faster
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migration "
            "(version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)"
        )
        connection.execute(step.sql)
        connection.execute(
            "INSERT INTO migration VALUES (?, ?, ?)", (step.version, step.name, now.isoformat())
        )
        connection.execute(f"PRAGMA user_version = {step.version}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
