"""Sends old entries again: a second cursor further back, which the live one never hears of."""

import random
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct, structs

from platewire.clock import Clock
from platewire.delivery_attempt import Attempts, send_each
from platewire.errors import Paused, PlatewireError, Rejected
from platewire.model import Entry, EventReader
from platewire.transfers.transfer import Transfer, TransferSettings
from platewire.wire import native

READ_LIMIT = 64
REASONS_KEPT = 20


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
    rate: float | None = None,
    clock: Clock,
    progress: Callable[[int, int], None],
    waiting: Callable[[str], None] = lambda reason: None,
    uniform: Callable[[], float] = random.random,
) -> ReplayResult:
    """Sends what `settings` selects from `from_seq` to `to_seq` (None: the end of now).

    Entries are marked `replayed` and keep their ids; age is not looked at. At most `rate` entries
    a second. `progress` gets how many log entries are dealt with, and of how many. Unavailable is
    retried without giving up, and told to `waiting`; Paused comes through. Closes the transfer at
    the end.
    """
    run = _Replay(log, settings, transfer, clock, Attempts(uniform), waiting)
    first = max(from_seq, log.first_seq)
    last = log.last_seq if to_seq is None else min(to_seq, log.last_seq)
    try:
        await run.until_done(run.connect)
        await run.all(first, last, rate, progress)
    finally:
        await transfer.close()
    return ReplayResult(
        first_seq=first,
        last_seq=last,
        delivered=run.delivered,
        rejected=run.rejected,
        reasons=tuple(run.reasons),
    )


class _Replay:
    def __init__(
        self,
        log: EventReader,
        settings: TransferSettings,
        transfer: Transfer,
        clock: Clock,
        attempts: Attempts,
        waiting: Callable[[str], None],
    ) -> None:
        self._log = log
        self._settings = settings
        self._transfer = transfer
        self._clock = clock
        self._attempts = attempts
        self._waiting = waiting
        self._connected = False
        self.delivered = 0
        self.rejected = 0
        self.reasons: list[str] = []

    async def all(
        self, first: int, last: int, rate: float | None, progress: Callable[[int, int], None]
    ) -> None:
        total = max(0, last - first + 1)
        cursor = first - 1
        while cursor < last:
            limit = max(READ_LIMIT, self._transfer.batch)
            entries = await self._log.read(cursor, min(limit, last - cursor))
            for batch in self._batches(entries):
                started = self._clock.monotonic()
                await self._send(batch)
                if rate:
                    spent = self._clock.monotonic() - started
                    await self._clock.sleep(len(batch) / rate - spent)
            # Nothing read: retention took the rest while this ran.
            cursor = entries[-1].event.seq if entries else last
            progress(total - (last - cursor), total)

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

    def _batches(self, entries: Sequence[Entry]) -> Sequence[Sequence[Entry]]:
        marked = [_marked(entry) for entry in entries if self._settings.selects(entry)]
        size = self._transfer.batch
        return [marked[start : start + size] for start in range(0, len(marked), size)]

    async def _send(self, batch: Sequence[Entry]) -> None:
        left = list(batch)

        async def delivered(done: Sequence[Entry]) -> None:
            del left[: len(done)]
            self.delivered += len(done)
            self._attempts.forget()

        async def rejected(entry: Entry, error: Rejected) -> None:
            del left[0]
            self.rejected += 1
            self.reasons += [f"seq {entry.event.seq}: {error}"][: REASONS_KEPT - len(self.reasons)]

        async def step() -> None:
            await self.connect()
            await send_each(self._transfer, left[:], delivered=delivered, rejected=rejected)

        await self.until_done(step)


def _marked(entry: Entry) -> Entry:
    event = structs.replace(entry.event, replayed=True)
    return Entry(event, native.encode(event))
