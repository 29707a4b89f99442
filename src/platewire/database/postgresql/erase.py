"""Erases one plate from the tables of all nodes, like `eventlog.upkeep.erase` in the SQLite file.

One transaction, then the affected tables are rewritten. A client cannot reach other copies on the
server: its write-ahead log until it is reused, archives, replicas and backups.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from platewire.database import projection
from platewire.database.erasure import (
    ERASED,
    DatabaseErasure,
    blank,
    plates_in,
    spellings,
    without,
)
from platewire.database.postgresql.migrate import quoted
from platewire.database.postgresql.node import storable
from platewire.database.postgresql.partitions import month_of
from platewire.database.postgresql.search import forget
from platewire.database.search.plate_in_text import PlateMatcher, longer
from platewire.model import Entry, Event
from platewire.runtime.clock import milliseconds
from platewire.wire import native

CHANGED = tuple(name for name in projection.COLUMNS if name != "seq")
UPDATE = (
    f"UPDATE event SET {', '.join(f'{name} = ${at}' for at, name in enumerate(CHANGED, 3))} "  # noqa: S608
    "WHERE seq = $1 AND recorded_ms = $2"
)
TEXTS = """
SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = $1 AND c.data_type = 'text' AND t.table_type = 'BASE TABLE'
"""


class StoredEvent(NamedTuple):
    """An event as the table has it."""

    seq: int
    recorded_ms: int
    node: str
    event: Event


async def erase(
    connection: Any, schema: str, plate: str, name: str, now: datetime
) -> DatabaseErasure:
    """`connection` owns the schema. `plate` in normal form, `name` what stands in its place."""
    async with connection.transaction():
        # Nobody writes meanwhile, so that no event of it comes after the look.
        await connection.execute("SELECT FROM log FOR UPDATE")
        stored = await _of_plate(connection, plate)
        written = spellings([each.event for each in stored], plate)
        pictures = await _drop_pictures(connection, stored)
        for each in stored:
            await _replace(connection, each, blank(each.event, name))
        others = await _others(connection, written)
        mentions = await _take_out_mentions(connection, written, others, name)
        await _rename(connection, stored, name, now)
    months = {month_of(each.recorded_ms).suffix for each in (*stored, *mentions)}
    await _rewrite(connection, months)
    return DatabaseErasure(
        passages=len({each.event.passage for each in stored}),
        events=len(stored),
        pictures=pictures,
        mentions=len(mentions),
        left=tuple(await _left(connection, schema, PlateMatcher(written, others))),
    )


async def _of_plate(connection: Any, plate: str) -> list[StoredEvent]:
    """All events of all passages of which one event says the plate."""
    return _stored_events(
        await connection.fetch(
            "SELECT seq, recorded_ms, node, body FROM event WHERE passage_number IN "
            "(SELECT passage_number FROM event WHERE plate = $1) AND passage IN "
            "(SELECT passage FROM event WHERE plate = $1) ORDER BY seq",
            plate,
        )
    )


def _stored_events(rows: Any) -> list[StoredEvent]:
    return [
        StoredEvent(seq, at, node, native.decode(body.encode())) for seq, at, node, body in rows
    ]


async def _replace(connection: Any, stored: StoredEvent, event: Event) -> None:
    body = native.encode(event)
    values = dict(zip(projection.COLUMNS, projection.columns(Entry(event, body)), strict=True))
    values["body"] = body.decode()
    told = [storable(values[name]) for name in CHANGED]
    await connection.execute(UPDATE, stored.seq, stored.recorded_ms, *told)
    await connection.execute("DELETE FROM list_hit WHERE seq = $1", stored.seq)
    await connection.copy_records_to_table(
        "list_hit",
        records=[
            (stored.seq, stored.recorded_ms, *map(storable, hit))
            for _, *hit in projection.hits(Entry(event, body))
        ],
    )


async def _others(connection: Any, written: Collection[str]) -> set[str]:
    """Plates of others in which a spelling stands; mentions add to it."""
    found = [
        text
        for column in ("plate", "plate_display", "plate_raw", "plate_unicode")
        for each in written
        for (text,) in await connection.fetch(
            f"SELECT DISTINCT {column} FROM event WHERE strpos({column}, $1) > 0",  # noqa: S608
            each,
        )
    ]
    return longer(found, written)


async def _take_out_mentions(
    connection: Any, written: Collection[str], others: set[str], name: str
) -> list[StoredEvent]:
    changed = {}
    for each in sorted(written):
        for stored in _stored_events(
            await connection.fetch(
                "SELECT seq, recorded_ms, node, body FROM event WHERE strpos(body, $1) > 0", each
            )
        ):
            event = without(stored.event, written, name)
            others |= longer(plates_in(stored.event), written)
            if event != stored.event:
                await _replace(connection, stored, event)
                changed[stored.seq] = stored
    return list(changed.values())


async def _drop_pictures(connection: Any, stored: list[StoredEvent]) -> int:
    visible = {
        image.sha256
        for each in stored
        for image in (each.event.images.plate, each.event.images.vehicle, each.event.images.frame)
        if image is not None
    }
    gone = await connection.fetch(
        "DELETE FROM image WHERE sha256 = ANY($1::text[]) RETURNING sha256", sorted(visible)
    )
    return len({sha256 for (sha256,) in gone})


async def _rename(connection: Any, stored: list[StoredEvent], name: str, now: datetime) -> None:
    passages = sorted({str(each.event.passage) for each in stored})
    await connection.execute(
        "UPDATE passage SET plate = $2 WHERE id = ANY($1::text[])", passages, name
    )
    await connection.execute(
        "INSERT INTO removal (at_ms, what, why, first_seq, last_seq, count, bytes, passage, node) "
        "SELECT $2, 'passage', $3, min(seq), max(seq), count(*), 0, passage, node FROM event "
        "WHERE passage = ANY($1::text[]) GROUP BY passage, node ORDER BY 4",
        *(passages, milliseconds(now), "erased" if name == ERASED else "pseudonymised"),
    )
    if stored and await connection.fetchval("SELECT to_regclass('plates_known')"):
        await forget(connection, sorted({each.event.plate.text for each in stored}))
        await connection.execute(
            "UPDATE plates_known SET last_seq = least(last_seq, $1)", stored[0].seq - 1
        )


async def _rewrite(connection: Any, months: set[str]) -> None:
    """No dead row and no statistics keep what was there."""
    parts = [f"{table}_{month}" for month in sorted(months) for table in ("event", "image")]
    for table in (*parts, "passage", "list_hit", "plate", "plate_block"):
        if await connection.fetchval("SELECT to_regclass($1)", quoted(table)):
            await connection.execute(f"VACUUM (FULL, ANALYZE) {quoted(table)}")
    await connection.execute("ANALYZE event")
    # The planner notes frequent values there. Only the owner of the database may; others are told
    # by a warning and go on.
    await connection.execute("VACUUM FULL pg_statistic")


async def _left(connection: Any, schema: str, matcher: PlateMatcher) -> list[str]:
    return [
        f"{table}.{column}"
        for table, column in await connection.fetch(TEXTS, schema)
        if await _stands_in(connection, table, column, matcher)
    ]


async def _stands_in(connection: Any, table: str, column: str, matcher: PlateMatcher) -> bool:
    """The server looks for a spelling first; whether it is the plate itself is asked here."""
    name = quoted(column)
    async with connection.transaction():
        async for (text,) in connection.cursor(
            f"SELECT {name} FROM {quoted(table)} WHERE {name} = ANY($2::text[]) "  # noqa: S608
            f"OR EXISTS (SELECT FROM unnest($1::text[]) p (part) WHERE strpos({name}, p.part) > 0)",
            *(matcher.patterns, sorted(matcher.written)),
        ):
            if matcher.stands_in(text):
                return True
    return False
