"""What a delivery writes down: attempts, dead letters, gaps; and what it shows of itself.

Attempts that failed go to the log. Those that succeeded are kept in memory, the newest of them:
a row for each delivery would cost more than the delivery.
"""

import logging
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

from platewire.clock import Clock
from platewire.delivery.work import Work
from platewire.errors import Rejected
from platewire.eventlog.letters import (
    Attempt,
    AttemptOutcome,
    DeadLetter,
    DeadOutcome,
    Ranges,
)
from platewire.eventlog.log import EventLog
from platewire.model import Entry
from platewire.secret import masked
from platewire.status import Board
from platewire.transfers.exchange import ANSWER_CHARACTERS_MAX, Exchange
from platewire.transfers.transfer import TransferSettings

ROLE = "transfer"
REMOVED = "were removed by retention before they could be sent; allow retention more room"
DAMAGED = (
    "are damaged in the log and were left out; look at the disk, `platewire database verify` "
    "names the damage"
)
SUCCESSES_KEPT = 100

diagnostics = logging.getLogger(__name__)


class Records:
    def __init__(
        self, settings: TransferSettings, log: EventLog, clock: Clock, board: Board
    ) -> None:
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
            transfer=self._name,
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
        await self._log.keep_attempt(attempt)

    def successes(self) -> Sequence[Attempt]:
        """Newest first."""
        return [
            Attempt(
                transfer=self._name,
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
        letter = self._letter(
            entry.event.seq,
            "rejected",
            str(error),
            attempts=attempts,
            status=error.status,
            answer=error.answer,
        )
        await self.bury([letter])

    async def exhausted(
        self, seq: int, attempts: int, error: BaseException, exchange: Exchange
    ) -> None:
        letter = self._letter(
            seq,
            "exhausted",
            f"{attempts} attempts over a day failed, the last: {error}",
            attempts=attempts,
            status=exchange.status,
            answer=exchange.answer,
        )
        await self.bury([letter])

    async def expired(self, entries: Sequence[tuple[Entry, str]], attempts: int = 0) -> None:
        await self.bury(
            [
                self._letter(entry.event.seq, "expired", reason, attempts=attempts)
                for entry, reason in entries
            ]
        )

    async def gap(self, missing: Ranges) -> None:
        """Entries that were never sent are not there: retention has taken them, or they are
        damaged on the disk. Never silently."""
        letters = []
        for first, last in missing:
            count = last + 1 - first
            reason = f'transfer "{self._name}": {count} events, seq {first} to {last}, ' + (
                REMOVED if first < self._log.first_seq else DAMAGED
            )
            diagnostics.error(reason)
            letters.append(self._letter(last, "gap", reason, first_seq=first))
        await self.bury(letters)

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        """In the log each with its answer, on the board the numbers and the last reason."""
        if not letters:
            return
        await self._log.bury(letters)
        for letter in letters:
            counter = "gap_events" if letter.outcome == "gap" else letter.outcome
            self._board.count(ROLE, self._name, **{counter: letter.events})
        last = letters[-1]
        self._board.note(ROLE, self._name, f"seq {last.seq} {last.outcome}: {last.reason}")

    def _letter(
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
            transfer=self._name,
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
        """Why, or nothing. Measured by the wall clock when its turn has come."""
        limit = self._settings.max_age_seconds
        if limit is None:
            return ""
        age = (self._clock.now() - entry.event.occurred_at).total_seconds()
        if age <= limit:
            return ""
        return f"{age:.0f} s old when its turn came; `max_age_seconds` is {limit:g}"
