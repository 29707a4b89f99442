"""Limits the frame rate evenly: which frames of a stream to keep."""

from datetime import datetime, timedelta


class Thinning:
    """Keeps at most `fps` frames a second; all when None."""

    def __init__(self, fps: float | None) -> None:
        self._interval = timedelta(seconds=1 / fps) if fps else None
        self._due: datetime | None = None

    def keeps(self, moment: datetime) -> bool:
        """Whether the frame of that time is kept; asked once per frame, in order."""
        if self._interval is None:
            return True
        if self._due is not None and moment < self._due:
            return False
        # The beat goes on from the last due time, else 25 frames thinned to 10 would give 8.
        late = self._due is None or moment - self._due >= self._interval
        self._due = (moment if late or self._due is None else self._due) + self._interval
        return True
