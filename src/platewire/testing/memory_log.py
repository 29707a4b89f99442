"""An event log wholly in memory, for tests of whoever reads or writes one.

It passes the same check as the real one (`check_eventlog`), but forgets everything at the end.
"""

import itertools
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import structs

from platewire.clock import Clock
from platewire.errors import LogError
from platewire.eventlog.bell import Bell
from platewire.eventlog.letter_rows import ATTEMPTS_KEPT
from platewire.eventlog.letters import (
    Attempt,
    DeadGroup,
    DeadLetter,
    DeadQuery,
    Parked,
    Ranges,
    Selection,
    groups_of,
)
from platewire.model import Entry, Event, Picture
from platewire.wire import native

EVERY = 1_000_000


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
        self._cursors: dict[str, tuple[int, Ranges]] = {}
        self._selections: dict[str, dict[int, Selection]] = {}
        self._parked: dict[tuple[str, int], Parked] = {}
        self._dead: dict[tuple[str, int], DeadLetter] = {}
        self._attempts: dict[tuple[str, int], list[tuple[int, Attempt]]] = {}
        self._order = itertools.count()
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
        return self._cursors[transfer][0] if transfer in self._cursors else None

    async def acknowledged(self, transfer: str) -> Ranges:
        return self._cursors[transfer][1] if transfer in self._cursors else ()

    async def set_cursor(self, transfer: str, seq: int, above: Ranges = ()) -> None:
        self._cursors[transfer] = (seq, above)

    async def select(self, transfer: str, selection: Selection) -> None:
        self._selections.setdefault(transfer, {})[selection.from_seq] = selection

    async def selections(self, transfer: str) -> Sequence[Selection]:
        return [row for _, row in sorted(self._selections.get(transfer, {}).items())]

    async def park(self, rows: Sequence[Parked]) -> None:
        self._parked.update(((row.transfer, row.seq), row) for row in rows)

    async def unpark(self, transfer: str, seq: int) -> None:
        self._parked.pop((transfer, seq), None)

    async def parked(self, transfer: str) -> Sequence[Parked]:
        found = [row for row in self._parked.values() if row.transfer == transfer]
        return sorted(found, key=lambda row: row.seq)

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            self._dead[(letter.transfer, letter.seq)] = letter
            self._parked.pop((letter.transfer, letter.seq), None)

    async def dead(self, transfer: str, query: DeadQuery, limit: int) -> Sequence[DeadLetter]:
        found = [
            row for row in self._dead.values() if row.transfer == transfer and query.picks(row)
        ]
        return sorted(found, key=lambda row: row.seq, reverse=True)[:limit]

    async def dead_groups(self, transfer: str) -> Sequence[DeadGroup]:
        return groups_of(await self.dead(transfer, DeadQuery(), EVERY))

    async def requeue(self, transfer: str, query: DeadQuery, at: datetime) -> Sequence[Parked]:
        rows = []
        for letter in reversed(await self.dead(transfer, query, EVERY)):
            entries = await self.read(letter.seq - 1, 1)
            if letter.outcome != "gap" and entries and entries[0].event.seq == letter.seq:
                passage = entries[0].event.passage
                rows.append(
                    Parked(
                        transfer=transfer,
                        seq=letter.seq,
                        passage=passage,
                        next_at=at,
                        requeued=True,
                    )
                )
        await self.park(rows)
        await self.resolve(transfer, [row.seq for row in rows])
        return rows

    async def discard(self, transfer: str, query: DeadQuery, reason: str, at: datetime) -> int:
        found = await self.dead(transfer, query, EVERY)
        for row in found:
            settled = structs.replace(row, discarded_at=at, discard_reason=reason)
            self._dead[(transfer, row.seq)] = settled
        return len(found)

    async def resolve(self, transfer: str, seqs: Sequence[int]) -> None:
        for seq in seqs:
            self._dead.pop((transfer, seq), None)

    async def keep_attempt(self, attempt: Attempt) -> None:
        kept = self._attempts.setdefault((attempt.transfer, attempt.seq), [])
        kept.append((next(self._order), attempt))
        del kept[:-ATTEMPTS_KEPT]

    async def attempts(self, transfer: str, seq: int | None, limit: int) -> Sequence[Attempt]:
        found = [
            row
            for key, kept in self._attempts.items()
            if key[0] == transfer and seq in (None, key[1])
            for row in kept
        ]
        return [attempt for _, attempt in sorted(found, key=lambda row: -row[0])[:limit]]

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
