"""Counters of a source across its connections: frames, dropped, broken."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Written by the reading side only, read by anyone."""

    next_number: int = 0
    dropped: int = 0
    broken: int = 0

    def number(self) -> int:
        """The next frame's number; a frame that is dropped later leaves its number unused."""
        number = self.next_number
        self.next_number += 1
        return number

    def drop(self) -> None:
        self.dropped += 1
