"""The one thread that writes: it takes all that waits, commits it with one flush, wakes the loop.

While a commit flushes, the next group gathers; so the more producers wait, the larger the groups.
Decides what a failure means:

    no space        LogFull for the whole group; nothing was written, the thread goes on
    a bad append    its group is tried again one by one, so that it fails alone
    the disk fails  LogError, now and for ever: after a failed flush nothing is known of the file
"""

import asyncio
import errno
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from platewire.database.connection import translated
from platewire.errors import LogError, LogFull
from platewire.eventlog.store import Append, Lazy, Store, Task, WrongPictureError

LAZY_SECONDS = 0.2
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Job = Append | Task
Waiting = tuple[Job, "asyncio.Future[Any]"]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of a job: its result, or the error that its caller gets."""

    job: Job
    future: "asyncio.Future[Any]"
    result: Any = None
    error: LogError | None = None


class Writer:
    """Jobs and lazies are given on the event loop; `on_commit` is called there, once per group."""

    def __init__(
        self, store: Store, path: Path, on_commit: Callable[[Sequence[Outcome]], None]
    ) -> None:
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

    async def close(self) -> None:
        """Writes what waits, then ends the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.shield(self._closed)
        self._thread.join()

    # --- on the writer thread ------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            jobs, lazy = self._take()
            if not jobs and not lazy:
                break
            outcomes = self._write(jobs, lazy)
            self._tell(self._on_commit, outcomes)
        self._close_store()
        self._tell(_resolve, self._closed)

    def _close_store(self) -> None:
        try:
            self._store.close()
        except apsw.Error as error:
            self._broken = self._broken or translated(self._path, error)

    def _tell(self, call: Callable[..., None], argument: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, argument)
        except RuntimeError:
            return  # The event loop is gone, and with it everyone who could be told.

    def _take(self) -> tuple[list[Waiting], Lazy]:
        """All that waits, as soon as something is urgent or lazies have waited long enough; nothing
        at all when the log closes."""
        with self._wake:
            self._wake.wait_for(lambda: self._waiting or self._lazy or self._closing)
            if not self._waiting and not self._closing:
                self._wake.wait_for(lambda: self._waiting or self._closing, LAZY_SECONDS)
            jobs, self._waiting = self._waiting, []
            lazy, self._lazy = self._lazy, Lazy()
            return jobs, lazy

    def _write(self, jobs: list[Waiting], lazy: Lazy) -> Sequence[Outcome]:
        if self._broken is not None:
            return [Outcome(*job, error=self._broken) for job in jobs]
        try:
            return self._write_together(jobs, lazy)
        except (apsw.ConstraintError, WrongPictureError):
            return [self._write_alone(*job) for job in jobs] + list(self._write([], lazy))
        except Exception as error:
            return self._failed(error, jobs, lazy)

    def _write_together(self, jobs: list[Waiting], lazy: Lazy) -> list[Outcome]:
        appends = [job for job, _ in jobs if isinstance(job, Append)]
        tasks = [job for job, _ in jobs if isinstance(job, Task)]
        results = dict(
            zip([*appends, *tasks], self._store.commit(appends, tasks, lazy), strict=True)
        )
        return [Outcome(job, future, result=results[job]) for job, future in jobs]

    def _write_alone(self, job: Job, future: "asyncio.Future[Any]") -> Outcome:
        if self._broken is not None:
            return Outcome(job, future, error=self._broken)
        try:
            if isinstance(job, Append):
                result: Any = self._store.append_again(job)
            else:
                (result,) = self._store.commit([], [job], Lazy())
        except Exception as error:
            return Outcome(job, future, error=self._judged(error))
        return Outcome(job, future, result=result)

    def _failed(self, error: Exception, jobs: list[Waiting], lazy: Lazy) -> Sequence[Outcome]:
        judged = self._judged(error)
        with self._wake:
            # When closing there is no later: what is lazy was written as far as there was space.
            if not self._closing:
                self._lazy.put_back(lazy)
        return [Outcome(*job, error=judged) for job in jobs]

    def _judged(self, error: Exception) -> LogError:
        match error:
            case LogError():
                return error
            case OSError():
                return self._judged_file(error)
            case apsw.IOError() if self._store.system_errno in NO_SPACE:
                return translated(self._path, apsw.FullError(str(error)))
            case apsw.FullError() | apsw.BusyError() | apsw.ConstraintError():
                return translated(self._path, error)
            case apsw.ReadOnlyError() | apsw.CantOpenError():
                return translated(self._path, error)
            case apsw.Error():
                judged = translated(self._path, error)
            case _:
                judged = LogError(f"{self._path}: the writer failed: {error!r}; please report it")
        judged.__cause__ = error
        self._broken = judged
        return judged

    def _judged_file(self, error: OSError) -> LogError:
        if error.errno in NO_SPACE:
            judged: LogError = LogFull(
                f"no space is left for the picture {error.filename or self._path.parent}: free "
                "some, or set retention; nothing is lost"
            )
        else:
            judged = LogError(
                f"a picture cannot be kept in {self._path.parent}: {error}; the folder must be "
                "writable for platewire"
            )
        judged.__cause__ = error
        return judged


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
