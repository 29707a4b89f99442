"""The newest entries and pictures in memory, bounded by bytes, for those who are up to date.

A delivery that keeps up never touches the database. Whatever is not in here is read from there.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence

from platewire.model import Entry


class RecentEntries:
    """The end of the log without gaps. Sizes are those of the JSON; the values take about four
    times as much."""

    def __init__(self, last_seq: int, bytes_max: int) -> None:
        self._entries: deque[Entry] = deque()
        self._first_seq = last_seq + 1
        self._bytes = 0
        self._bytes_max = bytes_max

    def extend(self, entries: Sequence[Entry]) -> None:
        """Entries with the next seqs, in order."""
        self._entries.extend(entries)
        self._bytes += sum(len(entry.body) for entry in entries)
        while self._bytes > self._bytes_max:
            self._bytes -= len(self._entries.popleft().body)
            self._first_seq += 1

    def read(self, after: int, limit: int) -> list[Entry] | None:
        """None when the first entry asked for is no longer, or never was, in memory."""
        start = after + 1 - self._first_seq
        if start < 0:
            return None
        # From the right, as readers are near the end and a deque is slow in its middle.
        count = len(self._entries)
        return [self._entries[i - count] for i in range(start, min(start + limit, count))]

    def forget_before(self, seq: int) -> None:
        while self._entries and self._first_seq < seq:
            self._bytes -= len(self._entries.popleft().body)
            self._first_seq += 1


class RecentPictures:
    """The pictures last written, by their hash."""

    def __init__(self, bytes_max: int) -> None:
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._bytes_max = bytes_max

    def add(self, sha256: str, jpeg: bytes) -> None:
        if sha256 in self._pictures:
            self._pictures.move_to_end(sha256)
            return
        self._pictures[sha256] = jpeg
        self._bytes += len(jpeg)
        while self._bytes > self._bytes_max:
            self.forget(next(iter(self._pictures)))

    def get(self, sha256: str) -> bytes | None:
        return self._pictures.get(sha256)

    def forget(self, sha256: str) -> None:
        self._bytes -= len(self._pictures.pop(sha256, b""))
