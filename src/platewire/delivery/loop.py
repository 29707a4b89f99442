"""Event log -> one output: read from the floor, filter, send in lanes, advance. At least once.

    send returns     done; the floor moves past all that is done
    Rejected         a dead letter with its reason; done. A batch is first repeated one by one, so
                     that only the event at fault becomes a dead letter
    too old          a dead letter, `expired`; done
    Unavailable      `circuit` decides: either the passage is parked and retried for a day, then
                     `exhausted`, while others continue; or all events wait, with one probe at a
                     time, without a limit
    Paused           all events wait, also over restarts, until `resume`
    other errors     a bug in the output: state `failed`, with a traceback in the diagnostics; all
                     events wait until `resume` or a restart

Three tasks run beside the sends: one reads, one connects and checks what is due, one measures.

An output with `held` is asked at each connect, and from time to time, what the receiver has. If the
receiver has lost events (failover to a lagging standby, restore of an old backup), delivery resumes
from there.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from platewire.delivery.attempt import Attempts
from platewire.delivery.circuit import Circuit
from platewire.delivery.failures import Failures
from platewire.delivery.health import Health
from platewire.delivery.progress import Progress
from platewire.delivery.reading import Reading
from platewire.delivery.records import Records
from platewire.delivery.schedule import Schedule
from platewire.delivery.sending import Sending
from platewire.errors import PlatewireError
from platewire.eventlog.deliveries.records import Attempt, Parked
from platewire.eventlog.log import EventLog
from platewire.outputs.output import Output, OutputSettings
from platewire.runtime.clock import Clock
from platewire.runtime.status import Board, State
from platewire.runtime.supervise import either, log_errors, raise_if_all_concerned, within_a_task

COMPARE_SECONDS = 60.0
"""Between two comparisons with what the other side holds: a loss that cut no connection is noticed
so late at the most, and asking costs two statements."""
PARKED_MAX = 10_000
"""Events; when more would be parked, the floor stands still instead."""
MEASURE_SECONDS = 5.0
"""Seconds between two measurements of the lag: fresh enough for monitoring, rare enough to cost
nothing."""
GRACE_SECONDS = 5.0
"""Seconds that sends under way get to end when the delivery stops; what is cut off is sent
again."""
SENT_AGAIN = (
    "the receiver has lost events that it had confirmed; its missing events from seq {} to {} are "
    "sent again"
)

diagnostics = logging.getLogger(__name__)


class Delivery:
    """One output's loop. `run` is to be called once."""

    def __init__(
        self,
        settings: OutputSettings,
        output: Output,
        log: EventLog,
        *,
        clock: Clock,
        board: Board,
        grace_seconds: float = GRACE_SECONDS,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self.name = settings.name
        self._output = output
        self._holds = False
        """The other side can be asked what it has, as its last answer shows."""
        self._compare_at = 0.0
        self._given_again_to = 0
        """Up to here events are given again, as the other side had lost them."""
        self._log = log
        self._clock = clock
        self._grace_seconds = grace_seconds
        self._uniform = uniform
        self._nudged = asyncio.Event()
        self._probe_seconds = settings.probe_seconds
        self._circuit = Circuit(uniform, settings.probe_seconds)
        self._progress = Progress(settings, log, clock, board)
        self._schedule = Schedule(output.lanes, output.batch, self._circuit, self._progress.order)
        self._health = Health(self.name, board, lambda: output.failure)
        self._records = Records(settings, log, clock, board)
        self._reading = Reading(log, self._schedule, self._progress, self._records)
        self._failures = Failures(
            log, clock, self._schedule, self._progress, self._records, self._health
        )
        self._sending = Sending(
            output,
            log,
            clock,
            schedule=self._schedule,
            progress=self._progress,
            records=self._records,
            health=self._health,
            failures=self._failures,
            nudged=self._nudged,
        )

    # --- what the API may ask ---------------------------------------------------------------------

    async def pause(self, reason: str) -> None:
        """Starts no further send, over restarts too, until `resume`."""
        await self._log.deliveries.pause(self.name, reason)
        self._health.pause(reason)

    async def resume(self) -> None:
        """Goes on after a pause or a failure; what waits for an attempt is tried at once."""
        await self._log.deliveries.resume(self.name)
        self._schedule.at_once(self._clock.monotonic())
        self._health.resume(connected=self._sending.connected)
        self._nudged.set()

    async def requeue(self, rows: Sequence[Parked]) -> None:
        """Sends these again, each passage in order, marked `replayed`; they are parked already."""
        if self._progress.begun.is_set():
            await self._progress.restore(self._schedule, rows, at_once=True)
            self._nudged.set()

    def successes(self) -> Sequence[Attempt]:
        """The newest attempts that succeeded, newest first; others are in the log."""
        return self._records.successes()

    # --- its life ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until canceled; sends that run then are given `grace_seconds` to end."""
        self._health.begin()
        try:
            async with self._sending.tasks:
                try:
                    async with asyncio.TaskGroup() as group:
                        self._group = group
                        group.create_task(self._recover())
                        self._begin_reading()
                        group.create_task(within_a_task(self._drive_for_ever()))
                        group.create_task(self._measure_for_ever())
                finally:
                    self._sending.leaving = True
                    await self._last_moments()
        finally:
            await self._close()

    async def _last_moments(self) -> None:
        if self._schedule.in_flight:
            await either(self._sending.idle.wait(), self._clock.sleep(self._grace_seconds))

    async def _close(self) -> None:
        with log_errors(diagnostics, "output %s failed to close", self.name):
            await self._output.close()

    async def _recover(self) -> None:
        """Whether or not it may send."""
        attempts = Attempts(self._uniform, self._probe_seconds)
        while True:
            try:
                await self._output.recover()
            except PlatewireError as error:
                self._health.note(str(error))
                await self._clock.sleep(attempts.failed(error))
            else:
                self._health.recovered()
                return

    # --- what the other side holds ----------------------------------------------------------------

    async def _compare(self) -> None:
        """Nothing may be in flight."""
        held = await self._output.held(self._progress.window.floor)
        self._holds = held is not None
        if held is None:
            return
        lost = await self._reading.lost_from(held)
        if lost is not None:
            await self._go_back(lost)
        self._compare_at = self._clock.monotonic() + COMPARE_SECONDS
        self._tell()

    async def _go_back(self, lost: int) -> None:
        floor = self._progress.window.floor
        self._reader.cancel()
        await asyncio.wait([self._reader])
        try:
            await self._reading.go_back(lost)
        except PlatewireError:
            self._begin_reading()
            raise
        self._given_again_to = max(self._given_again_to, floor, lost)
        self._health.count_loss()
        said = SENT_AGAIN.format(lost, self._given_again_to)
        diagnostics.warning('output "%s": %s', self.name, said)
        self._health.note(said)
        self._begin_reading()

    def _tell(self) -> None:
        """What could lose events there, and what is given again at the moment."""
        floor = self._progress.window.floor
        again = floor < self._given_again_to
        told = [SENT_AGAIN.format(floor + 1, self._given_again_to)] if again else []
        if self._output.warning:
            told.append(self._output.warning)
        self._health.tell("; ".join(told))

    async def _compare_again(self) -> None:
        """While connected."""
        try:
            await self._compare()
        except BaseException:
            self._sending.connected = False
            raise
        finally:
            self._sending.held_back = False

    # --- reading ----------------------------------------------------------------------------------

    def _begin_reading(self) -> None:
        self._reader = self._group.create_task(within_a_task(self._read_for_ever()))

    async def _read_for_ever(self) -> None:
        attempts = Attempts(self._uniform)
        while True:
            try:
                await self._begin()
                while True:
                    await self._reading.read()
                    self._sending.kick()
                    if self._schedule.unsaved or not self._circuit.closed:
                        self._nudged.set()
                    attempts.forget()
                    self._health.unreadable = False
            except PlatewireError as error:
                self._health.unreadable = True
                self._health.say_waiting(str(error))
                self._health.count_retry()
                await self._clock.sleep(attempts.failed(error))

    async def _begin(self) -> None:
        if self._progress.begun.is_set():
            return
        reason = await self._log.deliveries.pause_reason(self.name)
        await self._progress.restore(self._schedule, await self._progress.begin())
        if reason is not None:
            self._health.stop(State.PAUSED, reason)
        self._progress.begun.set()

    # --- connecting, and what is due --------------------------------------------------------------

    async def _drive_for_ever(self) -> None:
        await self._progress.begun.wait()
        while True:
            await self._health.going.wait()
            self._nudged.clear()
            looked_at = self._clock.monotonic()
            await self._report(self._keep_parked())
            if not self._sending.connected and not self._schedule.in_flight and self._may_connect():
                await self._report(self._sending.connect(self._compare))
            if self._is_to_compare():
                self._sending.held_back = True
                if not self._schedule.in_flight:
                    await self._report(self._compare_again())
            self._sending.kick()
            await self._pass_time(looked_at)

    def _is_to_compare(self) -> bool:
        due = self._clock.monotonic() >= self._compare_at
        return due and self._holds and self._sending.connected

    async def _report(self, step: Coroutine[Any, Any, None]) -> None:
        try:
            await step
        except Exception as error:
            await self._failures.of_step(error)
        except BaseException as error:
            raise_if_all_concerned(error)
            await self._failures.of_step(error)

    async def _keep_parked(self) -> None:
        if self._schedule.unsaved and self._progress.parked < PARKED_MAX:
            await self._progress.park(self._schedule)

    def _may_connect(self) -> bool:
        now = self._clock.monotonic()
        if self._schedule.has_trial:
            return True
        if now < self._circuit.blocked_until:
            return False
        due = self._schedule.next_at()
        pending = self._schedule.has_fresh() or (due is not None and due <= now)
        return pending or now >= self._circuit.again_at

    async def _pass_time(self, looked_at: float) -> None:
        """Until something is due, or somebody nudges. What was due at `looked_at` has had its turn
        and waits for a nudge. What became due since may have been missed, so it is looked at again
        at once: a sleep may end a little early, and a busy computer takes its time in between."""
        due = self._schedule.next_at()
        if not self._sending.connected:
            again_at = max(self._circuit.again_at, self._circuit.blocked_until)
            due = again_at if due is None else min(due, again_at)
        busy = self._schedule.in_flight >= self._schedule.lanes
        if due is not None and (due <= looked_at or busy):
            due = None
        if self._holds and self._sending.connected and looked_at < self._compare_at:
            due = self._compare_at if due is None else min(due, self._compare_at)
        if due is None:
            await self._nudged.wait()
        else:
            wait = max(0.0, due - self._clock.monotonic())
            await either(self._nudged.wait(), self._clock.sleep(wait))

    # --- measuring --------------------------------------------------------------------------------

    async def _measure_for_ever(self) -> None:
        while True:
            await self._clock.sleep(MEASURE_SECONDS)
            if self._progress.begun.is_set():
                await self._progress.measure()
                self._tell()
