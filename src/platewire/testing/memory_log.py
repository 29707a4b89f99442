"""An event log wholly in memory, for tests of whoever reads or writes one.

It passes the same check as the real one (`check_eventlog`), but forgets everything at the end.
"""

from collections.abc import Sequence
from uuid import UUID

from platewire.clock import Clock
from platewire.errors import LogError
from platewire.eventlog.bell import Bell
from platewire.eventlog.log import Undelivered
from platewire.model import Entry, Event, Picture
from platewire.wire import native


class MemoryLog:
    """Implements `EventLog`. Lives on one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._bell = Bell()
        self._entries: list[Entry] = []
        self._first_seq = 1
        self._by_id: dict[UUID, Entry] = {}
        self._pictures: dict[str, bytes] = {}
        self._open: dict[str, bytes] = {}
        self._cursors: dict[str, int] = {}
        self._undelivered: dict[tuple[str, int], Undelivered] = {}
        self._paused: dict[str, str] = {}
        self._closed = False
        self._last_passage_number = 0

    async def append(
        self,
        camera: str,
        events: Sequence[Event],
        pictures: Sequence[Picture] = (),
        open_passages: bytes | None = None,
    ) -> Sequence[Entry]:
        if self._closed:
            raise LogError("the event log in memory is closed; nothing can be appended any more")
        self._pictures.update((picture.image.sha256, picture.jpeg) for picture in pictures)
        if open_passages is not None:
            self._open[camera] = open_passages
        entries = [self._by_id.get(event.id) or self._keep(event) for event in events]
        self._bell.ring(self.last_seq)
        return entries

    def _keep(self, event: Event) -> Entry:
        numbered = event.numbered(self._next_seq, self._clock.now())
        entry = Entry(numbered, native.encode(numbered))
        self._entries.append(entry)
        self._by_id[event.id] = entry
        self._last_passage_number = max(self._last_passage_number, event.passage_number)
        return entry

    @property
    def _next_seq(self) -> int:
        return self._first_seq + len(self._entries)

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        start = max(0, after + 1 - self._first_seq)
        return self._entries[start : start + limit]

    async def wait(self, after: int) -> int:
        return await self._bell.wait(after)

    @property
    def last_seq(self) -> int:
        return self._next_seq - 1

    @property
    def first_seq(self) -> int:
        return self._first_seq

    async def picture(self, sha256: str) -> bytes | None:
        return self._pictures.get(sha256)

    async def open_passages(self, camera: str) -> bytes | None:
        return self._open.get(camera)

    async def cameras_with_open_passages(self) -> Sequence[str]:
        return sorted(self._open)

    @property
    def last_passage_number(self) -> int:
        return self._last_passage_number

    async def cursor(self, transfer: str) -> int | None:
        return self._cursors.get(transfer)

    async def set_cursor(self, transfer: str, seq: int) -> None:
        self._cursors[transfer] = seq

    async def keep_undelivered(self, undelivered: Undelivered) -> None:
        self._undelivered[(undelivered.transfer, undelivered.seq)] = undelivered

    async def undelivered(self, transfer: str, limit: int) -> Sequence[Undelivered]:
        found = [row for row in self._undelivered.values() if row.transfer == transfer]
        return sorted(found, key=lambda row: row.seq, reverse=True)[:limit]

    async def pause(self, transfer: str, reason: str | None) -> None:
        if reason is None:
            self._paused.pop(transfer, None)
        else:
            self._paused[transfer] = reason

    async def paused(self, transfer: str) -> str | None:
        return self._paused.get(transfer)

    async def close(self) -> None:
        self._closed = True
        self._bell.break_with(LogError("the event log in memory is closed"))

    def drop_before(self, seq: int) -> None:
        """What retention does: entries below `seq` are gone, numbers go on."""
        dropped = min(max(0, seq - self._first_seq), len(self._entries))
        for entry in self._entries[:dropped]:
            del self._by_id[entry.event.id]
        del self._entries[:dropped]
        self._first_seq += dropped
