"""The progress of a delivery, stored in the log: the window, the floor, and rows of parked ones."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain

from platewire.delivery.circuit import RETRY_AFTER_SECONDS_MAX
from platewire.delivery.events.choice import DEAD_LETTERS_MAX
from platewire.delivery.events.lag import Lag
from platewire.delivery.events.selection import Selected, remember_selection
from platewire.delivery.events.window import Window
from platewire.delivery.order import Key, Order
from platewire.delivery.records import ROLE
from platewire.delivery.schedule import Schedule
from platewire.delivery.work import Item, UnsavedAttempt, Waiting
from platewire.errors import PlatewireError
from platewire.eventlog.deliveries.records import ALL_DEAD_LETTERS, Parked, Ranges, undelivered
from platewire.eventlog.log import EventLog
from platewire.model import entry_at
from platewire.outputs.output import OutputSettings
from platewire.runtime.clock import Clock
from platewire.runtime.status import Board

EXACT_MAX = 64
"""Up to so many open events, what is above the floor is told with each delivery."""
ABOVE_SECONDS = 0.1
"""With more, so often."""

diagnostics = logging.getLogger(__name__)


class Progress:
    """To be used once `begun` is set."""

    def __init__(self, settings: OutputSettings, log: EventLog, clock: Clock, board: Board) -> None:
        self._settings = settings
        self._name = settings.name
        self._log = log
        self._book = log.deliveries
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
        self.order = Order.of(settings)
        self.selected = Selected(log, settings, ())
        """Which events are sent."""
        self.sent_before = 0
        """What is not acknowledged up to this `seq` may have been sent by an earlier run."""

    async def begin(self) -> Sequence[Parked]:
        """Takes up where the log says that this output was, or a first place, as its settings
        say; what waits."""
        log, book, settings = self._log, self._book, self._settings
        cursor = await book.cursor(self._name)
        if cursor is not None:
            self.sent_before = log.last_seq
        else:
            cursor = log.first_seq - 1 if settings.start == "beginning" else log.last_seq
            await book.set_cursor(self._name, cursor)
        acknowledged = await book.acknowledged(self._name)
        window = Window(cursor, acknowledged)
        parked = await book.parked(self._name)
        await remember_selection(log, settings, cursor, acknowledged)
        self.selected = await Selected.of(log, settings, cursor)
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
            await self._book.set_cursor(self._name, floor, above)
            if floor != self._kept[0]:
                self._lag.moved()
            self._kept = (floor, above)
        self._lag.show(floor)

    async def go_back(self, floor: int) -> None:
        """Nothing may be in flight. What waits, and what was given up, is not to be given again."""
        dealt_with = await self.dealt_with(floor)
        await self._book.set_cursor(self._name, floor, dealt_with)
        self.window = Window(floor, dealt_with)
        self._kept = (floor, dealt_with)
        self.room.set()
        self._lag.moved()
        self._lag.show(floor)

    async def dealt_with(self, after: int) -> Ranges:
        """Events after that seq which the other side was never given: parked, or dead letters."""
        parked = await self._book.parked(self._name)
        dead_letters = [
            await self._book.dead_letters(self._name, query, DEAD_LETTERS_MAX)
            for query in ALL_DEAD_LETTERS
        ]
        return undelivered(parked, chain(*dead_letters), after)

    async def measure(self) -> None:
        """Lag grows while nothing is sent, so it is looked at regardless."""
        try:
            await self._lag.find_oldest(self.window, self.selected)
            await self.keep()
        except PlatewireError:
            # The reading task meets the same error and reports it.
            self._lag.show(self.window.floor)

    async def settled(self, item: Item) -> None:
        """What waited is dealt with."""
        if item.kept:
            await self._book.unpark(self._name, item.seq)
            self._count(-1)
        else:
            self.window.close(item.seq)

    # --- rows for what is parked ----------------------------------------------------------------

    async def update(self, each: UnsavedAttempt) -> None:
        """It has a row already."""
        await self._book.park([self._row(each)])

    async def park(self, schedule: Schedule) -> None:
        """A row for each event that is to wait alone; then the floor may pass it."""
        taken = schedule.take_unsaved()
        try:
            await self._book.park([self._row(each) for each in taken])
        except PlatewireError:
            schedule.return_unsaved(taken)
            raise
        for each in taken:
            await self._parked_now(*each)
        await self.keep()

    async def _parked_now(self, waiting: Waiting, item: Item) -> None:
        item.kept = True
        item.entry = None
        self.window.close(item.seq)
        if item.settled:
            await self._book.unpark(self._name, item.seq)
        else:
            self._count(1)
        if waiting.error and waiting.items and waiting.items[0] is item:
            diagnostics.warning(
                'output "%s": seq %d is parked with its %s, other events continue: %s',
                *(self._name, item.seq, self.order.by, waiting.error),
            )

    def _row(self, each: UnsavedAttempt) -> Parked:
        """With its next attempt where it is the first of its passage."""
        waiting, item = each
        first = bool(waiting.items) and waiting.items[0] is item
        left = max(0.0, waiting.due - self._clock.monotonic())
        return Parked(
            output=self._name,
            seq=item.seq,
            passage=item.passage,
            next_at=self._clock.now() + timedelta(seconds=left),
            attempts=item.attempts,
            waited_seconds=waiting.waited_seconds if first else 0.0,
            error=waiting.error if first else "",
            requeued=item.requeued,
        )

    async def restore(
        self, schedule: Schedule, rows: Sequence[Parked], *, at_once: bool = False
    ) -> None:
        """What has rows waits again; `at_once` where a person gave it back."""
        keys = [await self._key(row) for row in rows]  # All of them, or none if one cannot be read.
        now, wall = self._clock.monotonic(), self._clock.now()
        for row, key in zip(rows, keys, strict=True):
            # Wall time may have jumped: nothing waits longer than an attempt can.
            left = min(max(0.0, (row.next_at - wall).total_seconds()), RETRY_AFTER_SECONDS_MAX)
            item = Item(
                *(row.seq, row.passage, None, row.attempts), requeued=row.requeued, kept=True
            )
            due = now if at_once else now + left
            schedule.restore(key, item, due, row.waited_seconds)
        self._count(len(rows))

    async def _key(self, row: Parked) -> Key:
        """Key of the scope in which it is sent in order."""
        if self.order.by == "passage":
            return row.passage
        entry = await entry_at(self._log, row.seq)
        return row.passage if entry is None else self.order.key(entry.event)

    def _count(self, more: int) -> None:
        self.parked += more
        self._board.gauge(ROLE, self._name, parked=self.parked)
