"""The only thread that writes: collects appends, commits them with one flush, wakes the loop.

While a commit flushes, the next group collects; so the more producers wait, the larger the groups.
Failures are handled as follows:

    a bad append       its group is retried one by one, so that only this append fails
    locked, no space   LogWaits (LogFull) for the whole group; nothing was written
    temporary error    out of descriptors, missing folder, failed read: LogWaits; the connection is
                       closed, and another one is opened first
    failed write or    the first time likewise, as the state of the connection is unknown. If it
    flush, corruption  happens again before the next successful write: LogError, permanently
    file replaced      LogGone, permanently: the file that is written to has lost its name

After LogWaits the caller may repeat the same append: events that were stored after all are
recognized by their id. Until then the thread retries by itself, with growing intervals.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from platewire.database.connection import NO_SPACE, file_remedy, translated
from platewire.errors import LogError, LogFull, LogGone, LogWaits
from platewire.eventlog.store import Append, Lazy, Store, Task, WrongPictureError
from platewire.model import Entry
from platewire.runtime.backoff import Backoff

LAZY_SECONDS = 0.2
"""Seconds that a write without hurry waits for a commit to join: saves fsyncs, may be lost in a
crash."""
PAUSE_SECONDS = 0.1
"""Seconds before the first new try of a write that failed; pauses grow up to PAUSE_SECONDS_MAX."""
PAUSE_SECONDS_MAX = 2.0
"""Between two tries while something is in the way; each also waits for others' locks."""
READS = (
    *(apsw.SQLITE_IOERR_READ, apsw.SQLITE_IOERR_SHORT_READ, apsw.SQLITE_IOERR_ACCESS),
    *(apsw.SQLITE_IOERR_FSTAT, apsw.SQLITE_IOERR_LOCK, apsw.SQLITE_IOERR_RDLOCK),
    *(apsw.SQLITE_IOERR_SHMOPEN, apsw.SQLITE_IOERR_SHMMAP, apsw.SQLITE_IOERR_SHMLOCK),
    *(apsw.SQLITE_IOERR_CHECKRESERVEDLOCK, apsw.SQLITE_IOERR_NOMEM),
)
"""I/O errors after which what was written before is still known to be there."""

