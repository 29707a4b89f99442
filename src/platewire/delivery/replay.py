"""Sends old entries again: a second cursor further back, which the live one never hears of."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from msgspec import Struct, structs

from platewire.clock import Clock
from platewire.delivery.attempt import Attempts, send_each
from platewire.delivery.choice import Choice
from platewire.errors import Paused, PlatewireError, Rejected
from platewire.model import Entry, EventReader
from platewire.transfers.transfer import Transfer, TransferSettings
from platewire.wire import native

READ_LIMIT = 64
REASONS_KEPT = 20

Told = Callable[[Sequence[Entry]], Awaitable[None]]


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
    settings: TransferSettings,
    transfer: Transfer,
    from_seq: int,
    to_seq: int | None = None,
    *,
    choice: Choice | None = None,
    rate: float | None = None,
    clock: Clock,
    progress: Callable[[int, int], None],
    told: Told | None = None,
    waiting: Callable[[str], None] = lambda reason: None,
    uniform: Callable[[], float] = random.random,
) -> ReplayResult:
    """Sends what `settings` selects from `from_seq` to `to_seq` (None: the end of now), or the
    `choice` instead.

    Entries are marked `replayed` and keep their ids; age is not looked at. At most `rate` entries
    a second. `progress` gets how many log entries are dealt with, and of how many; `told` what was
    delivered. Unavailable is retried without giving up, and told to `waiting`; Paused comes
    through. Closes the transfer at the end.
    """
    if choice is None:
        first = max(from_seq, log.first_seq)
        last = log.last_seq if to_seq is None else min(to_seq, log.last_seq)
        choice = Choice(what="all", first_seq=first, last_seq=last, wanted=settings.selects)
    run = _Replay(log, transfer, clock, Attempts(uniform), waiting, told)
    try:
        await run.until_done(run.connect)
        await run.all(choice, rate, progress)
    finally:
        await transfer.close()
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
        transfer: Transfer,
        clock: Clock,
        attempts: Attempts,
        waiting: Callable[[str], None],
        told: Told | None,
    ) -> None:
        self._log = log
        self._transfer = transfer
        self._clock = clock
        self._attempts = attempts
        self._waiting = waiting
        self._told = told
        self._connected = False
        self.delivered = 0
        self.rejected = 0
        self.reasons: list[str] = []

    async def all(
        self, choice: Choice, rate: float | None, progress: Callable[[int, int], None]
    ) -> None:
        async for entries, done in self._pages(choice):
            for batch in self._batches(choice, entries):
                started = self._clock.monotonic()
                await self._send(batch)
                if rate:
                    spent = self._clock.monotonic() - started
                    await self._clock.sleep(len(batch) / rate - spent)
            progress(done, choice.total)

    async def _pages(self, choice: Choice) -> AsyncIterator[tuple[Sequence[Entry], int]]:
        """Some entries, and how many are dealt with after them."""
        limit = max(READ_LIMIT, self._transfer.batch)
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
            entries = await self._log.read(cursor, min(limit, choice.last_seq - cursor))
            # Nothing read: retention took the rest while this ran.
            cursor = entries[-1].event.seq if entries else choice.last_seq
            yield entries, choice.total - (choice.last_seq - cursor)

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

    async def connect(self) -> None:
        if not self._connected:
            await self._transfer.connect()
            self._connected = True

    def _batches(self, choice: Choice, entries: Sequence[Entry]) -> Sequence[Sequence[Entry]]:
        chosen = [marked(entry) for entry in entries if choice.wanted(entry)]
        size = self._transfer.batch
        return [chosen[start : start + size] for start in range(0, len(chosen), size)]

    async def _send(self, batch: Sequence[Entry]) -> None:
        left = list(batch)

        async def delivered(done: Sequence[Entry]) -> None:
            del left[: len(done)]
            self.delivered += len(done)
            self._attempts.forget()
            if self._told is not None:
                await self._told(done)

        async def rejected(entry: Entry, error: Rejected) -> None:
            del left[0]
            self.rejected += 1
            self.reasons += [f"seq {entry.event.seq}: {error}"][: REASONS_KEPT - len(self.reasons)]

        async def step() -> None:
            await self.connect()
            if left:
                await send_each(self._transfer, left[:], delivered=delivered, rejected=rejected)

        await self.until_done(step)


def marked(entry: Entry) -> Entry:
    """The same, as sent again."""
    event = structs.replace(entry.event, replayed=True)
    return Entry(event, native.encode(event))
