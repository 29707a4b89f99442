"""Brings the file to the schema of this platewire: each step and its record in one transaction.

A step is a file `NNNN_name.sql` in the folder `migrations`, applied in order and never edited once
released. The number of the last one is the file's version, in `PRAGMA user_version`.
"""

from datetime import datetime
from pathlib import Path

import apsw

from platewire.database.connection import (
    APPLICATION_ID,
    check_is_database,
    explained,
    open_reader,
    open_recovering,
)
from platewire.database.steps import Step as Step
from platewire.database.steps import steps_of
from platewire.errors import LogError, LogVersion

EVENT_LOG = "platewire.database"
"""The package whose steps make the event log's file; our other files have steps of their own."""


def steps(package: str = EVENT_LOG) -> tuple[Step, ...]:
    return steps_of(package)


def check_version(path: Path, package: str = EVENT_LOG) -> None:
    """Raises LogVersion or LogError, before anything is written, for a file that is not for us."""
    check_is_database(path)
    if not path.exists() or path.stat().st_size == 0:
        return
    newest = len(steps(package))
    with explained(path):
        try:
            _check_with(open_reader(path), path, newest)
        except apsw.ReadOnlyError:
            # A power failure left a journal behind, which only a writer may play back.
            _check_with(open_recovering(path), path, newest)


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
            f"{path} is a database of another program (application_id {application}); it was left "
            "as it is. Name another folder for the event log"
        )
    if version > newest:
        raise LogVersion(
            f"{path} has schema version {version}, written by a newer platewire; this one knows "
            f"versions up to {newest}. It was left as it is: start the newer platewire again, or "
            "name another folder for the event log"
        )


def _has_tables(connection: apsw.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").get)


def migrate(connection: apsw.Connection, now: datetime, package: str = EVENT_LOG) -> int:
    """Applies the steps that the file lacks; returns how many these were."""
    version = connection.execute("PRAGMA user_version").get
    lacking = steps(package)[version:]
    for step in lacking:
        _apply(connection, step, now)
    return len(lacking)


def _apply(connection: apsw.Connection, step: Step, now: datetime) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").get >= step.version:
            connection.execute("COMMIT")  # another process was faster
            return
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
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
