"""The event log in one SQLite file: `platewire.db`, which third parties read as it is written.

This file joins the parts on the event loop: the writer thread (`writer`), what one transaction
does (`store`), the newest entries in memory (`recent`), a reader thread for older ones, retention.
It decides what is remembered in memory and when; it executes no SQL that writes.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

import apsw

from platewire.clock import Clock, milliseconds
from platewire.database import plates
from platewire.database.connection import explained
from platewire.database.pictures import read_picture
from platewire.errors import LogError, LogFull
from platewire.eventlog import letter_rows, picture_retention, retention, rows
from platewire.eventlog.bell import Bell
from platewire.eventlog.letters import (
    Attempt,
    DeadGroup,
    DeadLetter,
    DeadQuery,
    Parked,
    Ranges,
    Selection,
)
from platewire.eventlog.opening import Opened, open_folder
from platewire.eventlog.picture_retention import PictureKind, PictureLimits, PictureStep
from platewire.eventlog.recent import RecentEntries, RecentPictures
from platewire.eventlog.retention import Limits, Retained, Step
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.store import Append, Lazy, Task
from platewire.eventlog.writer import Outcome, Writer
from platewire.model import Entry, Event, Picture, Site
from platewire.status import Board, State

WAITING_MAX = 1024
"""Appends on their way at one time; whoever comes then waits before it is taken."""

T = TypeVar("T")


class SqliteLog:
    """Implements `EventLog`. Lives on one event loop; made by `open`.

    Appends of one camera must come one after the other, as its intake sends them.
    """

    def __init__(
        self,
        opened: Opened,
        settings: LogSettings,
        clock: Clock,
        board: Board,
        reading: ThreadPoolExecutor,
    ) -> None:
        memory = opened.memory
        self.path = opened.path
        self._settings = settings
        self._board = board
        self._lock = opened.lock
        self._images = opened.images
        self._reader = opened.reader
        self._reading = reading
        self._clock = clock
        self._bell = Bell(memory.last_seq)
        self._first_seq = memory.first_seq
        self._last_passage_number = memory.last_passage_number
        self._cursors = memory.cursors
        self._parked = memory.parked
        self._paused = memory.paused
        self._open = memory.open_passages
        self._entries = RecentEntries(memory.last_seq, settings.memory_bytes)
        self._pictures = RecentPictures(settings.memory_bytes)
        self._room = asyncio.Semaphore(WAITING_MAX)
        self._closed = False
        self._writer = Writer(opened.store, opened.path, self._committed)

    @classmethod
    async def open(
        cls, settings: LogSettings, clock: Clock, board: Board, *, vfs: str | None = None
    ) -> "SqliteLog":
        """Makes folder and file where they are missing, and brings an older file up to date.

        Raises LogVersion for a newer file, LogFull without space, and LogError for a folder in
        use or not writable and for a file that is damaged or not ours. `vfs` names another way to
        the disk that was registered with SQLite.
        """
        reading = ThreadPoolExecutor(1, thread_name_prefix="platewire-log-reader")
        loop = asyncio.get_running_loop()
        try:
            opened = await loop.run_in_executor(reading, open_folder, settings, clock, vfs)
        except BaseException:
            reading.shutdown()
            raise
        board.say("log", "log", State.RUNNING, str(opened.path))
        return cls(opened, settings, clock, board, reading)

    # --- writing -------------------------------------------------------------------------------

    async def append(
        self,
        camera: str,
        events: Sequence[Event],
        pictures: Sequence[Picture] = (),
        open_passages: bytes | None = None,
    ) -> Sequence[Entry]:
        if not events and not pictures:
            if open_passages is not None:
                self._writer.write_lazily(Lazy(open_passages={camera: open_passages}))
                self._open[camera] = open_passages
            return ()
        async with self._room:
            job = Append(camera, tuple(events), tuple(pictures), open_passages)
            entries: Sequence[Entry] = await self._result(job)
            return entries

    async def _result(self, job: Append | Task) -> Any:
        # Once given to the writer it is written, also when the caller is canceled meanwhile.
        return await self._writer.submit(job)

    async def _write(self, run: Callable[[apsw.Connection], T]) -> T:
        result: T = await self._result(Task(run))
        return result

    def _committed(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.error is None and isinstance(outcome.job, Append):
                self._appended(outcome.job, outcome.result)
        self._bell.ring(self._bell.last_seq)
        self._report(outcomes)
        for outcome in outcomes:
            _hand_over(outcome)

    def _appended(self, job: Append, entries: Sequence[Entry]) -> None:
        # An event given twice stands twice among the entries, perhaps out of order.
        last_seq = self._bell.last_seq
        by_seq = {entry.event.seq: entry for entry in entries if entry.event.seq > last_seq}
        fresh = [by_seq[seq] for seq in sorted(by_seq)]
        if fresh:
            self._entries.extend(fresh)
            self._bell.last_seq = fresh[-1].event.seq
            numbers = (entry.event.passage_number for entry in fresh)
            self._last_passage_number = max(self._last_passage_number, *numbers)
        for picture in job.pictures:
            self._pictures.add(picture.image.sha256, picture.jpeg)
        if job.open_passages is not None:
            self._open[job.camera] = job.open_passages

    def _report(self, outcomes: Sequence[Outcome]) -> None:
        errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        if errors:
            full = isinstance(errors[0], LogFull)
            state = State.WAITING if full else State.FAILED
            self._board.fail("log", "log", state, str(errors[0]))
        else:
            self._board.say("log", "log", State.RUNNING, str(self.path))
        self._board.count("log", "log", commits=1)
        self._board.gauge("log", "log", first_seq=self._first_seq, last_seq=self.last_seq)

    # --- reading -------------------------------------------------------------------------------

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        recent = self._entries.read(after, limit)
        if recent is not None:
            return recent
        return await self._read(rows.entries, after, self.last_seq, limit)

    async def _read(self, query: Callable[..., T], *arguments: object) -> T:
        """Runs the query on the reader thread."""
        if self._closed:
            raise LogError(f"the event log {self.path} is closed")
        loop = asyncio.get_running_loop()
        with explained(self.path):
            return await loop.run_in_executor(self._reading, query, self._reader, *arguments)

    async def wait(self, after: int) -> int:
        return await self._bell.wait(after)

    @property
    def last_seq(self) -> int:
        return self._bell.last_seq

    @property
    def first_seq(self) -> int:
        return self._first_seq

    @property
    def last_passage_number(self) -> int:
        return self._last_passage_number

    async def picture(self, sha256: str) -> bytes | None:
        recent = self._pictures.get(sha256)
        return recent or await self._read(read_picture, self.path.parent, sha256)

    async def open_passages(self, camera: str) -> bytes | None:
        return self._open.get(camera)

    async def cameras_with_open_passages(self) -> Sequence[str]:
        return sorted(self._open)

    # --- transfers -----------------------------------------------------------------------------

    async def cursor(self, transfer: str) -> int | None:
        place = self._cursors.get(transfer)
        return None if place is None else place[0]

    async def acknowledged(self, transfer: str) -> Ranges:
        return self._cursors[transfer][1] if transfer in self._cursors else ()

    async def set_cursor(self, transfer: str, seq: int, above: Ranges = ()) -> None:
        if transfer not in self._cursors:
            row = (transfer, seq, above)
            await self._write(lambda connection: letter_rows.set_cursors(connection, [row]))
        else:
            self._writer.write_lazily(Lazy(cursors={transfer: (seq, above)}))
        self._cursors[transfer] = (seq, above)

    async def select(self, transfer: str, selection: Selection) -> None:
        await self._write(lambda connection: letter_rows.select(connection, transfer, selection))

    async def selections(self, transfer: str) -> Sequence[Selection]:
        return await self._read(letter_rows.selections, transfer)

    async def park(self, rows: Sequence[Parked]) -> None:
        await self._write(lambda connection: letter_rows.park(connection, rows))
        for row in rows:
            self._parked.setdefault(row.transfer, set()).add(row.seq)

    async def unpark(self, transfer: str, seq: int) -> None:
        self._writer.write_lazily(Lazy(unparked=[(transfer, seq)]))
        self._parked.get(transfer, set()).discard(seq)

    async def parked(self, transfer: str) -> Sequence[Parked]:
        return await self._read(letter_rows.parked, transfer)

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        await self._write(lambda connection: letter_rows.bury(connection, letters))
        for letter in letters:
            self._parked.get(letter.transfer, set()).discard(letter.seq)

    async def dead(self, transfer: str, query: DeadQuery, limit: int) -> Sequence[DeadLetter]:
        return await self._read(letter_rows.dead, transfer, query, limit)

    async def dead_groups(self, transfer: str) -> Sequence[DeadGroup]:
        return await self._read(letter_rows.dead_groups, transfer)

    async def requeue(self, transfer: str, query: DeadQuery, at: datetime) -> Sequence[Parked]:
        parked = await self._write(
            lambda connection: letter_rows.requeue(connection, transfer, query, at)
        )
        self._parked.setdefault(transfer, set()).update(row.seq for row in parked)
        return parked

    async def discard(self, transfer: str, query: DeadQuery, reason: str, at: datetime) -> int:
        return await self._write(
            lambda connection: letter_rows.discard(connection, transfer, query, reason, at)
        )

    async def resolve(self, transfer: str, seqs: Sequence[int]) -> None:
        await self._write(lambda connection: letter_rows.resolve(connection, transfer, seqs))

    async def keep_attempt(self, attempt: Attempt) -> None:
        self._writer.write_lazily(Lazy(attempts=[attempt]))

    async def attempts(self, transfer: str, seq: int | None, limit: int) -> Sequence[Attempt]:
        return await self._read(letter_rows.attempts, transfer, seq, limit)

    async def pause(self, transfer: str, reason: str | None) -> None:
        await self._write(lambda connection: rows.pause(connection, transfer, reason))
        if reason is None:
            self._paused.pop(transfer, None)
        else:
            self._paused[transfer] = reason

    async def paused(self, transfer: str) -> str | None:
        return self._paused.get(transfer)

    # --- the installation, retention, the end --------------------------------------------------

    async def describe(self, site: Site) -> None:
        """Tells the views what events do not: numbers of the system, the channels and zones."""
        now = self._clock.now()
        await self._write(lambda connection: rows.describe(connection, site, now))

    async def take_in_plates(self) -> bool:
        """Prepares searches for the next events; whether there are more. See database.plates."""
        return await self._write(plates.take_in)

    async def retain(self, transfers: Collection[str] | None = None) -> Retained:
        """Deletes what the settings call too old or too much; to be called every minute or so.

        `transfers` are those in use, which are waited for while `keep_for_transfers` is set; None
        means all that ever ran. What a transfer loses by `keep_for_transfers = false` is in the
        answer, once.
        """
        old_first = self._first_seq
        limits = self._limits(transfers)
        events, pictures = 0, list[str]()
        while (step := await self._retain_step(limits)).events:
            events += step.events
            pictures += step.pictures
            self._forget(step)
        pictures += await self._retain_pictures(limits.seq_max)
        await self._write(lambda connection: retention.sweep(connection, self._images))
        overtaken = self._overtaken(old_first, transfers)
        return Retained(self._first_seq, events, tuple(pictures), overtaken)

    async def _retain_pictures(self, seq_max: int) -> list[str]:
        """Those that go before their events; their hashes."""
        now = self._clock.now()
        limits = PictureLimits(milliseconds(now), self._settings.cutoffs(now), seq_max)
        gone: list[str] = []
        for kind in limits.cutoff_ms:
            while (step := await self._picture_step(limits, kind)).looked_at:
                gone += step.pictures
        for sha256 in gone:
            self._pictures.forget(sha256)
        return gone

    async def _picture_step(self, limits: PictureLimits, kind: PictureKind) -> PictureStep:
        step: PictureStep = await self._result(
            Task(
                lambda connection: picture_retention.step(connection, limits, kind),
                after=self._delete_files,
            )
        )
        return step

    def _delete_files(self, step: Step | PictureStep) -> None:
        for file in step.files:
            self._images.unlink(file)

    def _limits(self, transfers: Collection[str] | None) -> Limits:
        now = self._clock.now()
        days = self._settings.retention_days
        cursors = self._named_cursors(transfers).values()
        waits = self._settings.keep_for_transfers and cursors
        return Limits(
            now_ms=milliseconds(now),
            cutoff_ms=None if days is None else milliseconds(now - timedelta(days=days)),
            bytes_max=self._settings.retention_bytes,
            seq_max=min(cursors) if waits else self.last_seq,
        )

    def _named_cursors(self, transfers: Collection[str] | None) -> Mapping[str, int]:
        """How far retention may go for each: its floor, or less where something is parked."""
        names = self._cursors if transfers is None else [*filter(self._cursors.get, transfers)]
        return {
            name: min([self._cursors[name][0], *(seq - 1 for seq in self._parked.get(name, ()))])
            for name in names
        }

    async def _retain_step(self, limits: Limits) -> Step:
        step: Step = await self._result(
            Task(lambda connection: retention.step(connection, limits), after=self._delete_files)
        )
        return step

    def _forget(self, step: Step) -> None:
        self._first_seq = step.first_seq
        self._entries.forget_before(step.first_seq)
        for sha256 in step.pictures:
            self._pictures.forget(sha256)

    def _overtaken(
        self, old_first: int, transfers: Collection[str] | None
    ) -> Mapping[str, tuple[int, int]]:
        last_gone = self._first_seq - 1
        cursors = self._named_cursors(transfers)
        return {
            name: (max(seq + 1, old_first), last_gone)
            for name, seq in cursors.items()
            if seq < last_gone and old_first <= last_gone
        }

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        self._bell.break_with(LogError(f"the event log {self.path} is closed"))
        self._reading.shutdown()
        self._reader.close()
        self._lock.release()


def _hand_over(outcome: Outcome) -> None:
    if outcome.future.done():
        return
    if outcome.error is None:
        outcome.future.set_result(outcome.result)
    else:
        outcome.future.set_exception(outcome.error)
