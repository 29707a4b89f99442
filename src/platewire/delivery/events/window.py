"""The events between the floor and the last event read that are done. Pure.

The floor is the cursor in the log: all events up to it are done. Above it are the few that other
lanes finished earlier. Events that are not selected are done as soon as they are read.
"""

from collections import OrderedDict

from platewire.eventlog.deliveries.records import Ranges

UNSETTLED_MAX = 2048
"""So many events are read ahead of what is delivered."""
SPAN_MAX = 16_384
"""And so far above the floor, where one send takes long while the others flow."""


class Window:
    """Seqs are read in order, and closed in any."""

    def __init__(self, floor: int, acknowledged: Ranges = ()) -> None:
        self.read_to = floor
        self._known = acknowledged
        """Dealt with before a restart, above the floor."""
        # An ordered dictionary gives its first key in constant time, a plain one does not.
        self._open: OrderedDict[int, None] = OrderedDict()

    def is_known(self, seq: int) -> bool:
        return any(first <= seq <= last for first, last in self._known)

    def read(self, seq: int, *, wanted: bool) -> None:
        self.read_to = seq
        if wanted:
            self._open[seq] = None

    def close(self, seq: int) -> None:
        """Dealt with. What is closed already stays so."""
        self._open.pop(seq, None)

    def missing(self, until: int) -> Ranges:
        """What was not dealt with after `read_to` up to and with `until`."""
        missing, after = [], self.read_to
        for first, last in self._known:
            if first > after + 1:
                missing.append((after + 1, min(first - 1, until)))
            after = max(after, last)
        if after < until:
            missing.append((after + 1, until))
        return tuple(pair for pair in missing if pair[0] <= pair[1] <= until)

    @property
    def oldest(self) -> int | None:
        """The first that is not dealt with."""
        return next(iter(self._open), None)

    @property
    def floor(self) -> int:
        oldest = self.oldest
        return self.read_to if oldest is None else oldest - 1

    @property
    def unsettled(self) -> int:
        return len(self._open)

    @property
    def is_full(self) -> bool:
        """Nothing more is to be read for now."""
        return self.unsettled >= UNSETTLED_MAX or self.read_to - self.floor >= SPAN_MAX

    @property
    def has_room(self) -> bool:
        """Enough for reading to go on after it was full."""
        return self.unsettled < UNSETTLED_MAX // 2

    def above(self) -> Ranges:
        """What is dealt with above the floor; as many stretches as events are open, at most."""
        found: list[tuple[int, int]] = []
        after = None
        for seq in self._open:
            if after is not None and seq > after + 1:
                found.append((after + 1, seq - 1))
            after = seq
        if after is not None and self.read_to > after:
            found.append((after + 1, self.read_to))
        later = [(max(first, self.read_to + 1), last) for first, last in self._known]
        return (*found, *((first, last) for first, last in later if first <= last))
