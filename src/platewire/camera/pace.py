"""Detects CPU overload: how many of a camera's frames are processed, for the status board.

Frames that a live source dropped because recognition was busy are what counts: nothing is said
while none are, and frames left out because nothing moves in them count as dealt with.
"""

from collections import deque
from typing import NamedTuple

WINDOW_SECONDS = 10.0
"""Seconds over which the frame rate is averaged: longer is steadier, shorter follows load
sooner."""
TELL_SHARE = 0.05
"""Of the frames; fewer dropped ones are not worth a sentence."""


class Mark(NamedTuple):
    at: float
    read: int
    still: int
    dropped: int


class Pace:
    """For one camera. Times are seconds of `Clock.monotonic`."""

    def __init__(self) -> None:
        self._marks: deque[Mark] = deque()
        self._read = self._still = 0
        self._said = ""

    def count(self, *, read: bool, dropped: int, at: float) -> str:
        """After each frame; `dropped` is the source's own count. Empty when all is dealt with."""
        self._read += read
        self._still += not read
        mark = Mark(at, self._read, self._still, dropped)
        if not self._marks:
            self._marks.append(mark)
        elif at - self._marks[-1].at >= 1.0:
            self._marks.append(mark)
            while at - self._marks[0].at > WINDOW_SECONDS and len(self._marks) > 2:
                self._marks.popleft()
            self._said = sentence(self._marks[0], mark)
        return self._said


def sentence(before: Mark, now: Mark) -> str:
    seconds = now.at - before.at
    read, still = now.read - before.read, now.still - before.still
    dropped = now.dropped - before.dropped
    came = read + still + dropped
    if seconds <= 0 or dropped <= TELL_SHARE * came:
        return ""
    unmoved = f", {still / seconds:.1f} without motion" if still else ""
    return f"CPU overloaded: processing {read / seconds:.1f} of {came / seconds:.1f} fps{unmoved}"
