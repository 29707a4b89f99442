"""Reports vehicles that were read, but too seldom to become an event: on the board and in the log.

Each counts on the board. Diagnostics name one at once and further ones together, at most every
`LOG_INTERVAL_SECONDS`: on a busy road a few misreadings among many vehicles are usual.
"""

import logging

from platewire.passage.passages import Passages
from platewire.passage.settings import PassageSettings
from platewire.runtime.clock import Clock
from platewire.runtime.status import Board

ROLE = "camera"
LOG_INTERVAL_SECONDS = 600.0
"""Seconds between two lines in diagnostics: often enough to be noticed on the day of installation,
seldom enough not to fill a log file."""

diagnostics = logging.getLogger(__name__)


class Unconfirmed:
    """For one camera."""

    def __init__(self, camera: str, settings: PassageSettings, clock: Clock, board: Board) -> None:
        self._camera = camera
        self._settings = settings
        self._clock = clock
        self._board = board
        self._logged = 0
        self._logged_at = float("-inf")

    def report(self, passages: Passages) -> None:
        """After each change of the passages."""
        count = passages.unconfirmed
        self._board.gauge(ROLE, self._camera, unconfirmed=count)
        now = self._clock.monotonic()
        if count > self._logged and now - self._logged_at >= LOG_INTERVAL_SECONDS:
            vehicles = (
                "a vehicle" if count - self._logged == 1 else f"{count - self._logged} vehicles"
            )
            diagnostics.warning(
                "camera %s: %s read, never confirmed, no event; last: %s; %s",
                self._camera,
                vehicles,
                passages.last_unconfirmed,
                remedy(self._settings),
            )
            self._logged, self._logged_at = count, now


def remedy(settings: PassageSettings) -> str:
    """What is required for an event, and what to change where that is too much."""
    needed = settings.held_back + 1
    text = (
        f"at least {needed} reads are required (`hold_back` is {settings.held_back}); lower "
        '`hold_back`, or set `unconfirmed = "lost"`'
    )
    return text if settings.stills else f"{text}, or `stills = true` for one picture per vehicle"
