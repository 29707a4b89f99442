"""Opens the folder of an event log: lock, checks, schema, and what the log must remember.

Nothing is written before it is certain that the folder is ours and the file not newer than we.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import apsw

from platewire.clock import Clock
from platewire.database.connection import FILE_NAME, explained, open_reader, open_writer, row, rows
from platewire.database.migrate import check_version, migrate
from platewire.errors import LogError
from platewire.eventlog import journal
from platewire.eventlog.images import ImageFiles
from platewire.eventlog.letters import Ranges, ranges_of
from platewire.eventlog.lock import FolderLock
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.store import Store

diagnostics = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the log held when it was opened."""

    first_seq: int
    last_seq: int
    last_passage_number: int
    cursors: dict[str, tuple[int, Ranges]]
    parked: dict[str, set[int]]
    paused: dict[str, str]
    open_passages: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Opened:
    path: Path
    lock: FolderLock
    images: ImageFiles
    store: Store
    reader: apsw.Connection
    memory: Memory


def open_folder(settings: LogSettings, clock: Clock, vfs: str | None = None) -> Opened:
    """Blocking. Raises LogError, LogVersion or LogFull; the folder is then free again."""
    folder = Path(settings.folder).resolve()
    _make(folder)
    lock = FolderLock(folder)
    try:
        return _open(folder, lock, settings, clock, vfs)
    except BaseException:
        lock.release()
        raise


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogError(
            f"the folder {folder} for the event log cannot be made: {error.strerror}; make it, "
            "writable for platewire, or name another one"
        ) from error


def _open(
    folder: Path, lock: FolderLock, settings: LogSettings, clock: Clock, vfs: str | None
) -> Opened:
    path = folder / FILE_NAME
    check_version(path)
    images = ImageFiles(folder, settings.image_folder)
    try:
        images.prepare()
    except OSError as error:
        raise LogError(f"{folder}: {error}; the folder must be writable for platewire") from error
    with explained(path):
        connection = open_writer(path, vfs=vfs)
        try:
            _tell_damage(connection, path)
            migrate(connection, clock.now())
            check_numbers(connection, path)
            _say_folder(connection, folder)
            memory = _remember(connection)
            store = Store(connection, path, images, clock)
            return Opened(path, lock, images, store, open_reader(path), memory)
        except BaseException:
            connection.close()
            raise


def _tell_damage(connection: apsw.Connection, path: Path) -> None:
    connection.execute("SELECT count(*) FROM sqlite_master").fetchall()  # takes the journal in
    if said := journal.damage(path):
        diagnostics.error(
            "%s: events may be missing after the last one in the log; unless the power has failed, "
            "look at the disk",
            said,
        )


def check_numbers(connection: apsw.Connection, path: Path) -> None:
    """Raises LogError when events are missing between the first and the last."""
    first, last = row(connection, "SELECT first_seq, last_seq FROM log")
    low, high = row(connection, "SELECT min(seq), max(seq) FROM event")
    count = row(connection, "SELECT count(*) FROM event")[0]
    if count != last + 1 - first or (count and (low, high) != (first, last)):
        raise LogError(
            f"{path}: the log says that it holds the events {first} to {last}, but there are "
            f"{count}, from {low} to {high}. Another program has changed the file: keep a copy "
            "and restore a backup, or move it away"
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
        cursors={
            name: (seq, ranges_of(above))
            for name, seq, above in rows(connection, "SELECT transfer, seq, above FROM cursor")
        },
        parked=_parked(connection),
        paused=dict(rows(connection, "SELECT transfer, reason FROM paused")),
        open_passages=dict(rows(connection, "SELECT camera, state FROM open_passages")),
    )


def _parked(connection: apsw.Connection) -> dict[str, set[int]]:
    parked: dict[str, set[int]] = {}
    for transfer, seq in rows(connection, "SELECT transfer, seq FROM parked"):
        parked.setdefault(transfer, set()).add(seq)
    return parked
