"""Where a delivery is, kept in the log: the window, the floor, and rows for what is parked."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from platewire.clock import Clock
from platewire.delivery.circuit import RETRY_AFTER_SECONDS_MAX
from platewire.delivery.lag import Lag
from platewire.delivery.records import ROLE
from platewire.delivery.schedule import Schedule
from platewire.delivery.selection import remember_selection
from platewire.delivery.window import Window
from platewire.delivery.work import Item, ToKeep, Waiting
from platewire.errors import PlatewireError
from platewire.eventlog.letters import Parked, Ranges
from platewire.eventlog.log import EventLog
from platewire.status import Board
from platewire.transfers.transfer import TransferSettings

EXACT_MAX = 64
"""Up to so many open events, what is above the floor is told with each delivery."""
ABOVE_SECONDS = 0.1
"""With more, so often."""

diagnostics = logging.getLogger(__name__)


class Place:
    """To be used once `begun` is set."""

    def __init__(
        self, settings: TransferSettings, log: EventLog, clock: Clock, board: Board
    ) -> None:
        self._settings = settings
        self._name = settings.name
        self._log = log
        self._clock = clock
        self._board = board
        self._lag = Lag(settings, log, clock, board)
        self._kept: tuple[int, Ranges] = (-1, ())
        self._kept_at = 0.0
        self.window = Window(0)
        self.begun = asyncio.Event()
        self.room = asyncio.Event()
        """Cleared while enough is read ahead of what is delivered."""
        self.room.set()
        self.parked = 0

    async def begin(self) -> Sequence[Parked]:
        """Takes up where the log says that this transfer was, or a first place, as its settings
        say; what waits."""
        log, settings = self._log, self._settings
        cursor = await log.cursor(self._name)
        if cursor is None:
            cursor = log.first_seq - 1 if settings.start == "beginning" else log.last_seq
            await log.set_cursor(self._name, cursor)
        window = Window(cursor, await log.acknowledged(self._name))
        parked = await log.parked(self._name)
        await remember_selection(log, settings, window.floor + 1)
        self.window = window
        self._lag.show(window.floor)
        return parked

    # --- the floor ------------------------------------------------------------------------------

    async def keep(self) -> None:
        """Keeps the floor, and the few above it, as exactly as is cheap: what is left out comes
        twice after a crash, it is never lost."""
        floor = self.window.floor
        now = self._clock.monotonic()
        above = self._kept[1]
        if self.window.unsettled <= EXACT_MAX or now - self._kept_at >= ABOVE_SECONDS:
            above, self._kept_at = self.window.above(), now
        if (floor, above) != self._kept:
            await self._log.set_cursor(self._name, floor, above)
            if floor != self._kept[0]:
                self._lag.moved()
            self._kept = (floor, above)
        self._lag.show(floor)

    async def measure(self) -> None:
        """Lag grows while nothing is sent, so it is looked at regardless."""
        try:
            await self._lag.find_oldest(self.window)
            await self.keep()
        except PlatewireError:
            # The reading task meets the same error and reports it.
            self._lag.show(self.window.floor)

    async def settled(self, item: Item) -> None:
        """What waited is dealt with."""
        if item.kept:
            await self._log.unpark(self._name, item.seq)
            self._count(-1)
        else:
            self.window.close(item.seq)

    # --- rows for what is parked ----------------------------------------------------------------

    async def update(self, each: ToKeep) -> None:
        """It has a row already."""
        await self._log.park([self._row(each)])

    async def park(self, schedule: Schedule) -> None:
        """A row for each event that is to wait alone; then the floor may pass it."""
        taken = schedule.take_to_keep()
        try:
            await self._log.park([self._row(each) for each in taken])
        except PlatewireError:
            schedule.give_back_to_keep(taken)
            raise
        for each in taken:
            await self._parked_now(*each)
        await self.keep()

    async def _parked_now(self, waiting: Waiting, item: Item) -> None:
        item.kept = True
        item.entry = None
        self.window.close(item.seq)
        if item.settled:
            await self._log.unpark(self._name, item.seq)
        else:
            self._count(1)
        if waiting.error and waiting.items and waiting.items[0] is item:
            diagnostics.warning(
                'transfer "%s": seq %d waits with its passage while others go on: %s',
                *(self._name, item.seq, waiting.error),
            )

    def _row(self, each: ToKeep) -> Parked:
        """With its next attempt where it is the first of its passage."""
        waiting, item = each
        first = bool(waiting.items) and waiting.items[0] is item
        left = max(0.0, waiting.due - self._clock.monotonic())
        return Parked(
            transfer=self._name,
            seq=item.seq,
            passage=waiting.passage,
            next_at=self._clock.now() + timedelta(seconds=left),
            attempts=waiting.attempts if first else 0,
            waited_seconds=waiting.waited_seconds if first else 0.0,
            error=waiting.error if first else "",
            requeued=item.requeued,
        )

    def restore(self, schedule: Schedule, rows: Sequence[Parked], *, at_once: bool = False) -> None:
        """What has rows waits again; `at_once` where a person gave it back."""
        now, wall = self._clock.monotonic(), self._clock.now()
        for row in rows:
            # Wall time may have jumped: nothing waits longer than an attempt can.
            left = min(max(0.0, (row.next_at - wall).total_seconds()), RETRY_AFTER_SECONDS_MAX)
            schedule.restore(
                row.passage,
                row.seq,
                now if at_once else now + left,
                attempts=row.attempts,
                waited=row.waited_seconds,
                requeued=row.requeued,
            )
        self._count(len(rows))

    def _count(self, more: int) -> None:
        self.parked += more
        self._board.gauge(ROLE, self._name, parked=self.parked)
