"""Where a delivery is, kept in the log: the window, the floor, and rows for what is parked."""

from collections.abc import Sequence
from datetime import timedelta

from platewire.clock import Clock
from platewire.delivery_schedule import ToKeep
from platewire.delivery_window import Window
from platewire.eventlog.letters import Parked, Ranges
from platewire.eventlog.log import EventLog
from platewire.transfers.transfer import TransferSettings

EXACT_MAX = 64
"""Up to so many open events, what is above the floor is told with each delivery."""
ABOVE_SECONDS = 0.1
"""With more, so often."""


class Place:
    def __init__(self, transfer: str, log: EventLog, clock: Clock, window: Window) -> None:
        self._name = transfer
        self._log = log
        self._clock = clock
        self.window = window
        self._kept: tuple[int, Ranges] = (-1, ())
        self._kept_at = 0.0

    async def keep(self) -> bool:
        """Keeps the floor, and the few above it, as exactly as is cheap: what is left out comes
        twice after a crash, it is never lost. Whether the floor has moved."""
        floor = self.window.floor
        now = self._clock.monotonic()
        above = self._kept[1]
        if self.window.unsettled <= EXACT_MAX or now - self._kept_at >= ABOVE_SECONDS:
            above, self._kept_at = self.window.above(), now
        if (floor, above) == self._kept:
            return False
        await self._log.set_cursor(self._name, floor, above)
        moved = floor != self._kept[0]
        self._kept = (floor, above)
        return moved

    async def park(self, those: Sequence[ToKeep]) -> None:
        """A row for each, with its next attempt where it is the first of its passage."""
        await self._log.park([self._row(each) for each in those])

    def _row(self, each: ToKeep) -> Parked:
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


async def begin(log: EventLog, settings: TransferSettings) -> Window:
    """Where the log says that this transfer was; or a first place, as its settings say."""
    cursor = await log.cursor(settings.name)
    if cursor is None:
        cursor = log.first_seq - 1 if settings.start == "beginning" else log.last_seq
        await log.set_cursor(settings.name, cursor)
    return Window(cursor, await log.acknowledged(settings.name))
