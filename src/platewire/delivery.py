"""Event log -> one transfer: read from the cursor, filter, send, advance. At least once, in order.

The cursor moves only past what is delivered, not asked for, or kept with its reason:

    send returns     cursor moves on
    Rejected         the entry is kept as `rejected`; cursor moves on. Batches are repeated one by
                     one first, so that only the entry at fault is kept
    too old          kept as `expired`; cursor moves on
    Unavailable      cursor stands; connect and send again after a back-off, without giving up:
                     the log is the queue
    Paused           cursor stands, over restarts too, until `resume`
    anything else    an error in the transfer's own code: state `failed`, its traceback goes to
                     diagnostics, cursor stands until `resume` or a restart; other transfers go on

`delivery_replay` sends old entries again beside this loop.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

from platewire.clock import Clock
from platewire.delivery_attempt import Attempts, send_each
from platewire.delivery_replay import ReplayResult, replay
from platewire.errors import Paused, PlatewireError, Rejected
from platewire.eventlog.log import EventLog, Outcome, Undelivered
from platewire.model import Entry
from platewire.status import Board, State
from platewire.transfers.transfer import Transfer, TransferSettings

__all__ = ["Delivery", "ReplayResult", "replay"]

ROLE = "transfer"
READ_LIMIT = 64
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
        self._attempts = Attempts(uniform)
        self._connected = False
        self._cursor: int | None = None
        self._oldest: Entry | None = None
        self._going = asyncio.Event()
        self._going.set()

    @property
    def name(self) -> str:
        return self._settings.name

    # --- what the API may ask ---------------------------------------------------------------------

    async def pause(self, reason: str) -> None:
        """Stands still from the next entry on, over restarts too, until `resume`."""
        await self._log.pause(self.name, reason)
        self._going.clear()
        self._board.say(ROLE, self.name, State.PAUSED, reason)

    async def resume(self) -> None:
        """Goes on after a pause or a failure."""
        await self._log.pause(self.name, None)
        self._attempts.forget()
        state = State.RUNNING if self._connected else State.STARTING
        self._board.say(ROLE, self.name, state)
        self._going.set()

    # --- the loop ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled; a send that runs then is given `grace_seconds` to end."""
        self._board.count(ROLE, self.name, delivered=0, retries=0, rejected=0, expired=0)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._deliver_for_ever())
                group.create_task(self._measure_for_ever())
        finally:
            await self._close()

    async def _close(self) -> None:
        try:
            await self._transfer.close()
        except Exception:
            diagnostics.exception("transfer %s failed to close", self.name)

    async def _deliver_for_ever(self) -> None:
        while True:
            await self._going.wait()
            await self._report(self._step)

    async def _report(self, step: Callable[[], Awaitable[None]]) -> None:
        """Runs one step; what goes wrong in it is told, and decides when the next one comes."""
        try:
            await step()
        except Paused as error:
            self._stand_still(State.PAUSED, str(error))
            await self._remember_pause(str(error))
        except PlatewireError as error:
            self._connected = False
            self._board.count(ROLE, self.name, retries=1)
            if self._going.is_set():
                self._board.fail(ROLE, self.name, State.WAITING, str(error))
            await self._clock.sleep(self._attempts.failed(error))
        except Exception as error:
            self._connected = False
            diagnostics.exception("transfer %s failed", self.name)
            self._stand_still(State.FAILED, _own_error(self.name, error))

    async def _step(self) -> None:
        if self._cursor is None and not await self._begin():
            return
        if not self._connected:
            await self._connect()
        await self._log.wait(self._at)
        if self._going.is_set():
            entries = await self._log.read(self._at, max(READ_LIMIT, self._transfer.batch))
            await self._pass_gap(entries[0].event.seq if entries else self._log.first_seq)
            await self._deliver(entries)

    async def _remember_pause(self, reason: str) -> None:
        try:
            await self._log.pause(self.name, reason)
        except PlatewireError as error:
            more = f"{reason} (this holds until a restart only, as it cannot be kept: {error})"
            self._stand_still(State.PAUSED, more)

    async def _begin(self) -> bool:
        """Takes up the kept cursor, or a first one; false where the transfer is paused."""
        reason = await self._log.paused(self.name)
        cursor = await self._log.cursor(self.name)
        if cursor is None:
            beginning = self._log.first_seq - 1
            cursor = beginning if self._settings.start == "beginning" else self._log.last_seq
            await self._log.set_cursor(self.name, cursor)
        self._cursor = cursor
        self._measure()
        if reason is not None:
            self._stand_still(State.PAUSED, reason)
        return reason is None

    async def _connect(self) -> None:
        await self._transfer.connect()
        self._connected = True
        self._say_running()

    async def _deliver(self, entries: Sequence[Entry]) -> None:
        """All of them, unless the transfer is told to stand still on the way."""
        batch: list[Entry] = []
        for entry in entries:
            if not self._settings.selects(entry):
                continue
            if expired := self._too_old(entry):
                await self._flush(batch)
                await self._keep(entry.event.seq, "expired", expired)
                self._board.count(ROLE, self.name, expired=1)
                await self._advance(entry.event.seq)
                continue
            batch.append(entry)
            if len(batch) >= self._transfer.batch:
                await self._flush(batch)
            if not self._going.is_set():
                return
        await self._flush(batch)
        if entries:
            await self._advance(entries[-1].event.seq)

    async def _flush(self, batch: list[Entry]) -> None:
        if batch:
            self._oldest = batch[0]
            entries = tuple(batch)
            batch.clear()
            await self._with_grace(
                send_each(
                    self._transfer, entries, delivered=self._delivered, rejected=self._rejected
                )
            )

    async def _with_grace(self, sending: Coroutine[Any, Any, None]) -> None:
        """Sending and the record of it belong together: a cancellation waits for both, a while."""
        task = asyncio.create_task(sending)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled() and not _being_cancelled():
                raise RuntimeError(
                    "`send` ended as cancelled, though nobody cancelled it"
                ) from None
            await self._last_moments(task)
            raise

    async def _last_moments(self, task: asyncio.Task[None]) -> None:
        grace = asyncio.create_task(self._clock.sleep(self._grace_seconds))
        try:
            await asyncio.wait({task, grace}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()
            grace.cancel()
            ended, _ = await asyncio.gather(task, grace, return_exceptions=True)
            if isinstance(ended, Exception):
                diagnostics.warning("transfer %s, at the end: %r", self.name, ended)

    # --- what came of it --------------------------------------------------------------------------

    async def _delivered(self, entries: Sequence[Entry]) -> None:
        self._attempts.forget()
        self._board.count(ROLE, self.name, delivered=len(entries))
        self._board.gauge(ROLE, self.name, last_delivered_at=self._clock.now().timestamp())
        await self._advance(entries[-1].event.seq)
        self._say_running()

    async def _rejected(self, entry: Entry, error: Rejected) -> None:
        self._attempts.forget()
        await self._keep(
            entry.event.seq, "rejected", str(error), status=error.status, answer=error.answer
        )
        self._board.count(ROLE, self.name, rejected=1)
        await self._advance(entry.event.seq)
        self._say_running()

    def _too_old(self, entry: Entry) -> str:
        """Why, or nothing. Measured by the wall clock when its turn has come."""
        limit = self._settings.max_age_seconds
        age = (self._clock.now() - entry.event.occurred_at).total_seconds()
        if limit is None or age <= limit:
            return ""
        return f"{age:.0f} s old when its turn came; `max_age_seconds` is {limit:g}"

    async def _pass_gap(self, first_seq: int) -> None:
        """Retention has taken entries that were never sent: never silently."""
        lost = first_seq - self._at - 1
        if lost > 0:
            reason = (
                f'transfer "{self.name}": {lost} events, seq {self._at + 1} to {first_seq - 1}, '
                "were removed by retention before they could be sent; allow retention more room"
            )
            diagnostics.error(reason)
            self._board.count(ROLE, self.name, gap_events=lost)
            await self._keep(first_seq - 1, "expired", reason)
            await self._advance(first_seq - 1)

    async def _keep(
        self,
        seq: int,
        outcome: Outcome,
        reason: str,
        *,
        status: int | None = None,
        answer: str = "",
    ) -> None:
        """On the board the number and the last reason, in the log each with its answer."""
        await self._log.keep_undelivered(
            Undelivered(
                transfer=self.name,
                seq=seq,
                outcome=outcome,
                reason=reason,
                status=status,
                answer=answer,
                at=self._clock.now(),
            )
        )
        self._board.note(ROLE, self.name, f"seq {seq} {outcome}: {reason}")

    async def _advance(self, seq: int) -> None:
        if seq != self._cursor:
            await self._log.set_cursor(self.name, seq)
            self._cursor = seq
            self._oldest = None
        self._measure()

    @property
    def _at(self) -> int:
        return self._cursor or 0

    # --- what the board shows ---------------------------------------------------------------------

    def _say_running(self) -> None:
        if self._going.is_set():
            self._board.say(ROLE, self.name, State.RUNNING)

    def _stand_still(self, state: State, reason: str) -> None:
        self._going.clear()
        self._board.fail(ROLE, self.name, state, reason)

    async def _measure_for_ever(self) -> None:
        """Lag grows while nothing is sent, so it is looked at regardless."""
        while True:
            await self._clock.sleep(MEASURE_SECONDS)
            # The delivering task meets the same error and reports it.
            with contextlib.suppress(PlatewireError):
                await self._find_oldest()
            self._measure()

    async def _find_oldest(self) -> None:
        cursor = self._cursor
        if self._oldest is None and cursor is not None and cursor < self._log.last_seq:
            entries = await self._log.read(cursor, READ_LIMIT)
            if cursor == self._cursor:
                asked_for = (each for each in entries if self._settings.selects(each))
                self._oldest = next(asked_for, None)

    def _measure(self) -> None:
        if self._cursor is None:
            return
        lag_events = max(0, self._log.last_seq - self._cursor)
        self._board.gauge(
            ROLE,
            self.name,
            cursor=self._cursor,
            lag_events=lag_events,
            lag_seconds=self._lag_seconds() if lag_events else 0.0,
        )

    def _lag_seconds(self) -> float:
        """Age of the oldest entry that is asked for and not delivered; 0 where there is none."""
        if self._oldest is None:
            return 0.0
        event = self._oldest.event
        since: datetime = event.recorded_at or event.occurred_at
        return max(0.0, (self._clock.now() - since).total_seconds())


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _own_error(name: str, error: Exception) -> str:
    return (
        f'transfer "{name}": an error in its own code: {error!r}; the traceback is in the '
        "diagnostics. It stands still until it is resumed; please report it"
    )
