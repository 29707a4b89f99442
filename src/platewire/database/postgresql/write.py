"""One batch of events into the tables, in one transaction: exactly once, numbered as committed.

The lock on the one row of `log` is held from the numbering to the commit. So writers take turns,
`seq` has no gaps, and a reader that follows it never skips one that becomes visible later. Events
that are there already, by their id, are left out: sending again changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import asyncpg

from platewire.database import projection
from platewire.database.postgresql.node import Node, advance_mark, raise_mark, storable
from platewire.database.postgresql.partitions import Month, add_month, month_of, months_of
from platewire.database.projection import hits
from platewire.model import Entry, Image, Kind

CHANNEL = "platewire"
"""NOTIFY on this channel carries the newest `seq`, once per batch."""

EVENT_COLUMNS = (
    *projection.COLUMNS,
    "node", "node_seq", "plate_left", "plate_top", "plate_width", "plate_height",
)  # fmt: skip

WRITE_PASSAGES = """
INSERT INTO passage (id, node, number, revision, first_seq, last_seq, recorded_ms, first_seen_ms,
                     camera, plate, open)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::integer[], $5::bigint[],
                     $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[],
                     $11::boolean[])
ON CONFLICT (id) DO UPDATE SET
  revision = excluded.revision, last_seq = excluded.last_seq,
  recorded_ms = excluded.recorded_ms, first_seen_ms = excluded.first_seen_ms,
  plate = excluded.plate, open = excluded.open
WHERE passage.revision < excluded.revision
"""
FINISH = """
WITH cameras AS (
  INSERT INTO camera (node, name, last_seq, last_seen_ms)
  SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
  ON CONFLICT (node, name) DO UPDATE SET
    last_seq = excluded.last_seq, last_seen_ms = excluded.last_seen_ms
), numbers AS (
  UPDATE log SET last_seq = $5
)
SELECT pg_notify($6, $5::bigint::text)
"""
WRITE_IMAGES = """
INSERT INTO image (sha256, month_ms, width, height, bytes, jpeg, path)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::integer[], $5::bigint[],
                     $6::bytea[], $7::text[])
