"""An event log wholly in memory, for tests of whoever reads or writes one.

It passes the same check as the real one (`check_eventlog`), but forgets everything at the end.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from platewire.errors import LogError
from platewire.eventlog.bell import Bell
from platewire.eventlog.log import NOW
from platewire.model import BootTime, Entry, Event, Picture
from platewire.numbering import Gap, Numbering
from platewire.runtime.clock import Clock
from platewire.runtime.test_plate import TEST_PICTURE
from platewire.testing.memory_delivery_book import MemoryDeliveryBook
from platewire.wire import native


class MemoryLog:
    """Implements `EventLog`. Lives on one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._bell = Bell()
        self._entries: list[Entry] = []
        self._first_seq = 1
        self._last_seq = 0
        self._numbering = Numbering(uuid4())
        self._by_id: dict[UUID, Entry] = {}
        self._pictures: dict[str, bytes] = {TEST_PICTURE.image.sha256: TEST_PICTURE.jpeg}
        self._open: dict[str, bytes] = {}
        self.deliveries = MemoryDeliveryBook(self)
        self._closed = False
        self._last_passage_number = 0

    async def append(
        self,
        camera: str,
        events: Sequence[Event],
        pictures: Sequence[Picture] = (),
        open_passages: bytes | None = None,
        arrived: Mapping[UUID, BootTime | None] = NOW,
    ) -> Sequence[Entry]:
        if self._closed:
            raise LogError("the event log in memory is closed; nothing can be appended any more")
        self._pictures.update((picture.image.sha256, picture.jpeg) for picture in pictures)
        if open_passages is not None:
            self._open[camera] = open_passages
        boot = self._clock.boot()
        entries = [
            self._by_id.get(event.id) or self._keep(event, arrived.get(event.id, boot))
            for event in events
        ]
        self._bell.ring(self.last_seq)
        return entries

    def _keep(self, event: Event, arrived: BootTime | None) -> Entry:
        self._last_seq += 1
        numbered = event.numbered(self._last_seq, self._clock.now())
        entry = Entry(numbered, native.encode(numbered), arrived)
        self._entries.append(entry)
        self._by_id[event.id] = entry
        self._last_passage_number = max(self._last_passage_number, event.passage_number)
        return entry

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        start = bisect_right(self._entries, after, key=_seq)
        page = self._entries[start : start + limit]
        return [entry for at, entry in enumerate(page) if _seq(entry) == _seq(page[0]) + at]

    async def of_passages(self, numbers: Collection[int], last: int) -> Sequence[Entry]:
        return [
            entry
            for entry in self._entries
            if entry.event.passage_number in numbers and _seq(entry) <= last
        ]

    async def wait(self, after: int) -> int:
        return await self._bell.wait(after)

    @property
    def last_seq(self) -> int:
        return self._last_seq

    @property
    def first_seq(self) -> int:
        return self._first_seq

    @property
    def numbering(self) -> Numbering:
        return self._numbering

    @property
    def retention_time(self) -> datetime | None:
        return self._clock.now()

    async def picture(self, sha256: str) -> bytes | None:
        return self._pictures.get(sha256)

    async def open_passages(self, camera: str) -> bytes | None:
        return self._open.get(camera)

    async def cameras_with_open_passages(self) -> Sequence[str]:
        return sorted(self._open)

    @property
    def last_passage_number(self) -> int:
        return self._last_passage_number

    async def close(self) -> None:
        self._closed = True
        self._bell.break_with(LogError("the event log in memory is closed"))

    def drop_before(self, seq: int) -> None:
        """What retention does: entries below `seq` are gone, numbers go on."""
        dropped = bisect_left(self._entries, seq, key=_seq)
        for entry in self._entries[:dropped]:
            del self._by_id[entry.event.id]
        del self._entries[:dropped]
        self._first_seq = max(self._first_seq, min(seq, self._last_seq + 1))

    def cut_back(self, seq: int) -> None:
        """As a log that was found to end at `seq`: what came after is gone, and its numbers stay
        empty."""
        kept, last = bisect_right(self._entries, seq, key=_seq), self._last_seq
        for entry in self._entries[kept:]:
            del self._by_id[entry.event.id]
        del self._entries[kept:]
        self._last_seq = seq
        self.go_on_above(last, self._last_passage_number)

    def go_on_above(self, last_seq: int, last_passage_number: int, epoch: int = 1) -> None:
        """As a log that is opened beside a mark that was ahead of it."""
        gap = Gap(
            epoch=max(epoch, self._numbering.epoch) + 1,
            first_seq=self._last_seq + 1,
            last_seq=max(last_seq, self._last_seq),
            found_at=self._clock.now(),
            reason="cut_back",
        )
        self._numbering = Numbering(self._numbering.log_id, (*self._numbering.gaps, gap))
        self._last_seq = gap.last_seq
        self._last_passage_number = max(self._last_passage_number, last_passage_number)
        if not self._entries:
            self._first_seq = self._last_seq + 1


def _seq(entry: Entry) -> int:
    return entry.event.seq
