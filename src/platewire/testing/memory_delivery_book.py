"""A delivery book wholly in memory, the one of `MemoryLog`.

It passes the same check as the real one (`check_delivery_book`), but forgets everything at the end.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from platewire.eventlog.deliveries.records import (
    Attempt,
    DeadGroup,
    DeadLetter,
    DeadQuery,
    Parked,
    Ranges,
    Selection,
    groups_of,
)
from platewire.eventlog.deliveries.statements import ATTEMPTS_KEPT
from platewire.model import Entry, EventReader, entry_at

EVERY = 1_000_000
"""More dead letters than any test makes."""


class MemoryDeliveryBook:
    """Implements `DeliveryBook`; `events` is the log that it belongs to."""

    def __init__(self, events: EventReader) -> None:
        self._events = events
        self._cursors: dict[str, tuple[int, Ranges]] = {}
        self._selections: dict[str, dict[int, Selection]] = {}
        self._parked: dict[tuple[str, int], Parked] = {}
        self._dead_letters: dict[tuple[str, int], DeadLetter] = {}
        self._attempts: dict[tuple[str, int], list[tuple[int, Attempt]]] = {}
        self._attempts_made = 0
        self._paused: dict[str, str] = {}

    async def cursor(self, output: str) -> int | None:
        return self._cursors[output][0] if output in self._cursors else None

    async def acknowledged(self, output: str) -> Ranges:
        return self._cursors[output][1] if output in self._cursors else ()

    async def set_cursor(self, output: str, seq: int, above: Ranges = ()) -> None:
        self._cursors[output] = (seq, above)

    async def add_selection(self, output: str, selection: Selection) -> None:
        self._selections.setdefault(output, {})[selection.from_seq] = selection

    async def selections(self, output: str) -> Sequence[Selection]:
        return [row for _, row in sorted(self._selections.get(output, {}).items())]

    async def park(self, events: Sequence[Parked]) -> None:
        self._parked.update(((each.output, each.seq), each) for each in events)

    async def unpark(self, output: str, seq: int) -> None:
        self._parked.pop((output, seq), None)

    async def parked(self, output: str) -> Sequence[Parked]:
        found = [row for row in self._parked.values() if row.output == output]
        return sorted(found, key=lambda row: row.seq)

    async def add_dead_letters(self, dead_letters: Sequence[DeadLetter]) -> None:
        for each in dead_letters:
            self._dead_letters[(each.output, each.seq)] = each
            self._parked.pop((each.output, each.seq), None)

    async def dead_letters(self, output: str, query: DeadQuery, limit: int) -> Sequence[DeadLetter]:
        found = [
            row
            for row in self._dead_letters.values()
            if row.output == output and query.matches(row)
        ]
        return sorted(found, key=lambda row: row.seq, reverse=True)[:limit]

    async def dead_letter_groups(self, output: str) -> Sequence[DeadGroup]:
        return groups_of(await self.dead_letters(output, DeadQuery(), EVERY))

    async def requeue(self, output: str, query: DeadQuery, at: datetime) -> Sequence[Parked]:
        parked = []
        for dead_letter in reversed(await self.dead_letters(output, query, EVERY)):
            entry = await entry_at(self._events, dead_letter.seq)
            if dead_letter.outcome != "gap" and entry is not None:
                parked.append(_requeued(output, entry, at))
        await self.park(parked)
        await self.resolve(output, [each.seq for each in parked])
        return parked

    async def discard(self, output: str, query: DeadQuery, reason: str, at: datetime) -> int:
        found = await self.dead_letters(output, query, EVERY)
        for row in found:
            discarded = structs.replace(row, discarded_at=at, discard_reason=reason)
            self._dead_letters[(output, row.seq)] = discarded
        return len(found)

    async def resolve(self, output: str, seqs: Sequence[int]) -> None:
        for seq in seqs:
            self._dead_letters.pop((output, seq), None)

    async def add_attempt(self, attempt: Attempt) -> None:
        kept = self._attempts.setdefault((attempt.output, attempt.seq), [])
        self._attempts_made += 1
        kept.append((self._attempts_made, attempt))
        del kept[:-ATTEMPTS_KEPT]

    async def attempts(self, output: str, seq: int | None, limit: int) -> Sequence[Attempt]:
        found = [
            row
            for key, kept in self._attempts.items()
            if key[0] == output and seq in (None, key[1])
            for row in kept
        ]
        return [attempt for _, attempt in sorted(found, key=lambda row: -row[0])[:limit]]

    async def pause(self, output: str, reason: str) -> None:
        self._paused[output] = reason

    async def resume(self, output: str) -> None:
        self._paused.pop(output, None)

    async def pause_reason(self, output: str) -> str | None:
        return self._paused.get(output)


def _requeued(output: str, entry: Entry, at: datetime) -> Parked:
    event = entry.event
    return Parked(output=output, seq=event.seq, passage=event.passage, next_at=at, requeued=True)
