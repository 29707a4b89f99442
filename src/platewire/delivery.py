"""Event log -> one transfer: read from the floor, filter, send in lanes, advance. At least once.

    send returns     dealt with; the floor moves on over all that is
    Rejected         a dead letter with its reason; dealt with. Batches are repeated one by one
                     first, so that only the entry at fault is kept
    too old          a dead letter, `expired`; dealt with
    Unavailable      is it this event, or is the other side away? `delivery_circuit` decides: either
                     its passage is parked and tried again for a day, then `exhausted`, while the
                     others flow; or all wait, one probe at a time, without giving up
    Paused           all stand still, over restarts too, until `resume`
    anything else    an error in the transfer's own code: state `failed`, its traceback goes to
                     diagnostics, all stand still until `resume` or a restart

What is sent next is `delivery_schedule`, what is dealt with `delivery_place`, what is written
down `delivery_records`. `delivery_replay` sends old entries again beside this loop.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from platewire.clock import Clock
from platewire.delivery_attempt import Attempts, asked_wait, send_each
from platewire.delivery_circuit import RETRY_AFTER_SECONDS_MAX, Circuit
from platewire.delivery_lag import Lag
from platewire.delivery_place import Place, begin
from platewire.delivery_records import ROLE, Records
from platewire.delivery_replay import ReplayResult, marked, replay
from platewire.delivery_schedule import Schedule, ToKeep, Work
from platewire.delivery_selection import remember_selection
from platewire.delivery_window import Window
from platewire.errors import LogError, Paused, PlatewireError, Rejected
from platewire.eventlog.letters import Attempt, AttemptOutcome, Parked
from platewire.eventlog.log import EventLog
from platewire.model import Entry
from platewire.status import Board, State
from platewire.transfers import exchange as exchanges
from platewire.transfers.exchange import Exchange
from platewire.transfers.transfer import Transfer, TransferSettings

__all__ = ["Delivery", "ReplayResult", "replay"]

READ_LIMIT = 256
UNSETTLED_MAX = 2048
"""So many events are read ahead of what is delivered."""
SPAN_MAX = 16_384
"""And so far above the floor, where one send takes long while the others flow."""
PARKED_MAX = 10_000
"""Events; when more would be parked, the floor stands still instead."""
MEASURE_SECONDS = 5.0
GRACE_SECONDS = 5.0

diagnostics = logging.getLogger(__name__)


class Delivery:
    """One transfer's loop. `run` is to be called once."""

    def __init__(
        self,
        settings: TransferSettings,
        transfer: Transfer,
        log: EventLog,
        *,
        clock: Clock,
        board: Board,
        grace_seconds: float = GRACE_SECONDS,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._transfer = transfer
        self._log = log
        self._clock = clock
        self._board = board
        self._grace_seconds = grace_seconds
        self._uniform = uniform
        self._line = board.line(ROLE, settings.name)
        self._records = Records(settings, log, clock, board)
        self._circuit = Circuit(uniform)
        lanes = getattr(transfer, "lanes", 1)
        self._schedule = Schedule(lanes, transfer.batch, self._circuit)
        self._lag = Lag(settings, log, clock, board)
        self._place: Place | None = None
        self._connected = False
        self._stale = False
        """A send has failed since the last connect or success: connect again when all is quiet."""
        self._unreadable = False
        self._leaving = False
        self._parked = 0
        self._going = asyncio.Event()
        self._going.set()
        self._begun = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._nudged = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._senders = asyncio.TaskGroup()

    @property
    def name(self) -> str:
        return self._settings.name

    # --- what the API may ask ---------------------------------------------------------------------

    async def pause(self, reason: str) -> None:
        """Starts no further send, over restarts too, until `resume`."""
        await self._log.pause(self.name, reason)
        self._going.clear()
        self._board.say(ROLE, self.name, State.PAUSED, reason)

    async def resume(self) -> None:
        """Goes on after a pause or a failure; what waits for an attempt is tried at once."""
        await self._log.pause(self.name, None)
        self._schedule.at_once(self._clock.monotonic())
        state = State.RUNNING if self._connected else State.STARTING
        self._board.say(ROLE, self.name, state)
        self._going.set()
        self._nudged.set()

    def requeue(self, rows: Sequence[Parked]) -> None:
        """Sends these again, each passage in order, marked `replayed`; they are parked already."""
        if self._begun.is_set():
            self._restore(rows, self._clock.monotonic())
            self._nudged.set()

    def successes(self) -> Sequence[Attempt]:
        """The newest attempts that succeeded, newest first; others are in the log."""
        return self._records.successes()

    # --- the loop ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled; sends that run then are given `grace_seconds` to end."""
        counters = ("delivered", "retries", "rejected", "expired", "exhausted")
        self._board.count(ROLE, self.name, **dict.fromkeys(counters, 0))
        try:
            async with self._senders:
                try:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._read_for_ever())
                        group.create_task(self._drive_for_ever())
                        group.create_task(self._measure_for_ever())
                finally:
                    self._leaving = True
                    await self._last_moments()
        finally:
            await self._close()

    async def _last_moments(self) -> None:
        if self._schedule.in_flight:
            await self._either(self._idle.wait(), self._clock.sleep(self._grace_seconds))

    async def _close(self) -> None:
        try:
            await self._transfer.close()
        except Exception:
            diagnostics.exception("transfer %s failed to close", self.name)

    # --- reading ----------------------------------------------------------------------------------

    async def _read_for_ever(self) -> None:
        attempts = Attempts(self._uniform)
        while True:
            try:
                await self._begin()
                while True:
                    await self._room.wait()
                    await self._read()
                    attempts.forget()
                    self._unreadable = False
            except PlatewireError as error:
                self._unreadable = True
                self._say_waiting(str(error))
                self._board.count(ROLE, self.name, retries=1)
                await self._clock.sleep(attempts.failed(error))

    async def _begin(self) -> None:
        """Takes up where the log says that this transfer was, or a first place."""
        if self._place is not None:
            return
        reason = await self._log.paused(self.name)
        window = await begin(self._log, self._settings)
        parked = await self._log.parked(self.name)
        await remember_selection(self._log, self._settings, window.floor + 1)
        self._place = Place(self.name, self._log, self._clock, window)
        self._restore(parked, None)
        if reason is not None:
            self._stand_still(State.PAUSED, reason)
        self._lag.show(window)
        self._begun.set()

    def _restore(self, rows: Sequence[Parked], due: float | None) -> None:
        now = self._clock.monotonic()
        wall = self._clock.now()
        for row in rows:
            # Wall time may have jumped: nothing waits longer than an attempt can.
            left = min(max(0.0, (row.next_at - wall).total_seconds()), RETRY_AFTER_SECONDS_MAX)
            self._schedule.restore(
                row.passage,
                row.seq,
                now + left if due is None else due,
                attempts=row.attempts,
                waited=row.waited_seconds,
                requeued=row.requeued,
            )
        self._count_parked(len(rows))

    async def _read(self) -> None:
        window = self._at
        await self._log.wait(window.read_to)
        entries = await self._log.read(window.read_to, max(READ_LIMIT, self._transfer.batch))
        await self._pass_gap(entries[0].event.seq if entries else self._log.first_seq)
        selects = self._settings.selects
        wanted = [each for each in entries if selects(each) and not window.is_known(each.event.seq)]
        aged = [(each, self._records.too_old(each)) for each in wanted]
        expired = [(each, reason) for each, reason in aged if reason]
        await self._records.expired(expired)
        going = {each.event.seq for each, reason in aged if not reason}
        for entry in entries:
            window.read(entry.event.seq, wanted=entry.event.seq in going)
            if entry.event.seq in going:
                self._schedule.add(entry)
        if window.unsettled >= UNSETTLED_MAX or window.span >= SPAN_MAX:
            self._room.clear()
        await self._keep_cursor()
        self._kick()
        if self._schedule.to_keep or not self._circuit.closed:
            self._nudged.set()

    async def _pass_gap(self, first_seq: int) -> None:
        window = self._at
        if first_seq > window.read_to + 1:
            await self._records.gap(window.missing(first_seq - 1))
            window.read(first_seq - 1, wanted=False)
            await self._keep_cursor()

    # --- connecting, and what is due --------------------------------------------------------------

    async def _drive_for_ever(self) -> None:
        await self._begun.wait()
        while True:
            await self._going.wait()
            self._nudged.clear()
            await self._report(self._keep_parked())
            if not self._connected and not self._schedule.in_flight and self._may_connect():
                await self._report(self._connect())
            self._kick()
            await self._pass_time()

    async def _report(self, step: Coroutine[Any, Any, None]) -> None:
        """What goes wrong is told, and tried again."""
        try:
            await step
        except Paused as error:
            await self._pause(str(error))
        except PlatewireError as error:
            self._board.count(ROLE, self.name, retries=1)
            self._circuit.failed_whole(self._clock.monotonic(), asked_wait(error))
            self._say_waiting(str(error))
        except Exception as error:
            self._fail(error)

    def _may_connect(self) -> bool:
        now = self._clock.monotonic()
        if now < self._circuit.blocked_until:
            return False
        due = self._schedule.next_at()
        pending = self._schedule.has_fresh() or (due is not None and due <= now)
        return pending or now >= self._circuit.again_at

    async def _connect(self) -> None:
        await self._transfer.connect()
        self._connected = True
        self._stale = False
        if not self._circuit.suspects:  # Else the next send tells whether it is well again.
            self._say_running()

    async def _pass_time(self) -> None:
        """Until something is due, or somebody nudges."""
        now = self._clock.monotonic()
        due = self._schedule.next_at()
        if not self._connected:
            again_at = max(self._circuit.again_at, self._circuit.blocked_until)
            due = again_at if due is None else min(due, again_at)
        if due is None or due <= now or self._schedule.in_flight >= self._schedule.lanes:
            await self._nudged.wait()
        else:
            await self._either(self._nudged.wait(), self._clock.sleep(due - now))

    async def _either(self, *those: Coroutine[Any, Any, Any]) -> None:
        """Until one of them has ended; the others are cancelled."""
        tasks = [asyncio.create_task(each) for each in those]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # --- sending ----------------------------------------------------------------------------------

    def _take(self) -> Work | None:
        if not self._connected or self._leaving or not self._going.is_set():
            return None
        return self._schedule.take(self._clock.monotonic())

    def _kick(self) -> None:
        """Begins all sends that may begin."""
        while (work := self._take()) is not None:
            self._idle.clear()
            self._senders.create_task(self._carry(work))

    async def _carry(self, first: Work) -> None:
        """One send after the other, as long as there is something to send."""
        work: Work | None = first
        while work is not None:
            await self._send(work)
            self._schedule.done(work)
            if not self._schedule.in_flight:
                self._quiet()
            if self._schedule.waiting or not self._circuit.closed:
                self._nudged.set()
            work = self._take()
            if work is not None:
                self._idle.clear()
                self._kick()

    def _quiet(self) -> None:
        self._idle.set()
        if self._stale:
            self._connected = False
            self._nudged.set()

    async def _send(self, work: Work) -> None:
        """One send and the record of it; whatever goes wrong is dealt with."""
        exchange = exchanges.begin()
        started = self._clock.monotonic()
        try:
            if await self._prepare(work):
                started = self._clock.monotonic()
                await self._send_each(work, started, exchange)
        except asyncio.CancelledError:
            if _being_cancelled():
                raise
            leaked = RuntimeError("`send` ended as cancelled, though nobody cancelled it")
            await self._trouble(work, leaked, started, exchange)
        except Exception as error:
            await self._trouble(work, error, started, exchange)

    async def _prepare(self, work: Work) -> bool:
        """Fetches what is not in memory, and leaves out what is too old; whether any is left."""
        item = work.item
        if item is not None and item.entry is None:
            found = await self._log.read(item.seq - 1, 1)
            if not found or found[0].event.seq != item.seq:
                await self._records.gap(((item.seq, item.seq),))
                await self._settled(work)
                return False
            work.left = [marked(found[0]) if item.requeued else found[0]]
        if self._settings.max_age_seconds is None or (item is not None and item.requeued):
            return True
        attempts = 0 if work.waiting is None else work.waiting.attempts
        while work.left and (reason := self._records.too_old(work.left[0])):
            await self._records.expired([(work.left[0], reason)], attempts)
            await self._settled(work)
        return bool(work.left)

    async def _send_each(self, work: Work, started: float, exchange: Exchange) -> None:
        async def delivered(entries: Sequence[Entry]) -> None:
            seconds = self._clock.monotonic() - started
            self._records.delivered(entries, _number(work), seconds, exchange)
            for _ in entries:
                await self._settled(work)
            await self._succeeded()

        async def rejected(entry: Entry, error: Rejected) -> None:
            await self._record(work, error, started, exchange, "rejected")
            await self._records.rejected(entry, _number(work), error)
            await self._settled(work)
            await self._succeeded()

        await send_each(self._transfer, tuple(work.left), delivered=delivered, rejected=rejected)

    async def _settled(self, work: Work, *, given_up: bool = False) -> None:
        """The first of what is left is dealt with."""
        seq = work.left[0].event.seq if work.left else 0
        item = self._schedule.settled(work, self._clock.monotonic(), given_up=given_up)
        if item is None:
            self._at.close(seq)
        elif item.kept:
            await self._log.unpark(self.name, item.seq)
            self._count_parked(-1)
        else:
            self._at.close(item.seq)

    async def _succeeded(self) -> None:
        """The other side lives."""
        self._stale = False
        self._schedule.succeeded(self._clock.monotonic())
        if not self._room.is_set() and self._at.unsettled < UNSETTLED_MAX // 2:
            self._room.set()
        await self._keep_cursor()
        self._say_running()

    # --- trouble ----------------------------------------------------------------------------------

    async def _trouble(
        self, work: Work, error: BaseException, started: float, exchange: Exchange
    ) -> None:
        now = self._clock.monotonic()
        match error:
            case LogError():
                self._schedule.put_back(work, now)
                self._circuit.failed_whole(now)
                self._say_waiting(str(error))
            case Paused():
                self._schedule.put_back(work, now)
                await self._record(work, error, started, exchange, "paused")
                await self._pause(str(error))
            case PlatewireError():
                await self._record(work, error, started, exchange, "unavailable")
                await self._unavailable(work, error, exchange)
            case _:
                self._schedule.put_back(work, now)
                await self._record(work, error, started, exchange, "failed")
                self._fail(error)

    async def _unavailable(self, work: Work, error: PlatewireError, exchange: Exchange) -> None:
        self._stale = True
        self._board.count(ROLE, self.name, retries=1)
        now = self._clock.monotonic()
        number = _number(work)
        spent = self._schedule.failed(work, str(error), asked_wait(error), now)
        if self._circuit.open or not (self._schedule.has_fresh() or self._schedule.in_flight > 1):
            self._say_waiting(str(error))
        else:
            self._board.note(ROLE, self.name, str(error))
        waiting = work.waiting
        if waiting is None or not waiting.items[0].kept:
            return
        try:
            if spent:
                await self._records.exhausted(waiting.items[0].seq, number, error, exchange)
                await self._settled(work, given_up=True)
            else:
                row = ToKeep(waiting, waiting.items[0])
                await self._here.park([row])
        except LogError as trouble:
            self._board.note(ROLE, self.name, str(trouble))

    async def _record(
        self,
        work: Work,
        error: BaseException,
        started: float,
        exchange: Exchange,
        outcome: AttemptOutcome,
    ) -> None:
        if work.left:
            seconds = self._clock.monotonic() - started
            await self._records.failed(
                work.left[0], _number(work), seconds, exchange, outcome, error
            )

    async def _pause(self, reason: str) -> None:
        self._stand_still(State.PAUSED, reason)
        self._stale = True
        try:
            await self._log.pause(self.name, reason)
        except PlatewireError as error:
            more = f"{reason} (this holds until a restart only, as it cannot be kept: {error})"
            self._stand_still(State.PAUSED, more)

    def _fail(self, error: BaseException) -> None:
        self._stale = True
        diagnostics.error("transfer %s failed", self.name, exc_info=error)
        self._stand_still(State.FAILED, _own_error(self.name, error))

    # --- what is written down ---------------------------------------------------------------------

    async def _keep_parked(self) -> None:
        """A row for each event that is to wait alone; then the floor may pass it."""
        if not self._schedule.to_keep or self._parked >= PARKED_MAX:
            return
        taken = self._schedule.take_to_keep()
        try:
            await self._here.park(taken)
        except PlatewireError:
            self._schedule.give_back_to_keep(taken)
            raise
        for waiting, item in taken:
            item.kept = True
            item.entry = None
            self._at.close(item.seq)
            if item.settled:
                await self._log.unpark(self.name, item.seq)
            else:
                self._count_parked(1)
            if waiting.error and waiting.items and waiting.items[0] is item:
                diagnostics.warning(
                    'transfer "%s": seq %d waits with its passage while others go on: %s',
                    *(self.name, item.seq, waiting.error),
                )
        await self._keep_cursor()

    async def _keep_cursor(self) -> None:
        if await self._here.keep():
            self._lag.moved()
        self._lag.show(self._here.window)

    @property
    def _here(self) -> Place:
        if self._place is None:
            raise AssertionError("nothing is read or sent before `_begin`")
        return self._place

    @property
    def _at(self) -> Window:
        return self._here.window

    # --- what the board shows ---------------------------------------------------------------------

    def _say_running(self) -> None:
        if self._unreadable or not self._going.is_set():
            return
        if self._line.state is not State.RUNNING or self._line.message:
            self._board.say(ROLE, self.name, State.RUNNING)

    def _say_waiting(self, reason: str) -> None:
        if self._going.is_set():
            self._board.fail(ROLE, self.name, State.WAITING, reason)

    def _stand_still(self, state: State, reason: str) -> None:
        self._going.clear()
        self._board.fail(ROLE, self.name, state, reason)

    def _count_parked(self, more: int) -> None:
        self._parked += more
        self._board.gauge(ROLE, self.name, parked=self._parked)

    async def _measure_for_ever(self) -> None:
        """Lag grows while nothing is sent, so it is looked at regardless."""
        while True:
            await self._clock.sleep(MEASURE_SECONDS)
            if self._place is None:
                continue
            try:
                await self._lag.find_oldest(self._at)
                await self._keep_cursor()
            except PlatewireError:
                self._lag.show(self._at)  # The reading task meets the same error and reports it.


def _number(work: Work) -> int:
    """Which attempt at its first event this is, from 1."""
    return 1 if work.waiting is None else work.waiting.attempts + 1


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _own_error(name: str, error: BaseException) -> str:
    return (
        f'transfer "{name}": an error in its own code: {error!r}; the traceback is in the '
        "diagnostics. It stands still until it is resumed; please report it"
    )
