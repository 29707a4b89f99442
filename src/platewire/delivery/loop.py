"""Event log -> one transfer: read from the floor, filter, send in lanes, advance. At least once.

    send returns     dealt with; the floor moves on over all that is
    Rejected         a dead letter with its reason; dealt with. Batches are repeated one by one
                     first, so that only the entry at fault is kept
    too old          a dead letter, `expired`; dealt with
    Unavailable      is it this event, or is the other side away? `circuit` decides: either its
                     passage is parked and tried again for a day, then `exhausted`, while the
                     others flow; or all wait, one probe at a time, without giving up
    Paused           all stand still, over restarts too, until `resume`
    anything else    an error in the transfer's own code: state `failed`, its traceback goes to
                     diagnostics, all stand still until `resume` or a restart

Three tasks run beside the sends: one reads, one connects and looks at what is due, one measures.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from platewire.clock import Clock
from platewire.delivery.attempt import Attempts
from platewire.delivery.circuit import Circuit
from platewire.delivery.place import Place
from platewire.delivery.reading import Reading
from platewire.delivery.records import Records
from platewire.delivery.schedule import Schedule
from platewire.delivery.sending import Sending
from platewire.delivery.standing import Standing
from platewire.delivery.trouble import Trouble
from platewire.errors import PlatewireError
from platewire.eventlog.letters import Attempt, Parked
from platewire.eventlog.log import EventLog
from platewire.status import Board, State
from platewire.transfers.transfer import Transfer, TransferSettings

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
        self.name = settings.name
        self._transfer = transfer
        self._log = log
        self._clock = clock
        self._grace_seconds = grace_seconds
        self._uniform = uniform
        self._nudged = asyncio.Event()
        self._circuit = Circuit(uniform)
        self._schedule = Schedule(getattr(transfer, "lanes", 1), transfer.batch, self._circuit)
        self._standing = Standing(self.name, board)
        self._place = Place(settings, log, clock, board)
        self._records = Records(settings, log, clock, board)
        self._reading = Reading(settings, log, self._schedule, self._place, self._records)
        self._trouble = Trouble(
            log, clock, self._schedule, self._place, self._records, self._standing
        )
        self._sending = Sending(
            transfer,
            log,
            clock,
            schedule=self._schedule,
            place=self._place,
            records=self._records,
            standing=self._standing,
            trouble=self._trouble,
            nudged=self._nudged,
        )

    # --- what the API may ask ---------------------------------------------------------------------

    async def pause(self, reason: str) -> None:
        """Starts no further send, over restarts too, until `resume`."""
        await self._log.pause(self.name, reason)
        self._standing.pause(reason)

    async def resume(self) -> None:
        """Goes on after a pause or a failure; what waits for an attempt is tried at once."""
        await self._log.pause(self.name, None)
        self._schedule.at_once(self._clock.monotonic())
        self._standing.resume(connected=self._sending.connected)
        self._nudged.set()

    def requeue(self, rows: Sequence[Parked]) -> None:
        """Sends these again, each passage in order, marked `replayed`; they are parked already."""
        if self._place.begun.is_set():
            self._place.restore(self._schedule, rows, at_once=True)
            self._nudged.set()

    def successes(self) -> Sequence[Attempt]:
        """The newest attempts that succeeded, newest first; others are in the log."""
        return self._records.successes()

    # --- its life ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled; sends that run then are given `grace_seconds` to end."""
        self._standing.begin()
        try:
            async with self._sending.tasks:
                try:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._read_for_ever())
                        group.create_task(self._drive_for_ever())
                        group.create_task(self._measure_for_ever())
                finally:
                    self._sending.leaving = True
                    await self._last_moments()
        finally:
            await self._close()

    async def _last_moments(self) -> None:
        if self._schedule.in_flight:
            await _either(self._sending.idle.wait(), self._clock.sleep(self._grace_seconds))

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
                    await self._reading.read()
                    self._sending.kick()
                    if self._schedule.to_keep or not self._circuit.closed:
                        self._nudged.set()
                    attempts.forget()
                    self._standing.unreadable = False
            except PlatewireError as error:
                self._standing.unreadable = True
                self._standing.say_waiting(str(error))
                self._standing.count_retry()
                await self._clock.sleep(attempts.failed(error))

    async def _begin(self) -> None:
        if self._place.begun.is_set():
            return
        reason = await self._log.paused(self.name)
        self._place.restore(self._schedule, await self._place.begin())
        if reason is not None:
            self._standing.stand_still(State.PAUSED, reason)
        self._place.begun.set()

    # --- connecting, and what is due --------------------------------------------------------------

    async def _drive_for_ever(self) -> None:
        await self._place.begun.wait()
        while True:
            await self._standing.going.wait()
            self._nudged.clear()
            await self._report(self._keep_parked())
            if not self._sending.connected and not self._schedule.in_flight and self._may_connect():
                await self._report(self._sending.connect())
            self._sending.kick()
            await self._pass_time()

    async def _report(self, step: Coroutine[Any, Any, None]) -> None:
        try:
            await step
        except Exception as error:
            await self._trouble.of_step(error)

    async def _keep_parked(self) -> None:
        if self._schedule.to_keep and self._place.parked < PARKED_MAX:
            await self._place.park(self._schedule)

    def _may_connect(self) -> bool:
        now = self._clock.monotonic()
        if now < self._circuit.blocked_until:
            return False
        due = self._schedule.next_at()
        pending = self._schedule.has_fresh() or (due is not None and due <= now)
        return pending or now >= self._circuit.again_at

    async def _pass_time(self) -> None:
        """Until something is due, or somebody nudges."""
        now = self._clock.monotonic()
        due = self._schedule.next_at()
        if not self._sending.connected:
            again_at = max(self._circuit.again_at, self._circuit.blocked_until)
            due = again_at if due is None else min(due, again_at)
        if due is None or due <= now or self._schedule.in_flight >= self._schedule.lanes:
            await self._nudged.wait()
        else:
            await _either(self._nudged.wait(), self._clock.sleep(due - now))

    # --- measuring --------------------------------------------------------------------------------

    async def _measure_for_ever(self) -> None:
        while True:
            await self._clock.sleep(MEASURE_SECONDS)
            if self._place.begun.is_set():
                await self._place.measure()


async def _either(*those: Coroutine[Any, Any, Any]) -> None:
    """Until one of them has ended; the others are cancelled."""
    tasks = [asyncio.create_task(each) for each in those]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
