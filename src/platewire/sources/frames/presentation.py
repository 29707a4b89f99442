"""Time stamps of a clip -> seconds since its first frame, strictly ascending.

Real clips have time stamps that are missing, repeated or descending; such a frame gets the time of
the previous one plus one interval.
"""


class PresentationTimes:
    """For one playback of one clip; `interval` is the time between frames, in seconds."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._first: float | None = None
        self._last: float | None = None

    def of(self, stamp: float | None) -> float:
        """Asked once per picture, in order of presentation; `stamp` in seconds or None."""
        if self._last is None:
            self._last = 0.0
            self._first = stamp
        elif stamp is None or self._first is None or stamp - self._first <= self._last:
            self._last += self._interval
        else:
            self._last = stamp - self._first
        return self._last

    @property
    def end(self) -> float:
        """Where the next playing may begin; 0 when there was no picture."""
        return 0.0 if self._last is None else self._last + self._interval
