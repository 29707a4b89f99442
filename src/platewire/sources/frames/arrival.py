"""When a live frame was taken: wall time at arrival, smoothed by the time stamps of the stream.

Arrival times jitter with the network, the camera's time stamps do not, but their zero is unknown
and their clock drifts. So the stamps are laid onto wall time: a frame cannot have been taken after
it arrived, and a stamp that strays by more than `STRAY_SECONDS` is laid on anew. Within one
connection frame time never goes back.
"""

from datetime import datetime, timedelta

from platewire.errors import Unavailable
from platewire.runtime.clock import Clock

STRAY_SECONDS = 2.0
"""Seconds by which a stamp may stray from arrival: more than networks delay, less than a clock is
set by."""
BACK_SECONDS = 0.5
"""Frame times may be ahead of a clock that was set back by so much, which is less than what counts
as the future (`freshness`)."""


class ArrivalTimes:
    """Frame times of one connection. Spans come from the monotonic clock; wall time may jump."""

    def __init__(self, camera: str, clock: Clock) -> None:
        self._camera = camera
        self._clock = clock
        self._wall = self._last = clock.now()
        self._monotonic = clock.monotonic()
        self._zero: float | None = None

    def of(self, stamp: float | None = None) -> datetime:
        """Capture time, UTC, of the frame that arrives now; `stamp` is its stream time in seconds.

        Unavailable when the computer's clock was set back: a new connection starts afresh.
        """
        arrived = self._arrived()
        taken = arrived if stamp is None else self._laid_on(arrived, stamp)
        self._last = max(self._last, self._wall + timedelta(seconds=taken))
        return self._last

    def _arrived(self) -> float:
        """Seconds since the connection began; follows wall time when that is set forward."""
        seconds = self._clock.monotonic() - self._monotonic
        ahead = (self._clock.now() - self._wall).total_seconds() - seconds
        if ahead < -BACK_SECONDS:
            raise Unavailable(
                f"camera {self._camera}: the clock of this computer was set back by {-ahead:.1f} "
                "s; reconnecting to restart frame times"
            )
        if ahead > STRAY_SECONDS:
            self._wall += timedelta(seconds=ahead)
        return seconds

    def _laid_on(self, arrived: float, stamp: float) -> float:
        if self._zero is None or not 0 <= arrived - (self._zero + stamp) <= STRAY_SECONDS:
            self._zero = arrived - stamp
        return self._zero + stamp
