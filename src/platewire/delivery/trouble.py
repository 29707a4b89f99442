"""What an error means: for what was sent, and for all that is to follow."""

import logging

from platewire.clock import Clock
from platewire.delivery.attempt import asked_wait
from platewire.delivery.place import Place
from platewire.delivery.records import Records
from platewire.delivery.schedule import Schedule
from platewire.delivery.standing import Standing
from platewire.delivery.work import ToKeep, Work
from platewire.errors import LogError, Paused, PlatewireError
from platewire.eventlog.letters import AttemptOutcome
from platewire.eventlog.log import EventLog
from platewire.status import State

diagnostics = logging.getLogger(__name__)


class Trouble:
    def __init__(
        self,
        log: EventLog,
        clock: Clock,
        schedule: Schedule,
        place: Place,
        records: Records,
        standing: Standing,
    ) -> None:
        self._log = log
        self._clock = clock
        self._schedule = schedule
        self._place = place
        self._records = records
        self._standing = standing
        self.stale = False
        """A send has failed since the last connect or success: connect again when all is quiet."""

    async def of_step(self, error: Exception) -> None:
        """Of connecting, or of keeping what waits: it is tried again."""
        match error:
            case Paused():
                await self._pause(str(error))
            case PlatewireError():
                self._standing.count_retry()
                self._schedule.circuit.failed_whole(self._clock.monotonic(), asked_wait(error))
                self._standing.say_waiting(str(error))
            case _:
                self._fail(error)

    async def of_send(self, work: Work, error: BaseException) -> None:
        now = self._clock.monotonic()
        match error:
            case LogError():
                self._schedule.put_back(work, now)
                self._schedule.circuit.failed_whole(now)
                self._standing.say_waiting(str(error))
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
        self._standing.count_retry()
        now = self._clock.monotonic()
        number = work.number
        spent = self._schedule.failed(work, str(error), asked_wait(error), now)
        self._say(str(error))
        waiting = work.waiting
        if waiting is None or not waiting.items[0].kept:
            return
        item = waiting.items[0]
        try:
            if spent:
                await self._records.exhausted(item.seq, number, error, work.exchange)
                self._schedule.settled(work, now, given_up=True)
                await self._place.settled(item)
            else:
                await self._place.update(ToKeep(waiting, item))
        except LogError as trouble:
            self._standing.note(str(trouble))

    def _say(self, reason: str) -> None:
        """That it waits, unless others flow meanwhile."""
        schedule = self._schedule
        if schedule.circuit.open or not (schedule.has_fresh() or schedule.in_flight > 1):
            self._standing.say_waiting(reason)
        else:
            self._standing.note(reason)

    async def _pause(self, reason: str) -> None:
        self._standing.stand_still(State.PAUSED, reason)
        self.stale = True
        try:
            await self._log.pause(self._standing.name, reason)
        except PlatewireError as error:
            more = f"{reason} (this holds until a restart only, as it cannot be kept: {error})"
            self._standing.stand_still(State.PAUSED, more)

    def _fail(self, error: BaseException) -> None:
        self.stale = True
        name = self._standing.name
        diagnostics.error("transfer %s failed", name, exc_info=error)
        self._standing.stand_still(
            State.FAILED,
            f'transfer "{name}": an error in its own code: {error!r}; the traceback is in the '
            "diagnostics. It stands still until it is resumed; please report it",
        )
