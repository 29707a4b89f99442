"""What one transaction of the event log does: files first, then all rows together or not at all.

Used by the writer thread alone. Knows nothing of threads or of waiting callers.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import apsw

from platewire.clock import Clock
from platewire.database import bodies
from platewire.database.connection import BUSY_TIMEOUT_MS
from platewire.database.projection import inserts, pictures_shown
from platewire.errors import LogError
from platewire.eventlog import letter_rows
from platewire.eventlog.images import ImageFiles
from platewire.eventlog.letters import Attempt, Ranges
from platewire.model import Entry, Event, Picture
from platewire.wire import native

JOURNAL_BYTES_HIGH = 64 * 1024 * 1024
"""Beyond this the write-ahead log is cut, for which readers of an old state are waited for."""
JOURNAL_BYTES_STEP = 16 * 1024 * 1024
"""How much more it must grow before that is tried again."""
CUT_TIMEOUT_MS = 100
ATTEMPTS_WAITING_MAX = 10_000
"""While nothing can be written, older attempts than these are forgotten."""


@dataclass(frozen=True, slots=True, eq=False)
class Append:
    """One call of `EventLog.append`; gives its entries."""

    camera: str
    events: Sequence[Event]
    pictures: Sequence[Picture]
    open_passages: bytes | None


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Another durable write; gives what `run` gives. `after` follows the commit, on that thread."""

    run: Callable[[apsw.Connection], Any]
    after: Callable[[Any], None] = lambda result: None


@dataclass(slots=True)
class Lazy:
    """What goes along with the next commit and needs no flush of its own."""

    cursors: dict[str, tuple[int, Ranges]] = field(default_factory=dict)
    open_passages: dict[str, bytes] = field(default_factory=dict)
    unparked: list[tuple[str, int]] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.cursors or self.open_passages or self.unparked or self.attempts)

    def add(self, newer: "Lazy") -> None:
        self.cursors.update(newer.cursors)
        self.open_passages.update(newer.open_passages)
        self.unparked += newer.unparked
        self.attempts += newer.attempts
        del self.attempts[:-ATTEMPTS_WAITING_MAX]

    def put_back(self, older: "Lazy") -> None:
        """Takes in what could not be written, but for what was replaced since."""
        self.cursors = older.cursors | self.cursors
        self.open_passages = older.open_passages | self.open_passages
        self.unparked[:0] = older.unparked
        self.attempts[:0] = older.attempts
        del self.attempts[:-ATTEMPTS_WAITING_MAX]


class WrongPictureError(LogError):
    """A picture does not have the hash by which it is named."""


class Store:
    def __init__(
        self, connection: apsw.Connection, path: Path, images: ImageFiles, clock: Clock
    ) -> None:
        self._connection = connection
        self._journal = path.with_name(f"{path.name}-wal")
        self._journal_cut_at = JOURNAL_BYTES_HIGH
        self._images = images
        self._clock = clock
        self._cameras = {name for (name,) in connection.execute("SELECT name FROM camera")}
        self.last_seq: int = connection.execute("SELECT last_seq FROM log").get

    @property
    def system_errno(self) -> int:
        """What the operating system said to the last statement that failed."""
        return self._connection.system_errno

    def commit(self, appends: Sequence[Append], tasks: Sequence[Task], lazy: Lazy) -> list[Any]:
        """Gives the result of each append, then of each task. Raises apsw.Error, OSError or
        WrongPictureError, and then nothing was written."""
        pictures = {picture.image.sha256: picture for job in appends for picture in job.pictures}
        paths = self._write_files(pictures)
        with self._transaction(flush=bool(appends or tasks)):
            entries = self._number(appends)
            self._insert_pictures(pictures, paths)
            numbered = [entry for part in entries for entry in part]
            self._insert_entries(numbered)
            self._insert_lazily(appends, lazy)
            results = [task.run(self._connection) for task in tasks]
        self.last_seq += len(numbered)
        self._cameras |= {entry.event.camera for entry in numbered}
        for task, result in zip(tasks, results, strict=True):
            task.after(result)
        self._cut_journal()
        return [*entries, *results]

    def append_again(self, append: Append) -> list[Entry]:
        """As `commit` for one append, where some of its events may be in the log already."""
        stored = {event.id: entry for event in append.events if (entry := self._stored(event.id))}
        fresh = {event.id: event for event in append.events if event.id not in stored}
        rest = Append(append.camera, tuple(fresh.values()), append.pictures, append.open_passages)
        (entries,) = self.commit([rest], [], Lazy())
        stored |= {entry.event.id: entry for entry in entries}
        return [stored[event.id] for event in append.events]

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _transaction(self, *, flush: bool) -> Iterator[None]:
        # With NORMAL the write-ahead log is written but not flushed: a power cut may take it back,
        # a crash of the process may not. The next flush covers it.
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if flush else 'NORMAL'}")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _write_files(self, pictures: dict[str, Picture]) -> dict[str, str]:
        paths = {}
        for sha256, picture in pictures.items():
            if hashlib.sha256(picture.jpeg).hexdigest() != sha256:
                raise WrongPictureError(
                    f"a {picture.role} picture is named {sha256}, not by its hash"
                )
            if picture.role != "plate":
                paths[sha256] = self._images.write(sha256, picture.jpeg)
        self._images.flush()
        return paths

    def _number(self, appends: Sequence[Append]) -> list[list[Entry]]:
        seq = self.last_seq
        entries = []
        for append in appends:
            now = self._clock.now()
            part = []
            for event in append.events:
                seq += 1
                numbered = event.numbered(seq, now)
                part.append(Entry(numbered, native.encode(numbered)))
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
        shown = {sha256: entry.event.seq for entry in entries for sha256 in pictures_shown(entry)}
        self._connection.executemany(
            "UPDATE image SET last_seq = ?2 WHERE sha256 = ?1", shown.items()
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
        letter_rows.set_cursors(
            self._connection, ((name, *place) for name, place in lazy.cursors.items())
        )
        letter_rows.unpark(self._connection, lazy.unparked)
        letter_rows.keep_attempts(self._connection, lazy.attempts)

    def _stored(self, event: UUID) -> Entry | None:
        statement = f"SELECT {bodies.COLUMNS} FROM event WHERE id = ?"  # noqa: S608
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
