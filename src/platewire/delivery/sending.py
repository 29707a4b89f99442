"""A send from its beginning to its end: taken from the schedule, sent, and written down."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from platewire.delivery.attempt import send_each
from platewire.delivery.failures import Failures
from platewire.delivery.health import Health
from platewire.delivery.progress import Progress
from platewire.delivery.records import Records
from platewire.delivery.replay import marked
from platewire.delivery.schedule import Schedule
from platewire.delivery.work import Work
from platewire.errors import Rejected
from platewire.eventlog.log import EventLog
from platewire.model import Entry, entry_at
from platewire.outputs import exchange as exchanges
from platewire.outputs.output import Output
from platewire.runtime.clock import Clock
from platewire.runtime.supervise import raise_if_all_concerned


class Sending:
    """Sets `nudged` whenever the loop should look at what is due."""

    def __init__(
        self,
        output: Output,
        log: EventLog,
        clock: Clock,
        *,
        schedule: Schedule,
        progress: Progress,
        records: Records,
        health: Health,
        failures: Failures,
        nudged: asyncio.Event,
    ) -> None:
        self._output = output
        self._log = log
        self._clock = clock
        self._schedule = schedule
        self._progress = progress
        self._records = records
        self._health = health
        self._failures = failures
        self._nudged = nudged
        self.tasks = asyncio.TaskGroup()
        """Owns all sends; to be entered before the first."""
        self.connected = False
        self.leaving = False
        """No further send begins."""
        self.held_back = False
        """No further send begins for now: something is to be done while all is quiet."""
        self.idle = asyncio.Event()
        self.idle.set()

    async def connect(self, compare: Callable[[], Awaitable[None]]) -> None:
        """`compare` with what the other side holds, before anything is sent."""
        await self._output.connect()
        await compare()
        self.connected = True
        if self._failures.connected():
            self._health.say_running()

    def kick(self) -> None:
        """Begins all sends that may begin."""
        schedule = self._schedule
        while schedule.in_flight < schedule.lanes and (work := self._take()) is not None:
            self.idle.clear()
            self.tasks.create_task(self._carry(work))

    def _take(self) -> Work | None:
        if not self.connected or self.leaving or self.held_back or not self._health.going.is_set():
            return None
        return self._schedule.take(self._clock.monotonic())

    async def _carry(self, first: Work) -> None:
        """One send after the other, as long as there is something to send."""
        work: Work | None = first
        while work is not None:
            await self._send(work)
            self._schedule.done(work)
            if not self._schedule.in_flight:
                self._quiet()
            if self._schedule.waiting or not self._schedule.circuit.closed:
                self._nudged.set()
            work = self._take()
            if work is not None:
                self.idle.clear()
                self.kick()

    def _quiet(self) -> None:
        self.idle.set()
        if self._failures.stale:
            self.connected = False
        if self._failures.stale or self.held_back:
            self._nudged.set()

    async def _send(self, work: Work) -> None:
        """One send and the record of it; whatever goes wrong is dealt with."""
        exchanges.into(work.exchange)
        work.started = self._clock.monotonic()
        try:
            if work.waiting is not None or self._records.may_expire:
                await self._prepare(work)
            if work.left:
                await send_each(
                    self._output,
                    [self._marked(entry, work.number) for entry in work.left],
                    delivered=partial(self._delivered, work),
                    rejected=partial(self._rejected, work),
                )
        except asyncio.CancelledError:
            if _being_canceled():
                raise
            leaked = RuntimeError("`send` raised CancelledError although it was not canceled")
            await self._failures.of_send(work, leaked)
        except Exception as error:
            await self._failures.of_send(work, error)
        except BaseException as error:
            raise_if_all_concerned(error)
            await self._failures.of_send(work, error)

    def _marked(self, entry: Entry, attempt: int) -> Entry:
        if attempt > 1 or entry.event.seq <= self._progress.sent_before:
            return entry._replace(again=True, attempt=attempt)
        return entry

    # --- before ---------------------------------------------------------------------------------

    async def _prepare(self, work: Work) -> None:
        """Fetches what is not in memory, and leaves out what is too old."""
        item = work.item
        if item is not None and item.entry is None:
            entry = await entry_at(self._log, item.seq)
            if entry is None:
                await self._records.gap(((item.seq, item.seq),))
                await self._settled(work)
                return
            found = await self._progress.selected.as_sent([entry])
            work.left = [marked(each) if item.requeued else each for each in found]
        if item is not None and item.requeued:
            return
        while work.left and (reason := self._records.too_old(work.left[0])):
            await self._records.expired([(work.left[0], reason)], work.number - 1)
            await self._settled(work)

    # --- after ----------------------------------------------------------------------------------

    async def _delivered(self, work: Work, entries: Sequence[Entry]) -> None:
        self._records.delivered(entries, work)
        for _ in entries:
            await self._settled(work)
        self._failures.accepted()
        await self._succeeded()

    async def _rejected(self, work: Work, entry: Entry, error: Rejected) -> None:
        await self._records.failed(entry, work, "rejected", error)
        await self._records.rejected(entry, work.number, error)
        await self._settled(work)
        self._failures.rejected(entry, error)
        await self._succeeded()

    async def _settled(self, work: Work) -> None:
        """The first of what is left is dealt with."""
        seq = work.left[0].event.seq if work.left else 0
        item = self._schedule.settled(work, self._clock.monotonic())
        if item is None:
            self._progress.window.close(seq)
        else:
            await self._progress.settled(item)

    async def _succeeded(self) -> None:
        """The other side lives."""
        self._failures.stale = False
        self._schedule.succeeded(self._clock.monotonic())
        if not self._progress.room.is_set() and self._progress.window.has_room:
            self._progress.room.set()
        await self._progress.keep()
        self._health.say_running()


def _being_canceled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
