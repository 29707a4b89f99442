"""What one transaction of the event log does: files first, then all rows together or not at all.

Used by the writer thread alone. Knows nothing of threads or of waiting callers.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import apsw

from platewire.database import bodies
from platewire.database.connection import BUSY_TIMEOUT_MS, rows, transaction
from platewire.database.projection import inserts, pictures_shown
from platewire.errors import LogError, LogGone
from platewire.eventlog.deliveries.pending import PendingDeliveries
from platewire.eventlog.history.guard import REMEDY, Guard
from platewire.eventlog.history.mark import MarkFile
from platewire.eventlog.images import ImageFiles
from platewire.eventlog.journal import journal_of
from platewire.model import BootTime, Entry, Event, Picture
from platewire.runtime.clock import Clock
from platewire.wire import native

JOURNAL_BYTES_HIGH = 64 * 1024 * 1024
"""Beyond this the write-ahead log is cut, for which readers of an old state are waited for."""
JOURNAL_BYTES_STEP = 16 * 1024 * 1024
"""How much more it must grow before that is tried again."""
CUT_TIMEOUT_MS = 100
"""Milliseconds to wait for readers before the cut is put off; events wait as long to be written."""


@dataclass(frozen=True, slots=True, eq=False)
class Append:
    """One call of `EventLog.append`; gives its entries."""

    camera: str
    events: Sequence[Event]
    pictures: Sequence[Picture]
    open_passages: bytes | None
    arrived: Mapping[UUID, BootTime | None]
    """By event id; of those that are missing: now."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Another durable write; returns the result of `run`. `after` runs after the commit, on that
    thread."""

    run: Callable[[apsw.Connection], Any]
    after: Callable[[Any], None] = lambda result: None


@dataclass(slots=True)
class Lazy:
    """What goes along with the next commit and needs no flush of its own."""

    open_passages: dict[str, bytes] = field(default_factory=dict)
    deliveries: PendingDeliveries = field(default_factory=PendingDeliveries)

    def __bool__(self) -> bool:
        return bool(self.open_passages or self.deliveries)

    def add(self, newer: "Lazy") -> None:
        self.open_passages.update(newer.open_passages)
        self.deliveries.add(newer.deliveries)

    def put_back(self, older: "Lazy") -> None:
        """Takes in what could not be written, but for what was replaced since."""
        self.open_passages = older.open_passages | self.open_passages
        self.deliveries.put_back(older.deliveries)


class WrongPictureError(LogError):
    """A picture does not have the hash by which it is named."""


class Store:
    """`connect` opens another connection to the same file; it does not create a missing file."""

    def __init__(
        self,
        connection: apsw.Connection,
        path: Path,
        images: ImageFiles,
        clock: Clock,
        mark: MarkFile,
        guard: Guard,
        connect: Callable[[], apsw.Connection],
    ) -> None:
        self._path = path
        self._connect = connect
        self._journal = journal_of(path)
        self._journal_cut_at = JOURNAL_BYTES_HIGH
        self._images = images
        self._clock = clock
        self._mark = mark
        self._guard = guard
        self._use(connection)

    def _use(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cameras = {name for (name,) in connection.execute("SELECT name FROM camera")}
        self.last_seq: int = connection.execute("SELECT last_seq FROM log").get
        self._last_id = self._id_at(self.last_seq)

    def reopen(self, *, flush_failed: bool) -> list[Entry]:
        """In place of a connection that is not to be used again; what turns out to be in the log
        beyond what was known of it. Raises apsw.Error, or LogGone where it is another log.

        Where a flush failed, the system may have forgotten what was only written before it, such
        as cursors; nothing may build on that, so all of the journal is written into the database.
        The same where a commit that failed is found: it was perhaps never flushed.
        """
        self._guard.check_names()
        last_seq, last_id = self.last_seq, self._last_id
        # The old one last: it may be the only one, and then SQLite would delete the journal.
        connection = self._connect()
        found = int(connection.execute("SELECT last_seq FROM log").get)
        with suppress(apsw.Error):
            self._connection.close(True)
        self._connection = connection
        if found < last_seq or self._id_at(last_seq) not in (last_id, None):
            raise LogGone(
                f"{self._path} contains fewer or other events than were written to it. "
                f"No more events are stored; {REMEDY}"
            )
        if flush_failed or found > last_seq:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        beyond = rows(
            connection,
            f"SELECT {bodies.IN_LOG} FROM event WHERE seq > ? ORDER BY seq",  # noqa: S608
            last_seq,
        )
        entries = [bodies.entry(each) for each in beyond]
        if entries:
            self._mark.raise_to(entries)
        self._use(connection)
        return entries

    def _id_at(self, seq: int) -> str | None:
        found: str | None = self._connection.execute(
            "SELECT id FROM event WHERE seq = ?", (seq,)
        ).get
        return found

    @property
    def system_errno(self) -> int:
        """What the operating system said to the last statement that failed."""
        return self._connection.system_errno

    @property
    def failure(self) -> str:
        """What does not keep the log from writing, and should be seen to; or nothing."""
        return self._mark.failure

    def probe(self) -> None:
        """Writes, and changes nothing. Raises as `commit` does."""
        self._images.probe()
        with self._transaction(flush=True):
            self._connection.execute("UPDATE log SET folder = folder")

    def commit(self, appends: Sequence[Append], tasks: Sequence[Task], lazy: Lazy) -> list[Any]:
        """Gives the result of each append, then of each task. Raises apsw.Error, OSError or
        WrongPictureError, and then nothing was written; LogGone where it was written to a file
        that has lost its name."""
        pictures = {picture.image.sha256: picture for job in appends for picture in job.pictures}
        paths = self._write_files(pictures)
        with self._transaction(flush=bool(appends or tasks)):
            entries = self._number(appends)
            self._insert_pictures(pictures, paths)
            numbered = [entry for part in entries for entry in part]
            self._insert_entries(numbered)
            self._insert_lazily(appends, lazy)
            results = [task.run(self._connection) for task in tasks]
        if numbered:
            self.last_seq, self._last_id = numbered[-1].event.seq, str(numbered[-1].event.id)
        self._cameras |= {entry.event.camera for entry in numbered}
        if numbered:
            self._mark.raise_to(numbered)
        self._guard.check_names()
        for task, result in zip(tasks, results, strict=True):
            task.after(result)
        self._cut_journal()
        return [*entries, *results]

    def append_again(self, append: Append) -> list[Entry]:
        """As `commit` for one append, where some of its events may be in the log already."""
        stored = {event.id: entry for event in append.events if (entry := self._stored(event.id))}
        fresh = {event.id: event for event in append.events if event.id not in stored}
        rest = replace(append, events=tuple(fresh.values()))
        (entries,) = self.commit([rest], [], Lazy())
        stored |= {entry.event.id: entry for entry in entries}
        return [stored[event.id] for event in append.events]

    def close(self) -> None:
        self._mark.close()
        self._guard.leave(self._connection)
        self._connection.close()

    @contextmanager
    def _transaction(self, *, flush: bool) -> Iterator[None]:
        # With NORMAL the write-ahead log is written but not flushed: a power cut may take it back,
        # a crash of the process may not. The next flush covers it.
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if flush else 'NORMAL'}")
        with transaction(self._connection):
            yield

    def _write_files(self, pictures: dict[str, Picture]) -> dict[str, str]:
        paths = {}
        for sha256, picture in pictures.items():
            if hashlib.sha256(picture.jpeg).hexdigest() != sha256:
                raise WrongPictureError(
                    f"a {picture.role} picture has the name {sha256}, which is not its SHA-256"
                )
            if picture.role != "plate":
                paths[sha256] = self._images.write(sha256, picture.jpeg)
        self._images.flush()
        return paths

    def _number(self, appends: Sequence[Append]) -> list[list[Entry]]:
        seq = self.last_seq
        entries = []
        for append in appends:
            now, boot = self._clock.now(), self._clock.boot()
            part = []
            for event in append.events:
                seq += 1
                numbered = event.numbered(seq, now)
                arrived = append.arrived.get(event.id, boot)
                part.append(Entry(numbered, native.encode(numbered), arrived))
            entries.append(part)
        return entries

    def _insert_pictures(self, pictures: dict[str, Picture], paths: dict[str, str]) -> None:
        for sha256, (_, image, jpeg) in pictures.items():
            path = paths.get(sha256)
            self._connection.execute(
                "INSERT INTO image VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    *(sha256, image.width, image.height, len(jpeg)),
                    *(None if path else jpeg, path, self.last_seq),
                ),
            )
            if path and self._connection.changes():
                self._connection.execute("UPDATE log SET file_bytes = file_bytes + ?", (len(jpeg),))

    def _insert_entries(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        self._insert_cameras({entry.event.camera for entry in entries})
        for statement, values in inserts(entries):
            self._connection.execute(statement, values)
        self._connection.execute(
            "UPDATE log SET last_seq = ?, last_passage_number = max(last_passage_number, ?)",
            (
                entries[-1].event.seq,
                max(entry.event.passage_number for entry in entries),
            ),
        )
        by_sha256 = {
            sha256: entry.event.seq for entry in entries for sha256 in pictures_shown(entry)
        }
        self._connection.executemany(
            "UPDATE image SET last_seq = ?2 WHERE sha256 = ?1", by_sha256.items()
        )

    def _insert_cameras(self, names: set[str]) -> None:
        for name in names - self._cameras:
            self._connection.execute(
                "INSERT INTO camera (name) VALUES (?) ON CONFLICT DO NOTHING", (name,)
            )

    def _insert_lazily(self, appends: Sequence[Append], lazy: Lazy) -> None:
        kept = {job.camera: job.open_passages for job in appends if job.open_passages is not None}
        # What is lazy was given after the appends of its camera.
        self._connection.executemany(
            "REPLACE INTO open_passages VALUES (?, ?)", (kept | lazy.open_passages).items()
        )
        lazy.deliveries.write(self._connection)

    def _stored(self, event: UUID) -> Entry | None:
        statement = f"SELECT {bodies.IN_LOG} FROM event WHERE id = ?"  # noqa: S608
        found = self._connection.execute(statement, (str(event),)).fetchone()
        return None if found is None else bodies.entry(found)

    def _cut_journal(self) -> None:
        """Keeps the write-ahead log bounded although some reader is always in the middle of it."""
        size = self._journal.stat().st_size if self._journal.exists() else 0
        if size < self._journal_cut_at:
            return
        self._connection.set_busy_timeout(CUT_TIMEOUT_MS)
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            self._journal_cut_at = JOURNAL_BYTES_HIGH
        except apsw.Error:
            # Readers, or a full disk; what was committed is safe in the journal.
            self._journal_cut_at = size + JOURNAL_BYTES_STEP
        finally:
            self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)