Job = Append | Task
Waiting = tuple[Job, "asyncio.Future[Any]"]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of a job: its result, or the error that its caller gets."""

    job: Job
    future: "asyncio.Future[Any]"
    result: Any = None
    error: LogError | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """What became of all that was tried at once."""

    outcomes: Sequence[Outcome]
    found: Sequence[Entry] = ()
    """In the log already, though nobody was told: a commit that failed had succeeded."""
    failure: LogError | None = None
    """What is in the way of writing."""


class Writer:
    """Jobs and lazies are given on the event loop; `on_commit` is called there, once per group."""

    def __init__(self, store: Store, path: Path, on_commit: Callable[[Group], None]) -> None:
        self._store = store
        self._path = path
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._wake = threading.Condition()
        self._waiting: list[Waiting] = []
        self._lazy = Lazy()
        self._closing = False
        self._closed = self._loop.create_future()
        self._broken: LogError | None = None
        """Why nothing will ever be written again."""
        self._failure: LogWaits | None = None
        """What is in everybody's way since the last try."""
        self._in_doubt = False
        """The connection is not to be used again."""
        self._unflushed = False
        """What was written earlier without a flush may be lost, as one has failed since."""
        self._failed_before = False
        """By the disk or by damage, and nothing was written since."""
        self._pauses = Backoff(first_seconds=PAUSE_SECONDS, longest_seconds=PAUSE_SECONDS_MAX)
        self._failures_in_a_row = 0
        """In a row."""
        self._thread = threading.Thread(target=self._run, name="platewire-log-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> "asyncio.Future[Any]":
        future = self._loop.create_future()
        with self._wake:
            if self._closing:
                raise LogError(f"the event log {self._path} is closed")
            if isinstance(job, Append) and job.open_passages is not None:
                self._lazy.open_passages.pop(job.camera, None)
            self._waiting.append((job, future))
            self._wake.notify()
        return future

    def write_lazily(self, lazy: Lazy) -> None:
        """Goes along with the next commit, at the latest after `LAZY_SECONDS`."""
        with self._wake:
            if self._closing:
                raise LogError(f"the event log {self._path} is closed")
            if not self._lazy:
                self._wake.notify()
            self._lazy.add(lazy)

    def break_with(self, error: LogError) -> None:
        """Nothing is written any more; what waits gets the error."""
        with self._wake:
            self._broken = self._broken or error
            self._wake.notify()

    async def close(self) -> None:
        """Writes what waits, then ends the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.shield(self._closed)
        self._thread.join()

    # --- on the writer thread ------------------------------------------------------------------

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            self._tell(self._on_commit, self._write(*taken))
        self._close_store()
        self._tell(_resolve, self._closed)

    def _close_store(self) -> None:
        # What was committed is safe; the next start takes the journal in.
        with suppress(apsw.Error):
            self._store.close()

    def _tell(self, call: Callable[..., None], argument: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, argument)
        except RuntimeError:
            return  # The event loop is gone, and with it everyone who could be told.

    def _take(self) -> tuple[list[Waiting], Lazy] | None:
        """All that waits, as soon as something is urgent or lazies have waited long enough; perhaps
        nothing, to try whether writing works again; None when the log has closed."""
        with self._wake:
            if self._failures_in_a_row:
                self._wake.wait_for(
                    lambda: self._closing, self._pauses.delay(self._failures_in_a_row)
                )
            else:
                self._wake.wait_for(lambda: self._waiting or self._lazy or self._closing)
                if not self._waiting and not self._closing:
                    self._wake.wait_for(lambda: self._waiting or self._closing, LAZY_SECONDS)
            if self._closing and not self._waiting and not self._lazy:
                return None
            jobs, self._waiting = self._waiting, []
            lazy, self._lazy = self._lazy, Lazy()
            return jobs, lazy

    def _write(self, jobs: list[Waiting], lazy: Lazy) -> Group:
        found = self._ready()
        outcomes = self._tried(jobs, lazy)
        if self._in_the_way is None:
            self._failures_in_a_row, self._failed_before = 0, False
        else:
            self._failures_in_a_row = 0 if self._broken else self._failures_in_a_row + 1
        return Group(outcomes, found, self._in_the_way)

    @property
    def _in_the_way(self) -> LogError | None:
        return self._broken or self._failure

    def _ready(self) -> Sequence[Entry]:
        """Leaves a connection that can be used, or says what is in the way."""
        self._failure = None
        if self._broken or not self._in_doubt:
            return ()
        try:
            found = self._store.reopen(flush_failed=self._unflushed)
        except LogError as error:
            self.break_with(error)
        except Exception as error:
            self._judged(error)
        else:
            self._in_doubt = self._unflushed = False
            return found
        return ()

    def _tried(self, jobs: list[Waiting], lazy: Lazy) -> list[Outcome]:
        if (why := self._in_the_way) is not None:
            return self._put_off(jobs, lazy, why)
        try:
            if self._failures_in_a_row and not jobs and not lazy:
                self._store.probe()
            return self._write_together(jobs, lazy)
        except (apsw.ConstraintError, WrongPictureError) as error:
            if not jobs:
                return self._put_off(jobs, lazy, self._judged(error))
            return [self._write_alone(*job) for job in jobs] + self._tried([], lazy)
        except Exception as error:
            return self._put_off(jobs, lazy, self._judged(error))

    def _write_together(self, jobs: list[Waiting], lazy: Lazy) -> list[Outcome]:
        appends = [job for job, _ in jobs if isinstance(job, Append)]
        tasks = [job for job, _ in jobs if isinstance(job, Task)]
        results = dict(
            zip([*appends, *tasks], self._store.commit(appends, tasks, lazy), strict=True)
        )
        return [Outcome(job, future, result=results[job]) for job, future in jobs]

    def _write_alone(self, job: Job, future: "asyncio.Future[Any]") -> Outcome:
        if self._in_the_way is not None:
            return Outcome(job, future, error=self._in_the_way)
        try:
            if isinstance(job, Append):
                result: Any = self._store.append_again(job)
            else:
                (result,) = self._store.commit([], [job], Lazy())
        except Exception as error:
            return Outcome(job, future, error=self._judged(error))
        return Outcome(job, future, result=result)

    def _put_off(self, jobs: list[Waiting], lazy: Lazy, why: LogError) -> list[Outcome]:
        with self._wake:
            # When closing there is no later: what is lazy was written as far as that was possible.
            if not self._closing and self._broken is None:
                self._lazy.put_back(lazy)
        return [Outcome(*job, error=why) for job in jobs]

    # --- what an error means -------------------------------------------------------------------

    def _judged(self, error: Exception) -> LogError:
        """What its callers are told; also in `_failure` where it is in everybody's way."""
        match error:
            case LogGone():
                failure: LogError = error
            case LogError():
                return error
            case apsw.ConstraintError():
                return translated(self._path, error)
            case OSError():
                failure = self._judged_file(error)
            case apsw.Error():
                failure = self._judged_database(error)
            case _:
                failure = LogError(f"{self._path}: the writer failed: {error!r}; please report it")
        if failure is not error:
            failure.__cause__ = error
        if isinstance(failure, LogWaits):
            self._failure = failure
        else:
            self.break_with(failure)
        return failure

    def _judged_database(self, error: apsw.Error) -> LogError:
        if isinstance(error, apsw.BusyError | apsw.LockedError | apsw.FullError):
            return translated(self._path, error)  # nothing was begun, or SQLite has undone it
        self._in_doubt = True
        by_disk = isinstance(error, apsw.IOError) and _extended(error) not in READS
        self._unflushed = self._unflushed or by_disk
        if isinstance(error, apsw.IOError) and self._store.system_errno in NO_SPACE:
            return translated(self._path, apsw.FullError(str(error)))
        judged = translated(self._path, error)
        if not by_disk and not isinstance(error, apsw.CorruptError | apsw.NotADBError):
            return judged
        kind = LogError if self._failed_before else LogWaits
        self._failed_before = True
        return kind(str(judged))

    def _judged_file(self, error: OSError) -> LogError:
        if error.errno in NO_SPACE:
            return LogFull(
                f"no disk space left for the picture {error.filename or self._path.parent}: free "
                "disk space, or set retention; no data is lost"
            )
        return LogWaits(
            f"a picture cannot be stored in {self._path.parent}: {error}; {file_remedy(error)}; "
            "no data is lost"
        )


def _extended(error: apsw.Error) -> int:
    return int(getattr(error, "extendedresult", apsw.SQLITE_IOERR))


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
