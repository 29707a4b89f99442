"""Sends old entries again: a second cursor further back, which the live one never hears of."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from msgspec import Struct, structs

from platewire.delivery.attempt import Attempts, send_each
from platewire.delivery.events.choice import Choice
from platewire.errors import Paused, PlatewireError, Refused, Rejected
from platewire.model import Entry, EventReader
from platewire.outputs.output import PROBE_SECONDS, Output
from platewire.runtime.clock import Clock
from platewire.wire import native

READ_LIMIT = 64
"""Events read from the log at once, or a batch if that is more; fewer than the live delivery
reads."""
REASONS_KEPT = 20
"""Reasons of failed events that a replay reports; the rest most often repeats them."""
REFUSALS_MAX = 3
"""Attempts at an event that is refused as everybody may be, where others were accepted."""

OnDelivered = Callable[[Sequence[Entry]], Awaitable[None]]


class ReplayResult(Struct, frozen=True, kw_only=True):
    first_seq: int
    """Where it began: later than asked where retention has taken the beginning."""
    last_seq: int
    delivered: int
    rejected: int
    reasons: tuple[str, ...]
    """Of the first rejected entries, each with its seq."""


async def replay(
    log: EventReader,
    output: Output,
    choice: Choice,
    *,
    rate: float | None = None,
    clock: Clock,
    progress: Callable[[int, int], None],
    on_delivered: OnDelivered | None = None,
    waiting: Callable[[str], None] = lambda reason: None,
    uniform: Callable[[], float] = random.random,
    probe_seconds: float = PROBE_SECONDS,
) -> ReplayResult:
    """Sends the events that `choice` selects.

    Entries are marked `replayed` and keep their ids; age is not looked at. At most `rate` entries
    a second. `progress` gets how many log entries are dealt with, and of how many; `on_delivered`
    what was delivered. Unavailable is retried without giving up, every `probe_seconds` at least,
    and told to `waiting`; Paused comes through. Closes the output at the end.
    """
    run = _Replay(log, output, clock, Attempts(uniform, probe_seconds), waiting, on_delivered)
    try:
        await run.until_done(run.connect)
        await run.all(choice, rate, progress)
    finally:
        await output.close()
    return ReplayResult(
        first_seq=choice.first_seq,
        last_seq=choice.last_seq,
        delivered=run.delivered,
        rejected=run.rejected,
        reasons=tuple(run.reasons),
    )


class _Replay:
    def __init__(
        self,
        log: EventReader,
        output: Output,
        clock: Clock,
        attempts: Attempts,
        waiting: Callable[[str], None],
        on_delivered: OnDelivered | None,
    ) -> None:
        self._log = log
        self._output = output
        self._clock = clock
        self._attempts = attempts
        self._waiting = waiting
        self._on_delivered = on_delivered
        self._connected = False
        self._accepted = False
        self._refusals = 0
        """Of the same event, where others were accepted before."""
        self.delivered = 0
        self.rejected = 0
        self.reasons: list[str] = []

    async def all(
        self, choice: Choice, rate: float | None, progress: Callable[[int, int], None]
    ) -> None:
        async for entries, done in self._pages(choice):
            for batch in self._batches(await choice.wanted(entries)):
                started = self._clock.monotonic()
                await self._send(batch)
                if rate:
                    spent = self._clock.monotonic() - started
                    await self._clock.sleep(len(batch) / rate - spent)
            progress(done, choice.total)

    async def _pages(self, choice: Choice) -> AsyncIterator[tuple[Sequence[Entry], int]]:
        """Some entries, and how many are dealt with after them."""
        limit = max(READ_LIMIT, self._output.batch)
        if choice.seqs is not None:
            for start in range(0, len(choice.seqs), limit):
                page = [await self._log.read(seq - 1, 1) for seq in choice.seqs[start:][:limit]]
                wanted = choice.seqs[start : start + limit]
                found = [
                    entry
                    for entries, seq in zip(page, wanted, strict=True)
                    for entry in entries
                    if entry.event.seq == seq
                ]
                yield found, start + len(wanted)
            return
        cursor = choice.first_seq - 1
        while cursor < choice.last_seq:
            there = await self._log.read(cursor, min(limit, choice.last_seq - cursor))
            # Nothing read: retention took the rest while this ran, or the numbers are empty.
            due = [entry for entry in there if entry.event.seq <= choice.last_seq]
            cursor = due[-1].event.seq if due else choice.last_seq
            yield due, choice.total - (choice.last_seq - cursor)

    async def until_done(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await step()
            except Paused:
                raise
            except PlatewireError as error:
                self._connected = False
                self._waiting(str(error))
                await self._clock.sleep(self._attempts.failed(error))

    def _is_refused_alone(self) -> bool:
        """Others were accepted, and this one was refused again and again."""
        self._refusals += 1
        if not self._accepted or self._refusals < REFUSALS_MAX:
            return False
        self._accepted, self._refusals = False, 0
        return True

    async def connect(self) -> None:
        if not self._connected:
            await self._output.connect()
            await self._output.held(0)  # Raises where there is another history.
            self._connected = True

    def _batches(self, entries: Sequence[Entry]) -> Sequence[Sequence[Entry]]:
        chosen = [marked(entry) for entry in entries]
        size = self._output.batch
        return [chosen[start : start + size] for start in range(0, len(chosen), size)]

    async def _send(self, batch: Sequence[Entry]) -> None:
        left = list(batch)

        async def delivered(done: Sequence[Entry]) -> None:
            del left[: len(done)]
            self.delivered += len(done)
            self._attempts.forget()
            self._accepted, self._refusals = True, 0
            if self._on_delivered is not None:
                await self._on_delivered(done)

        async def rejected(entry: Entry, error: Rejected) -> None:
            del left[0]
            self.rejected += 1
            self.reasons += [f"seq {entry.event.seq}: {error}"][: REASONS_KEPT - len(self.reasons)]

        async def step() -> None:
            await self.connect()
            while left:
                try:
                    await send_each(self._output, left[:], delivered=delivered, rejected=rejected)
                except Refused as error:
                    if not self._is_refused_alone():
                        raise
                    await rejected(left[0], Rejected(str(error), status=error.status))

        await self.until_done(step)


def marked(entry: Entry) -> Entry:
    """The same, as sent again."""
    event = structs.replace(entry.event, replayed=True)
    return entry._replace(event=event, body=native.encode(event))
