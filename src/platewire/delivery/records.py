"""What a delivery writes down: attempts, dead letters, gaps; and what it shows of itself.

Attempts that failed go to the log. Those that succeeded are kept in memory, the newest of them:
a row for each delivery would cost more than the delivery.
"""

import logging
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

from platewire.delivery.work import Work
from platewire.errors import Rejected
from platewire.eventlog.deliveries.records import (
    Attempt,
    AttemptOutcome,
    DeadLetter,
    DeadOutcome,
    Ranges,
)
from platewire.eventlog.log import EventLog
from platewire.model import Entry
from platewire.outputs.exchange import ANSWER_CHARACTERS_MAX, Exchange
from platewire.outputs.output import OutputSettings
from platewire.runtime.clock import Clock
from platewire.runtime.freshness import age_of
from platewire.runtime.secret import masked
from platewire.runtime.status import Board

ROLE = "output"
REMOVED = (
    "were deleted by retention before they were sent; set longer retention, or keep_for_outputs"
)
LOST = (
    "were delivered but lost by the receiver; retention has deleted them here, so they cannot be "
    "sent again"
)
DAMAGED = (
    "are corrupted in the event log and were skipped; check the disk, and list the corruption with "
    "`platewire database verify`"
)
EMPTY = "are missing because the event log was cut back; whether they were sent is unknown"
SUCCESSES_KEPT = 100
"""Newest successes of an output that are kept for the status; a bound on memory."""

diagnostics = logging.getLogger(__name__)


class Records:
    def __init__(self, settings: OutputSettings, log: EventLog, clock: Clock, board: Board) -> None:
        self._settings = settings
        self._name = settings.name
        self._log = log
        self._clock = clock
        self._board = board
        self._counters = board.line(ROLE, settings.name).counters
        self._successes: deque[tuple[int, int, float, float, Exchange]] = deque(
            maxlen=SUCCESSES_KEPT
        )

    # --- attempts ---------------------------------------------------------------------------------

    def delivered(self, entries: Sequence[Entry], work: Work) -> None:
        now = self._clock.now().timestamp()
        seconds = self._clock.monotonic() - work.started
        self._successes.append((entries[-1].event.seq, work.number, now, seconds, work.exchange))
        self._counters["delivered"] += len(entries)
        self._counters["last_delivered_at"] = now

    async def failed(
        self, entry: Entry, work: Work, outcome: AttemptOutcome, error: BaseException
    ) -> None:
        exchange = work.exchange
        status, answer = exchange.status, exchange.answer
        if isinstance(error, Rejected):
            status, answer = error.status or status, answer or error.answer
        attempt = Attempt(
            output=self._name,
            seq=entry.event.seq,
            number=work.number,
            at=self._clock.now(),
            seconds=self._clock.monotonic() - work.started,
            outcome=outcome,
            status=status,
            request=exchange.request,
            answer=masked(answer)[:ANSWER_CHARACTERS_MAX],
            error=masked(str(error) or repr(error)),
        )
        await self._log.deliveries.add_attempt(attempt)

    def successes(self) -> Sequence[Attempt]:
        """Newest first."""
        return [
            Attempt(
                output=self._name,
                seq=seq,
                number=number,
                at=datetime.fromtimestamp(at, UTC),
                seconds=seconds,
                outcome="delivered",
                status=exchange.status,
                request=exchange.request,
                answer=exchange.answer,
            )
            for seq, number, at, seconds, exchange in reversed(self._successes)
        ]

    # --- dead letters -----------------------------------------------------------------------------

    async def rejected(self, entry: Entry, attempts: int, error: Rejected) -> None:
        dead_letter = self._dead_letter(
            entry.event.seq,
            "rejected",
            str(error),
            attempts=attempts,
            status=error.status,
            answer=error.answer,
        )
        await self.add_dead_letters([dead_letter])

    async def exhausted(
        self, seq: int, attempts: int, error: BaseException, exchange: Exchange
    ) -> None:
        how_long = "over a day"
        if self._settings.order != "passage":
            limit = self._settings.order_wait_seconds
            how_long = f"(`order_wait_seconds` is {limit:g}, and other events were accepted)"
        dead_letter = self._dead_letter(
            seq,
            "exhausted",
            f"{attempts} attempts {how_long} failed; last error: {error}",
            attempts=attempts,
            status=exchange.status,
            answer=exchange.answer,
        )
        await self.add_dead_letters([dead_letter])

    async def expired(self, entries: Sequence[tuple[Entry, str]], attempts: int = 0) -> None:
        await self.add_dead_letters(
            [
                self._dead_letter(entry.event.seq, "expired", reason, attempts=attempts)
                for entry, reason in entries
            ]
        )

    async def gap(self, missing: Ranges, removed: str = REMOVED) -> None:
        """Entries that are to be sent are not there: retention has taken them, they are damaged
        on the disk, or the log was cut back. Never silently."""
        dead_letters = []
        parts = self._log.numbering.parts
        for first, last, empty in (part for span in missing for part in parts(*span)):
            count = last + 1 - first
            reason = f'output "{self._name}": {count} events, seq {first} to {last}, ' + (
                EMPTY if empty else removed if first < self._log.first_seq else DAMAGED
            )
            diagnostics.error(reason)
            dead_letters.append(self._dead_letter(last, "gap", reason, first_seq=first))
        await self.add_dead_letters(dead_letters)

    async def add_dead_letters(self, dead_letters: Sequence[DeadLetter]) -> None:
        """In the log each with its answer, on the board the numbers and the last reason."""
        if not dead_letters:
            return
        await self._log.deliveries.add_dead_letters(dead_letters)
        for each in dead_letters:
            counter = "gap_events" if each.outcome == "gap" else each.outcome
            self._board.count(ROLE, self._name, **{counter: each.events})
        last = dead_letters[-1]
        self._board.note(ROLE, self._name, f"seq {last.seq} {last.outcome}: {last.reason}")

    def _dead_letter(
        self,
        seq: int,
        outcome: DeadOutcome,
        reason: str,
        *,
        attempts: int = 0,
        first_seq: int | None = None,
        status: int | None = None,
        answer: str = "",
    ) -> DeadLetter:
        return DeadLetter(
            output=self._name,
            seq=seq,
            first_seq=first_seq,
            outcome=outcome,
            reason=reason,
            status=status,
            answer=answer[:ANSWER_CHARACTERS_MAX],
            attempts=attempts,
            at=self._clock.now(),
        )

    # --- age --------------------------------------------------------------------------------------

    @property
    def may_expire(self) -> bool:
        return self._settings.max_age_seconds is not None

    def too_old(self, entry: Entry) -> str:
        """Why, or nothing. Measured when its turn has come."""
        limit = self._settings.max_age_seconds
        if limit is None:
            return ""
        age = age_of(entry, self._clock, self._settings.ahead_seconds_max)
        if age.seconds <= limit:
            return ""
        return f"{age.words} when it was due; `max_age_seconds` is {limit:g}"
