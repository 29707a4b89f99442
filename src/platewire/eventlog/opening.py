"""Opens the folder of an event log: lock, checks, schema, and what the log must remember.

Nothing is written before it is certain that the folder is ours and the file not newer than we.
"""

import logging
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import apsw

from platewire.database.connection import (
    FILE_NAME,
    Reader,
    explained,
    of_file,
    open_writer,
    row,
    rows,
)
from platewire.database.migrate import check_version, check_writable, migrate
from platewire.errors import LogError
from platewire.eventlog import journal
from platewire.eventlog.deliveries import statements
from platewire.eventlog.history.guard import Guard
from platewire.eventlog.history.mark import NO_EVENT, Mark, MarkFile
from platewire.eventlog.history.numbers import numbering, wrong_numbers
from platewire.eventlog.history.settling import settle
from platewire.eventlog.images import ImageFiles
from platewire.eventlog.lock import FolderLock
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.store import Store
from platewire.eventlog.upkeep import clock_check as clock_check
from platewire.eventlog.upkeep.believed_time import Judgment
from platewire.numbering import Numbering
from platewire.runtime.clock import Clock

diagnostics = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the log held when it was opened."""

    first_seq: int
    last_seq: int
    last_passage_number: int
    open_passages: dict[str, bytes]
    deliveries: statements.Stored
    numbering: Numbering


@dataclass(frozen=True, slots=True)
class OpenedLog:
    path: Path
    lock: FolderLock
    images: ImageFiles
    store: Store
    reader: Reader
    memory: Memory
    guard: Guard
    judgment: Judgment
    """Of the clock."""


def open_folder(settings: LogSettings, clock: Clock, vfs: str | None = None) -> OpenedLog:
    """Blocking. Raises LogError, LogVersion, or LogWaits (LogFull without space) for what may be
    over by itself; the folder is then free again."""
    folder = Path(settings.folder).resolve()
    _make(folder)
    lock = FolderLock(folder)
    try:
        return _open(folder, lock, settings, clock, vfs)
    except BaseException as error:
        lock.release()
        if isinstance(error, OSError):
            raise of_file(f"the event log in {folder} cannot be opened", error) from error
        raise


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"cannot create the folder {folder} of the event log"
        raise of_file(what, error) from error


def _open(
    folder: Path, lock: FolderLock, settings: LogSettings, clock: Clock, vfs: str | None
) -> OpenedLog:
    path = folder / FILE_NAME
    check_version(path)
    check_writable(path)
    images = ImageFiles(folder, settings.image_folder)
    images.prepare()
    with explained(path), ExitStack() as half_open:
        connection = half_open.enter_context(closing(open_writer(path, vfs=vfs)))
        _tell_damage(connection, path)
        migrate(connection, clock.now())
        mark = half_open.enter_context(closing(MarkFile(folder, clock)))
        settled = _settle(connection, path, mark, clock)
        check_numbers(connection, path)
        mark.write(settled)
        _say_folder(connection, folder)
        memory = _remember(connection)
        with connection:
            judgment = clock_check.check_and_store(connection, folder, clock)
        guard = Guard(path)
        again = partial(open_writer, path, vfs=vfs, make=False)
        store = Store(connection, path, images, clock, mark, guard, again)
        opened = OpenedLog(path, lock, images, store, Reader(path), memory, guard, judgment)
        half_open.pop_all()
    return opened


def _tell_damage(connection: apsw.Connection, path: Path) -> None:
    connection.execute("SELECT count(*) FROM sqlite_master").fetchall()  # takes the journal in
    if said := journal.damage(path):
        diagnostics.error(
            "%s: the newest events may be missing; check the disk, unless there was a "
            "power failure",
            said,
        )


def _settle(connection: apsw.Connection, path: Path, mark: MarkFile, clock: Clock) -> Mark:
    if mark.kept is None and (mark.exists or numbering(connection).log_id != NO_EVENT):
        diagnostics.warning(
            "%s %s and is created again; a rollback of the log before this start is not detected",
            *(mark.path, "cannot be read" if mark.exists else "is missing (is this a new volume?)"),
        )
    return settle(connection, path, mark.kept, clock.now())


def check_numbers(connection: apsw.Connection, path: Path) -> None:
    """Raises LogError when events are missing between the first and the last."""
    if said := wrong_numbers(connection):
        raise LogError(
            f"{path}: {said}. Another program has changed the file: keep a copy and restore a "
            "backup, or move it away"
        )


def _say_folder(connection: apsw.Connection, folder: Path) -> None:
    """For the views, which give absolute paths; the folder may have been moved."""
    connection.execute("UPDATE log SET folder = ?1 WHERE folder <> ?1", (folder.as_posix(),))


def _remember(connection: apsw.Connection) -> Memory:
    first, last, number = row(
        connection, "SELECT first_seq, last_seq, last_passage_number FROM log"
    )
    return Memory(
        first_seq=first,
        last_seq=last,
        last_passage_number=number,
        open_passages=dict(rows(connection, "SELECT camera, state FROM open_passages")),
        deliveries=statements.stored(connection),
        numbering=numbering(connection),
    )
