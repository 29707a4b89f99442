"""Compares the log with the tables in blocks: counts and checksums first, and single events only
where these differ. Read-only, within a transaction."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

BLOCK = 1000
"""Events: so many rows are asked for where a single one is missing."""
SUMS = """
SELECT node_seq / $2, count(*), sum(node_seq + ('x' || right(id, 8))::bit(32)::bigint)
FROM event WHERE node = $1 GROUP BY 1
"""
ROWS = """
SELECT node_seq, id FROM event WHERE node = $1 AND node_seq / $2 = ANY($3::bigint[])
ORDER BY node_seq
"""
HERE = "SELECT id FROM event WHERE id = ANY($1::text[]) AND recorded_ms BETWEEN $2 AND $3"

Row = tuple[int, str, int]
"""seq, id and Unix milliseconds of recording."""
Numbered = tuple[int, str]
"""seq and id."""
Advance = Callable[[int], object]


class DeliveryReport(Protocol):
    """What an output has given, as the log tells it."""

    @property
    def first_seq(self) -> int: ...

    @property
    def last_seq(self) -> int:
        """Up to here the output has given what it was to give."""
        ...

    def ids(self, first: int, last: int) -> Sequence[Row]: ...

    async def given(self, seqs: Sequence[int]) -> Collection[int]:
        """Those of them that were to be given, and were not given up."""
        ...


class EventRange(NamedTuple):
    first: int
    last: int
    events: int
    """Fewer than there are numbers where the output leaves some out."""


class Differences(NamedTuple):
    missing: list[EventRange]
    """Given by the log and not there, in the log's numbers."""
    foreign: list[EventRange]
    """There under these numbers, but of another history than the log's."""


async def compare(
    connection: Any, key: str, log: DeliveryReport, since_ms: int, advance: Advance
) -> Differences:
    """Events that were recorded before `since_ms` may be gone there."""
    blocks = {first // BLOCK: (first, last) for first, last in _blocks(log.first_seq, log.last_seq)}
    unequal = await _unequal(connection, key, log, blocks, advance)
    missing, foreign = _Stretches(), _Stretches()
    async for block, there in _theirs(connection, key, unequal):
        ours = log.ids(*blocks[block])
        lacking = await _lacking(connection, ours, since_ms)
        given = set(await log.given(lacking))
        # What nobody asked for joins what is missing on both sides of it.
        left_out = set(lacking) - given
        missing.go_on(block, ((seq, seq in given) for seq, _, _ in ours if seq not in left_out))
        known = {seq: event_id for seq, event_id, _ in ours}
        foreign.go_on(
            block, ((seq, known[seq] != event_id) for seq, event_id in there if seq in known)
        )
    return Differences(missing.found, foreign.found)


def _blocks(first: int, last: int) -> Iterator[tuple[int, int]]:
    while first <= last:
        end = min(last, (first // BLOCK + 1) * BLOCK - 1)
        yield first, end
        first = end + 1


async def _unequal(
    connection: Any,
    key: str,
    log: DeliveryReport,
    blocks: Mapping[int, tuple[int, int]],
    advance: Advance,
) -> list[int]:
    sums = {
        at: (count, int(total)) for at, count, total in await connection.fetch(SUMS, key, BLOCK)
    }
    found = []
    for block, (first, last) in blocks.items():
        rows = log.ids(first, last)
        total = sum(seq + int(event_id[-8:], 16) for seq, event_id, _ in rows)
        if (len(rows), total) != sums.get(block, (0, 0)):
            found.append(block)
        advance(last + 1 - first)
    return found


async def _theirs(
    connection: Any, key: str, blocks: Sequence[int]
) -> AsyncIterator[tuple[int, list[Numbered]]]:
    """Block by block, also those without rows. The server looks through the table once."""
    left, rows = deque(blocks), list[Numbered]()
    async for seq, event_id in connection.cursor(ROWS, key, BLOCK, blocks, prefetch=BLOCK):
        while seq // BLOCK != left[0]:
            yield left.popleft(), rows
            rows = []
        rows.append((seq, event_id))
    while left:
        yield left.popleft(), rows
        rows = []


async def _lacking(connection: Any, rows: Sequence[Row], since_ms: int) -> list[int]:
    """Whichever node has written them."""
    if not rows:
        return []
    times = [recorded_ms for _, _, recorded_ms in rows]
    event_ids = [event_id for _, event_id, _ in rows]
    there = {id_ for (id_,) in await connection.fetch(HERE, event_ids, min(times), max(times))}
    return [
        seq
        for seq, event_id, recorded_ms in rows
        if event_id not in there and recorded_ms >= since_ms
    ]


class _Stretches:
    """Joins what follows one upon the other."""

    def __init__(self) -> None:
        self.found: list[EventRange] = []
        self._open = False
        self._block = 0

    def go_on(self, block: int, seqs: Iterator[tuple[int, bool]]) -> None:
        """Rising, each with whether it belongs to a stretch; none goes on over blocks between."""
        self._open = self._open and block == self._block + 1
        self._block = block
        for seq, belongs in seqs:
            if belongs and self._open:
                first, last, events = self.found[-1]
                self.found[-1] = EventRange(first, seq, events + (seq != last))
            elif belongs:
                self.found.append(EventRange(seq, seq, 1))
            self._open = belongs