ON CONFLICT (sha256, month_ms) DO UPDATE SET jpeg = excluded.jpeg
WHERE image.jpeg IS NULL AND excluded.jpeg IS NOT NULL
"""

Row = list[Any]
PIECE = 50
"""Rows between which the event loop gets its turn."""
NUL = b"\\u0000"
"""As JSON writes it."""


class ShownImage(NamedTuple):
    """A picture of an event: its URL, and its bytes if they are to be stored."""

    image: Image
    link: str
    jpeg: bytes | None


class Batch(NamedTuple):
    entries: Sequence[Entry]
    """Of one node; each once."""
    images: Sequence[ShownImage]


async def write(connection: Any, node: Node, batch: Batch) -> list[Month]:
    """Writes what is not there yet, and the node's mark; returns the months that were begun.

    Raises Unavailable where the mark is not the one that `node` knows; nothing is written then.
    """
    try:
        return await _write(connection, node, batch, batch.entries)
    except asyncpg.UniqueViolationError:
        # Rare, so it is not asked before: sent again after a connection broke, or by a replay.
        lacking = await _lacking(connection, batch.entries)
        return await _write(connection, node, batch, lacking)


async def _write(
    connection: Any, node: Node, batch: Batch, entries: Sequence[Entry]
) -> list[Month]:
    begun: list[Month] = []
    mark = advance_mark(node.mark, batch.entries)
    async with connection.transaction():
        last_seq: int = await connection.fetchval("SELECT last_seq FROM log FOR UPDATE")
        if entries:
            begun = await _begin_months(connection, entries)
            await _put(connection, node.key, batch, entries, last_seq)
        if mark != node.mark:
            await raise_mark(connection, node, mark)
    return begun


async def _begin_months(connection: Any, entries: Sequence[Entry]) -> list[Month]:
    months = months_of(projection.recorded_ms(entry) for entry in entries)
    return [month for month in sorted(months) if await add_month(connection, month)]


async def _put(
    connection: Any, key: str, batch: Batch, entries: Sequence[Entry], last_seq: int
) -> None:
    rows: list[Row] = []
    await connection.copy_records_to_table(
        "event", records=_made(key, entries, last_seq, rows), columns=EVENT_COLUMNS
    )
    await _write_hits(connection, entries, rows)
    await connection.execute(WRITE_PASSAGES, *_passages(rows))
    if batch.images:
        await connection.execute(WRITE_IMAGES, *_images(rows, batch.images))
    await connection.execute(FINISH, *_cameras(rows), rows[-1][0], CHANNEL)


async def _made(
    node: str, entries: Sequence[Entry], last_seq: int, rows: list[Row]
) -> AsyncIterator[Row]:
    """Rows are made while the server takes in those before them; they are added to `rows`."""
    for seq, entry in enumerate(entries, last_seq + 1):
        row = _row(node, seq, entry)
        rows.append(row)
        if not seq % PIECE:
            # Lets the event loop send what was handed to it.
            await asyncio.sleep(0)
        yield row


async def _lacking(connection: Any, entries: Sequence[Entry]) -> list[Entry]:
    """Those that were not written before."""
    recorded = [projection.recorded_ms(entry) for entry in entries]
    found = await connection.fetch(
        "SELECT id FROM event WHERE id = ANY($1::text[]) AND recorded_ms BETWEEN $2 AND $3",
        [str(entry.event.id) for entry in entries],
        min(recorded),
        max(recorded),
    )
    there = {id_ for (id_,) in found}
    return [entry for entry in entries if str(entry.event.id) not in there]


async def _write_hits(connection: Any, entries: Sequence[Entry], rows: Sequence[Row]) -> None:
    """Most plates stand on no list: then there is nothing to tell the server."""
    records = [
        (row[0], row[RECORDED], *map(storable, hit))
        for entry, row in zip(entries, rows, strict=True)
        if entry.event.lists
        for _, *hit in hits(entry)
    ]
    if records:
        await connection.copy_records_to_table("list_hit", records=records)


def _row(node: str, seq: int, entry: Entry) -> Row:
    """The values of `EVENT_COLUMNS`; `seq` is the number here, the event has that of its node."""
    row: Row = list(projection.columns(entry))
    node_seq, row[0], row[-1] = row[0], seq, None
    if NUL in entry.body:
        row = [storable(value) for value in row]
    row[-1] = entry.body.decode()
    row += (node, node_seq, *entry.event.plate.box)
    return row


_AT = {name: index for index, name in enumerate(EVENT_COLUMNS)}
RECORDED = _AT["recorded_ms"]


def _passages(rows: Sequence[Row]) -> list[list[Any]]:
    """For each passage its newest revision, and the `seq` of the first row that tells of it."""
    first: dict[str, int] = {}
    newest: dict[str, Row] = {}
    for row in rows:
        passage = row[_AT["passage"]]
        first.setdefault(passage, row[0])
        if passage not in newest or newest[passage][_AT["revision"]] < row[_AT["revision"]]:
            newest[passage] = row
    names = ("passage", "node", "passage_number", "revision", "seq", "seq", "recorded_ms",
             "first_seen_ms", "camera", "plate")  # fmt: skip
    columns = [[row[_AT[name]] for row in newest.values()] for name in names]
    columns[4] = [first[passage] for passage in newest]
    return [*columns, [row[_AT["kind"]] != Kind.LOST.value for row in newest.values()]]


def _cameras(rows: Sequence[Row]) -> list[list[Any]]:
    newest = {row[_AT["camera"]]: row for row in rows}
    names = ("node", "camera", "seq", "last_seen_ms")
    return [[row[_AT[name]] for row in newest.values()] for name in names]


def _images(rows: Sequence[Row], images: Sequence[ShownImage]) -> list[list[Any]]:
    """A picture is kept with the month of each event that shows it."""
    by_sha256 = {each.image.sha256: each for each in images}
    roles = [_AT[name] for name in ("plate_image", "vehicle_image", "frame_image")]
    wanted = {
        (row[role], month_of(row[RECORDED]).start_ms)
        for row in rows
        for role in roles
        if row[role] in by_sha256
    }
    made = [(month_ms, by_sha256[sha256]) for sha256, month_ms in sorted(wanted)]
    return [
        [each.image.sha256 for _, each in made],
        [month_ms for month_ms, _ in made],
        [each.image.width for _, each in made],
        [each.image.height for _, each in made],
        [each.image.bytes for _, each in made],
        [each.jpeg for _, each in made],
        [each.link for _, each in made],
    ]
