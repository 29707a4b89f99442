"""A send from its beginning to its end: taken from the schedule, sent, and written down."""

import asyncio
from collections.abc import Sequence
from functools import partial

from platewire.clock import Clock
from platewire.delivery.attempt import send_each
from platewire.delivery.place import Place
from platewire.delivery.records import Records
from platewire.delivery.replay import marked
from platewire.delivery.schedule import Schedule
from platewire.delivery.standing import Standing
from platewire.delivery.trouble import Trouble
from platewire.delivery.work import Work
from platewire.errors import Rejected
from platewire.eventlog.log import EventLog
from platewire.model import Entry
from platewire.transfers import exchange as exchanges
from platewire.transfers.transfer import Transfer


class Sending:
    """Sets `nudged` whenever the loop should look at what is due."""

    def __init__(
        self,
        transfer: Transfer,
        log: EventLog,
        clock: Clock,
        *,
        schedule: Schedule,
        place: Place,
        records: Records,
        standing: Standing,
        trouble: Trouble,
        nudged: asyncio.Event,
    ) -> None:
        self._transfer = transfer
        self._log = log
        self._clock = clock
        self._schedule = schedule
        self._place = place
        self._records = records
        self._standing = standing
        self._trouble = trouble
        self._nudged = nudged
        self.tasks = asyncio.TaskGroup()
        """Owns all sends; to be entered before the first."""
        self.connected = False
        self.leaving = False
        """No further send begins."""
        self.idle = asyncio.Event()
        self.idle.set()

    async def connect(self) -> None:
        await self._transfer.connect()
        self.connected = True
        self._trouble.stale = False
        if not self._schedule.circuit.suspects:  # Else the next send tells whether all is well.
            self._standing.say_running()

    def kick(self) -> None:
        """Begins all sends that may begin."""
        schedule = self._schedule
        while schedule.in_flight < schedule.lanes and (work := self._take()) is not None:
            self.idle.clear()
            self.tasks.create_task(self._carry(work))

    def _take(self) -> Work | None:
        if not self.connected or self.leaving or not self._standing.going.is_set():
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
        if self._trouble.stale:
            self.connected = False
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
                    self._transfer,
                    tuple(work.left),
                    delivered=partial(self._delivered, work),
                    rejected=partial(self._rejected, work),
                )
        except asyncio.CancelledError:
            if _being_cancelled():
                raise
            leaked = RuntimeError("`send` ended as cancelled, though nobody cancelled it")
            await self._trouble.of_send(work, leaked)
        except Exception as error:
            await self._trouble.of_send(work, error)

    # --- before ---------------------------------------------------------------------------------

    async def _prepare(self, work: Work) -> None:
        """Fetches what is not in memory, and leaves out what is too old."""
        item = work.item
        if item is not None and item.entry is None:
            found = await self._log.read(item.seq - 1, 1)
            if not found or found[0].event.seq != item.seq:
                await self._records.gap(((item.seq, item.seq),))
                await self._settled(work)
                return
            work.left = [marked(found[0]) if item.requeued else found[0]]
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
        await self._succeeded()

    async def _rejected(self, work: Work, entry: Entry, error: Rejected) -> None:
        await self._records.failed(entry, work, "rejected", error)
        await self._records.rejected(entry, work.number, error)
        await self._settled(work)
        await self._succeeded()

    async def _settled(self, work: Work) -> None:
        """The first of what is left is dealt with."""
        seq = work.left[0].event.seq if work.left else 0
        item = self._schedule.settled(work, self._clock.monotonic())
        if item is None:
            self._place.window.close(seq)
        else:
            await self._place.settled(item)

    async def _succeeded(self) -> None:
        """The other side lives."""
        self._trouble.stale = False
        self._schedule.succeeded(self._clock.monotonic())
        if not self._place.room.is_set() and self._place.window.has_room:
            self._place.room.set()
        await self._place.keep()
        self._standing.say_running()


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
