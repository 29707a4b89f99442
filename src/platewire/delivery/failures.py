"""What an error means: for what was sent, and for all that is to follow."""

import logging
from typing import Literal
from uuid import UUID

from platewire.delivery.attempt import least_wait, retry_after_of
from platewire.delivery.health import Health
from platewire.delivery.progress import Progress
from platewire.delivery.records import Records
from platewire.delivery.schedule import Fate, Schedule
from platewire.delivery.work import Item, UnsavedAttempt, Work
from platewire.errors import LogError, Paused, PlatewireError, Refused, Rejected
from platewire.eventlog.deliveries.records import AttemptOutcome
from platewire.eventlog.log import EventLog
from platewire.model import Entry
from platewire.runtime.clock import Clock
from platewire.runtime.status import State
from platewire.runtime.supervise import describe

REFUSALS_MAX = 3
"""So many refusals, or passages rejected, in a row with nothing accepted between them are no
accident: it is red. One may be of an event, two of a restart of what stands before the receiver."""

diagnostics = logging.getLogger(__name__)


class Failures:
    def __init__(
        self,
        log: EventLog,
        clock: Clock,
        schedule: Schedule,
        progress: Progress,
        records: Records,
        health: Health,
    ) -> None:
        self._log = log
        self._clock = clock
        self._schedule = schedule
        self._progress = progress
        self._records = records
        self._health = health
        self._refusals = {"connect": 0, "send": 0}
        """Since it connected, and since something was accepted."""
        self._rejected: set[UUID] = set()
        """Passages, since something was accepted."""
        self.stale = False
        """A send has failed since the last connect or success: connect again when all is quiet."""

    def accepted(self) -> None:
        self._refusals["send"] = 0
        self._rejected.clear()
        self._health.alarm = ""

    def connected(self) -> bool:
        """Whether nothing is known against it."""
        self.stale = False
        self._refusals["connect"] = 0
        # Else the next send tells whether all is well.
        return not self._schedule.circuit.suspects and not self._refusals["send"]

    def rejected(self, entry: Entry, error: Rejected) -> None:
        self._rejected.add(entry.event.passage)
        if len(self._rejected) >= REFUSALS_MAX:
            self._health.alarm = (
                f"{len(self._rejected)} consecutive passages were rejected; correct the cause, "
                f"then send them again: platewire outputs replay {self._health.name} "
                f"--what failed. Last error: {error}"
            )

    async def of_step(self, error: BaseException) -> None:
        """Of connecting, or of keeping what waits: it is tried again."""
        match error:
            case Paused():
                await self._pause(str(error))
            case PlatewireError():
                self._health.count_retry()
                self._schedule.is_away(
                    self._clock.monotonic(), retry_after_of(error), least_wait(error)
                )
                if not self._is_refused_by_all("connect", error):
                    self._health.say_waiting(str(error))
            case _:
                self._fail(error)

    def _is_refused_by_all(self, at: Literal["connect", "send"], error: PlatewireError) -> bool:
        """Says so, where this was one refusal too many."""
        if not isinstance(error, Refused):
            return False
        self._refusals[at] += 1
        if self._refusals[at] < REFUSALS_MAX:
            return False
        self._health.say_failed(str(error))
        return True

    async def of_send(self, work: Work, error: BaseException) -> None:
        now = self._clock.monotonic()
        match error:
            case LogError():
                self._schedule.put_back(work, now)
                self._schedule.is_away(now)
                self._health.say_waiting(str(error))
            case Paused():
                self._schedule.put_back(work, now)
                await self._record(work, error, "paused")
                await self._pause(str(error))
            case PlatewireError():
                await self._record(work, error, "unavailable")
                await self._unavailable(work, error)
            case _:
                self._schedule.put_back(work, now)
                await self._record(work, error, "failed")
                self._fail(error)

    async def _record(self, work: Work, error: BaseException, outcome: AttemptOutcome) -> None:
        if work.left:
            await self._records.failed(work.left[0], work, outcome, error)

    async def _unavailable(self, work: Work, error: PlatewireError) -> None:
        self.stale = True
        self._health.count_retry()
        now = self._clock.monotonic()
        number = work.number
        fate = self._schedule.failed(work, error, now)
        if fate == "rejected":
            self._health.note(str(error))
        elif not self._is_refused_by_all("send", error):
            self._say(str(error))
        waiting = work.waiting
        if waiting is None:
            return
        item = waiting.items[0]
        try:
            if fate != "waits":
                await self._give_up(fate, work, item, number, error)
            elif item.kept:
                await self._progress.update(UnsavedAttempt(waiting, item))
        except LogError as failure:
            if fate == "rejected":  # It is planned otherwise.
                self._schedule.put_back(work, now)
            self._health.note(str(failure))

    async def _give_up(
        self, fate: Fate, work: Work, item: Item, number: int, error: PlatewireError
    ) -> None:
        if fate == "rejected":
            refusal = error if isinstance(error, Refused) else Refused(str(error))
            why = Rejected(
                f"{error}; others were accepted meanwhile",
                status=refusal.status,
                answer=refusal.answer,
            )
            await self._records.rejected(work.left[0], number, why)
        else:
            await self._records.exhausted(item.seq, number, error, work.exchange)
        self._schedule.settled(work, self._clock.monotonic(), given_up=True)
        await self._progress.settled(item)

    def _say(self, reason: str) -> None:
        """That it waits, unless others flow meanwhile."""
        schedule = self._schedule
        if schedule.circuit.open or not (schedule.has_fresh() or schedule.in_flight > 1):
            self._health.say_waiting(reason)
        else:
            self._health.note(reason)

    async def _pause(self, reason: str) -> None:
        self._health.stop(State.PAUSED, reason)
        self.stale = True
        try:
            await self._log.deliveries.pause(self._health.name, reason)
        except PlatewireError as error:
            more = f"{reason} (until the next restart only; the pause cannot be stored: {error})"
            self._health.stop(State.PAUSED, more)

    def _fail(self, error: BaseException) -> None:
        self.stale = True
        name = self._health.name
        diagnostics.error("output %s failed", name, exc_info=error)
        self._health.stop(
            State.FAILED,
            f'output "{name}": internal error: {describe(error)}. It is stopped until it is '
            "restarted; please report it with the traceback in the diagnostics",
        )
