"""How far a delivery is behind: events after its floor, and since when the oldest of them waits."""

from datetime import datetime

from platewire.delivery.events.selection import Selected
from platewire.delivery.events.window import Window
from platewire.delivery.records import ROLE
from platewire.eventlog.log import EventLog
from platewire.model import Entry
from platewire.outputs.output import OutputSettings
from platewire.runtime.clock import Clock
from platewire.runtime.status import Board

LOOK_LIMIT = 256
"""Events read at once while looking for the oldest that waits: one short statement."""


class Lag:
    """Shows it on the board."""

    def __init__(self, settings: OutputSettings, log: EventLog, clock: Clock, board: Board) -> None:
        self._log = log
        self._clock = clock
        self._counters = board.line(ROLE, settings.name).counters
        self._oldest: Entry | None = None

    def moved(self) -> None:
        """The floor is another: what was the oldest is dealt with."""
        self._oldest = None

    async def find_oldest(self, window: Window, selected: Selected) -> None:
        """The first entry after the floor that was asked for."""
        floor = window.floor
        if self._oldest is None and floor < self._log.last_seq:
            entries = await self._log.read(floor, LOOK_LIMIT)
            asked_for = await selected.live(entries)
            if floor == window.floor:
                self._oldest = asked_for[0] if asked_for else None

    def show(self, floor: int) -> None:
        lag_events = max(0, self._log.last_seq - floor)
        self._counters["cursor"] = floor
        self._counters["lag_events"] = lag_events
        self._counters["lag_seconds"] = self._seconds() if lag_events else 0.0

    def _seconds(self) -> float:
        """Age of the oldest entry that is asked for and not delivered; 0 where there is none."""
        if self._oldest is None:
            return 0.0
        event = self._oldest.event
        since: datetime = event.recorded_at or event.occurred_at
        return max(0.0, (self._clock.now() - since).total_seconds())
