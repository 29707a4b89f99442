"""The event log in one SQLite file, `platewire.db`, which other programs may read while it is
written.

Combines the parts on the event loop: the writer and reader threads (`threads`), the transactions
(`store`), the newest entries in memory (`recent`), the delivery book (`deliveries`), retention. It
decides what stays in memory and when; it executes no SQL that writes.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

from platewire.database.pictures import read_picture
from platewire.database.search import plates
from platewire.errors import LogError, LogGone, LogWaits
from platewire.eventlog import rows
from platewire.eventlog.bell import Bell
from platewire.eventlog.deliveries.sqlite_book import SqliteDeliveryBook
from platewire.eventlog.history.watch import Watch
from platewire.eventlog.log import NOW
from platewire.eventlog.opening import OpenedLog, open_folder
from platewire.eventlog.recent import RecentEntries, RecentPictures
from platewire.eventlog.settings import LogSettings, PictureKind
from platewire.eventlog.store import Append, Lazy, Task
from platewire.eventlog.threads import Threads
from platewire.eventlog.upkeep import clock_check, picture_retention, retention
from platewire.eventlog.upkeep.limits import event_limits, picture_limits
from platewire.eventlog.upkeep.picture_retention import PictureLimits, PictureStep
from platewire.eventlog.upkeep.retention import Limits, Retained, Step
from platewire.eventlog.writer import Group, Outcome
from platewire.model import BootTime, Entry, Event, Picture, Site
from platewire.numbering import Numbering
from platewire.runtime.clock import Clock
from platewire.runtime.status import Board, State
from platewire.runtime.test_plate import TEST_PICTURE

WAITING_MAX = 1024
"""Appends on their way at one time; whoever comes then waits before it is taken."""


class SqliteLog:
    """Implements `EventLog`. Belongs to one event loop; created by `open`.

    Appends of one camera must be sequential, as its intake sends them.
    """

    def __init__(
        self,
        opened: OpenedLog,
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
        self._clock = clock
        self._bell = Bell(memory.last_seq)
        self._first_seq = memory.first_seq
        self._last_passage_number = memory.last_passage_number
        self._open = memory.open_passages
        self._entries = RecentEntries(memory.last_seq, settings.memory_bytes)
        self._pictures = RecentPictures(settings.memory_bytes)
        self._room = asyncio.Semaphore(WAITING_MAX)
        self._closed = False
        self._numbering = memory.numbering
        self._store = opened.store
        self._judgment = opened.judgment
        self._tell_of_the_clock()
        self._threads = Threads(opened, reading, self._committed)
        self.deliveries = SqliteDeliveryBook(self._threads, memory.deliveries)
        self._watch = Watch(
            opened.guard,
            clock,
            board,
            lambda: self._threads.read(rows.last_seq),
            lambda: self.last_seq,
        )

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
        arrived: Mapping[UUID, BootTime | None] = NOW,
    ) -> Sequence[Entry]:
        if not events and not pictures:
            if open_passages is not None:
                self._threads.write_lazily(Lazy(open_passages={camera: open_passages}))
                self._open[camera] = open_passages
            return ()
        async with self._room:
            job = Append(camera, tuple(events), tuple(pictures), open_passages, arrived)
            entries: Sequence[Entry] = await self._threads.submit(job)
            return entries

    def _committed(self, group: Group) -> None:
        self._take_in(group.found)
        for outcome in group.outcomes:
            if outcome.error is None and isinstance(outcome.job, Append):
                self._appended(outcome.job, outcome.result)
        self._bell.ring(self._bell.last_seq)
        self._report(group)
        for outcome in group.outcomes:
            _hand_over(outcome)

    def _take_in(self, entries: Sequence[Entry]) -> None:
        # An event given twice stands twice among the entries, perhaps out of order.
        last_seq = self._bell.last_seq
        by_seq = {entry.event.seq: entry for entry in entries if entry.event.seq > last_seq}
        fresh = [by_seq[seq] for seq in sorted(by_seq)]
        if fresh:
            self._entries.extend(fresh)
            self._bell.last_seq = fresh[-1].event.seq
            numbers = (entry.event.passage_number for entry in fresh)
            self._last_passage_number = max(self._last_passage_number, *numbers)

    def _appended(self, job: Append, entries: Sequence[Entry]) -> None:
        self._take_in(entries)
        for picture in job.pictures:
            self._pictures.add(picture.image.sha256, picture.jpeg)
        if job.open_passages is not None:
            self._open[job.camera] = job.open_passages

    def _report(self, group: Group) -> None:
        errors = [group.failure, *(outcome.error for outcome in group.outcomes)]
        error = next((each for each in errors if each is not None), None)
        if error is not None:
            state = State.WAITING if isinstance(error, LogWaits) else State.FAILED
            self._board.fail("log", "log", state, str(error))
            self._board.count("log", "log", failures=1)
        else:
            self._board.count("log", "log", commits=1)
            self._board.gauge("log", "log", last_written_at=self._clock.now().timestamp())
            if not self._watch.failure:
                self._board.say("log", "log", State.RUNNING, self._store.failure or str(self.path))
        self._board.gauge("log", "log", first_seq=self._first_seq, last_seq=self.last_seq)

    # --- reading -------------------------------------------------------------------------------

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        recent = self._entries.read(after, limit)
        if recent is not None:
            return recent
        return await self._threads.read(rows.entries, after, self.last_seq, limit)

    async def of_passages(self, numbers: Collection[int], last: int) -> Sequence[Entry]:
        return await self._threads.read(rows.of_passages, tuple(numbers), last)

    async def wait(self, after: int) -> int:
        return await self._bell.wait(after)

    @property
    def last_seq(self) -> int:
        return self._bell.last_seq

    @property
    def first_seq(self) -> int:
        return self._first_seq

    @property
    def numbering(self) -> Numbering:
        return self._numbering

    @property
    def last_passage_number(self) -> int:
        return self._last_passage_number

    async def picture(self, sha256: str) -> bytes | None:
        if sha256 == TEST_PICTURE.image.sha256:
            return TEST_PICTURE.jpeg
        recent = self._pictures.get(sha256)
        return recent or await self._threads.read(read_picture, self.path.parent, sha256)

    async def open_passages(self, camera: str) -> bytes | None:
        return self._open.get(camera)

    async def cameras_with_open_passages(self) -> Sequence[str]:
        return sorted(self._open)

    # --- the installation, retention, the end --------------------------------------------------

    async def describe(self, site: Site) -> None:
        """Tells the views what events do not: numbers of the system, the channels and zones."""
        now = self._clock.now()
        await self._threads.write(lambda connection: rows.describe(connection, site, now))

    async def take_in_plates(self) -> bool:
        """Prepares searches for the next events; whether there are more. See database.plates."""
        return await self._threads.write(plates.take_in)

    async def retain(self, outputs: Collection[str] | None = None) -> Retained:
        """Deletes what the settings call too old or too much; to be called every minute or so.

        `outputs` are those in use, which are waited for while `keep_for_outputs` is set; None
        means all that ever ran. What an output loses by `keep_for_outputs = false` is in the
        answer, once.
        """
        old_first = self._first_seq
        await self._look_at_the_clock()
        limits = self._limits(outputs)
        events, pictures = 0, list[str]()
        while (step := await self._retain_step(limits)).events:
            events += step.events
            pictures += step.pictures
            self._forget(step)
        pictures += await self._retain_pictures(limits.seq_max)
        await self._threads.write(lambda connection: retention.sweep(connection, self._images))
        overtaken = self._overtaken(old_first, outputs)
        return Retained(self._first_seq, events, tuple(pictures), overtaken)

    async def _look_at_the_clock(self) -> None:
        """Whether it is believed; told on the board where that matters."""
        folder = self.path.parent
        self._judgment = await self._threads.submit(
            Task(
                lambda connection: clock_check.check_and_store(connection, folder, self._clock),
                after=lambda _: clock_check.forget_confirmation(folder),
            )
        )
        self._tell_of_the_clock()

    @property
    def retention_time(self) -> datetime | None:
        return (
            None if self._judgment.held else datetime.fromtimestamp(self._judgment.ms / 1000, UTC)
        )

    def _tell_of_the_clock(self) -> None:
        held = self._judgment.held if self._settings.goes_by_age else ""
        if held:
            self._board.fail("retention", "clock", State.FAILED, held)
        elif any(self._board.lines("retention")):
            self._board.say("retention", "clock", State.RUNNING)
        else:
            return
        self._board.gauge("retention", "clock", held=bool(held))

    async def _retain_pictures(self, seq_max: int) -> list[str]:
        """Those that go before their events; their hashes."""
        limits = picture_limits(self._settings, self._judgment, seq_max)
        gone: list[str] = []
        for kind in limits.cutoff_ms:
            while (step := await self._picture_step(limits, kind)).looked_at:
                gone += step.pictures
        for sha256 in gone:
            self._pictures.forget(sha256)
        return gone

    async def _picture_step(self, limits: PictureLimits, kind: PictureKind) -> PictureStep:
        step: PictureStep = await self._threads.submit(
            Task(
                lambda connection: picture_retention.step(connection, limits, kind),
                after=self._delete_files,
            )
        )
        return step

    def _delete_files(self, step: Step | PictureStep) -> None:
        for file in step.files:
            self._images.unlink(file)

    def _limits(self, outputs: Collection[str] | None) -> Limits:
        cursors = self.deliveries.retention_limits(outputs).values()
        waits = self._settings.keep_for_outputs and cursors
        seq_max = min(cursors) if waits else self.last_seq
        return event_limits(self._settings, self._judgment, seq_max)

    async def _retain_step(self, limits: Limits) -> Step:
        step: Step = await self._threads.submit(
            Task(lambda connection: retention.step(connection, limits), after=self._delete_files)
        )
        return step

    def _forget(self, step: Step) -> None:
        self._first_seq = step.first_seq
        self._entries.forget_before(step.first_seq)
        for sha256 in step.pictures:
            self._pictures.forget(sha256)

    def _overtaken(
        self, old_first: int, outputs: Collection[str] | None
    ) -> Mapping[str, tuple[int, int]]:
        last_gone = self._first_seq - 1
        cursors = self.deliveries.retention_limits(outputs)
        return {
            name: (max(seq + 1, old_first), last_gone)
            for name, seq in cursors.items()
            if seq < last_gone and old_first <= last_gone
        }

    async def watch(self) -> None:
        """Looks after the files under the log, for ever. Raises LogGone where they are no longer
        those that were opened; then nothing more is written."""
        try:
            await self._watch.run()
        except LogGone as error:
            self._threads.writer.break_with(error)
            self._board.fail("log", "log", State.FAILED, str(error))
            raise

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._threads.close()
        self._bell.break_with(LogError(f"the event log {self.path} is closed"))
        self._lock.release()


def _hand_over(outcome: Outcome) -> None:
    if outcome.future.done():
        return
    if outcome.error is None:
        outcome.future.set_result(outcome.result)
    else:
        outcome.future.set_exception(outcome.error)
