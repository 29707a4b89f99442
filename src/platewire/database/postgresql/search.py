"""Searches in PostgreSQL: as `database.search` in SQLite, with the same answers."""

from collections.abc import Sequence
from typing import Any

from platewire.database.queries import PassageRow
from platewire.database.search import passage_search as sql
from platewire.database.search.filters import SearchFilters
from platewire.database.search.passage_search import POSTGRESQL, PageCursor, Statement
from platewire.database.search.plate_pattern import Match, PlatePattern
from platewire.database.search.plate_search import Presence
from platewire.database.search.plates import (
    LAST_BLOCK,
    NO_BLOCK,
    STEP_EVENTS,
    Block,
    added,
    keys,
)
from platewire.model import Entry
from platewire.wire import native


async def passages(
    connection: Any, filters: SearchFilters, *, after: PageCursor | None = None, limit: int
) -> Sequence[PassageRow]:
    """Newest first. `connection` is asyncpg's, with `search_path` at the schema."""
    meant = await plates(connection, filters.plate)
    if meant is not None and not meant:
        return []
    page = sql.page(POSTGRESQL, filters, meant, after, limit)
    found = await _run(connection, sql.bodies(POSTGRESQL, page))
    return [PassageRow(first_seq, _entry(body)) for first_seq, body in found]


async def presence(connection: Any, filters: SearchFilters) -> Presence:
    meant = await plates(connection, filters.plate)
    if meant is not None and not meant:
        return Presence(0, None, None)
    ((count, first, last),) = await _run(connection, sql.presence(POSTGRESQL, filters, meant))
    return Presence(count, first, last)


async def plates(connection: Any, pattern: PlatePattern | None) -> Sequence[str] | None:
    if pattern is None or pattern.everything:
        return None
    if pattern.match is Match.EXACT:
        return [pattern.text]
    known_until = await connection.fetchval(sql.KNOWN_UNTIL)
    late = [text for (text,) in await _run(connection, Statement(sql.LATE_PLATES, [known_until]))]
    limit = sql.candidates_max(pattern)
    known: list[str] = []
    for lookup in pattern.lookups():
        found = await _run(connection, sql.plates_found_by(lookup, POSTGRESQL, limit))
        known += [text for (text,) in found]
    return sql.few_plates(pattern, late, known)


async def take_in(connection: Any) -> bool:
    """Takes in the plates of the next events, in a transaction; whether there are more."""
    async with connection.transaction():
        known = await connection.fetchval("SELECT last_seq FROM plates_known FOR UPDATE")
        last = await connection.fetchval("SELECT last_seq FROM log")
        end = min(last, known + STEP_EVENTS)
        if end == known:
            return False
        found = await connection.fetch(
            "SELECT DISTINCT plate FROM event WHERE seq > $1 AND seq <= $2 "
            "AND NOT EXISTS (SELECT FROM plate p WHERE p.text = event.plate) ORDER BY plate",
            *(known, end),
        )
        await put(connection, [text for (text,) in found])
        await connection.execute("UPDATE plates_known SET last_seq = $1", end)
    return bool(end < last)


async def put(connection: Any, texts: Sequence[str]) -> None:
    """Plates that are not there yet."""
    last = Block(*(await connection.fetchrow(LAST_BLOCK) or NO_BLOCK))
    blocks = list(added(last, texts))
    await connection.executemany(
        "INSERT INTO plate_block VALUES ($1, $2) "
        "ON CONFLICT (number) DO UPDATE SET texts = excluded.texts",
        [block for block, _ in blocks],
    )
    await connection.copy_records_to_table(
        "plate",
        records=[(*keys(text), block.number) for block, new in blocks for text in new],
    )


FORGET = """
DELETE FROM plate
WHERE ($1::text[] IS NULL OR text = ANY($1))
  AND NOT EXISTS (SELECT FROM event WHERE event.plate = plate.text)
RETURNING block
"""
RENEW = """
UPDATE plate_block SET texts = left_over.texts
FROM (
  SELECT changed.number, E'\\n' || coalesce(string_agg(p.text || E'\\n', ''), '') AS texts
  FROM unnest($1::integer[]) changed (number) LEFT JOIN plate p ON p.block = changed.number
  GROUP BY changed.number
) left_over
WHERE plate_block.number = left_over.number
"""


async def forget(connection: Any, among: Sequence[str] | None = None) -> None:
    """Plates of which there is no event any more; None looks at all."""
    async with connection.transaction():
        changed = {block for (block,) in await connection.fetch(FORGET, among)}
        await connection.execute(RENEW, sorted(changed))


async def _run(connection: Any, statement: Statement) -> Any:
    return await connection.fetch(statement.numbered(), *statement.values)


def _entry(body: str) -> Entry:
    encoded = body.encode()
    return Entry(native.decode(encoded), encoded)
