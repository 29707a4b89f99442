"""Who writes: a platewire known by the id of its log, and how far each of its outputs has come.

The mark of an output is written in the transaction of the events themselves. So whatever a server
loses of them - a standby that lagged is promoted, an older dump is restored - it loses of the mark
too, and who asks for the mark knows what to send again. Rows are never counted: retention drops
months of them.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from platewire.database.local_time import Period, renewed
from platewire.errors import Unavailable
from platewire.model import Entry, Site

LEGACY = ""
"""In place of an output's name: all that wrote before there were marks."""
LOOKED_AT = 10_000
"""Newest events of which the one with the highest `node_seq` is taken for a node from before there
were marks: a replay may have written older ones last, and the table has no index by `node_seq`."""


class Mark(NamedTuple):
    """The newest event that an output has written: `seq` in its log, and its id."""

    seq: int
    event_id: str


NOTHING = Mark(0, "")


class Node(NamedTuple):
    """Who writes, as the tables know it."""

    key: str
    output: str
    mark: Mark
    """As last read or written over this connection."""


Agrees = Callable[[Mark], Awaitable[bool]]


async def claim(
    connection: Any, node_id: str, output: str, site: Site, now: datetime, agrees: Agrees
) -> Node:
    """The node of that id, described anew as `site` says.

    One from before there were ids is taken over where it has the same name and `agrees` says that
    its newest event is ours.
    """
    async with connection.transaction():
        # Nodes that come at once take turns.
        await connection.execute("SELECT FROM log FOR UPDATE")
        key = (
            await connection.fetchval("SELECT key FROM node WHERE id = $1", node_id)
            or await _take_over(connection, node_id, site.name, agrees)
            or await _free_key(connection, node_id, site.name)
        )
        await _describe(connection, key, node_id, site, now)
        await connection.execute(
            "INSERT INTO mark "
            "SELECT $1::text, $2::text, coalesce(max(node_seq), 0), coalesce(max(event_id), '')"
            " FROM mark WHERE node = $1 AND output = $3 ON CONFLICT DO NOTHING",
            *(key, output, LEGACY),
        )
    return Node(key, output, await mark_of(connection, key, output))


async def _take_over(connection: Any, node_id: str, name: str, agrees: Agrees) -> str | None:
    key: str | None = await connection.fetchval(
        "SELECT key FROM node WHERE key = $1 AND id IS NULL", name
    )
    if key is None:
        return None
    newest = await _newest(connection, key)
    if newest.seq and not await agrees(newest):
        return None
    await connection.execute("UPDATE node SET id = $2 WHERE key = $1", key, node_id)
    await connection.execute("INSERT INTO mark VALUES ($1, $2, $3, $4)", key, LEGACY, *newest)
    return key


async def _newest(connection: Any, key: str) -> Mark:
    found = await connection.fetchrow(
        "SELECT node_seq, id FROM event, (SELECT max(last_seq) AS seq FROM camera WHERE node = $1) "
        "newest WHERE node = $1 AND event.seq > newest.seq - $2 ORDER BY node_seq DESC LIMIT 1",
        *(key, LOOKED_AT),
    )
    return Mark(*found) if found else NOTHING


async def _free_key(connection: Any, node_id: str, name: str) -> str:
    taken = await connection.fetchval("SELECT 1 FROM node WHERE key = $1", name)
    return f"{name}~{node_id[:8]}" if taken else name


async def mark_of(connection: Any, key: str, output: str) -> Mark:
    found = await connection.fetchrow(
        "SELECT node_seq, event_id FROM mark WHERE node = $1 AND output = $2", key, output
    )
    return Mark(*found) if found else NOTHING


def advance_mark(mark: Mark, entries: Sequence[Entry]) -> Mark:
    """After these were written. What is sent again or as a trial moves no mark."""
    own = [each.event for each in entries if not (each.event.replayed or each.event.test)]
    newest = max(own, key=lambda event: event.seq, default=None)
    if newest is None or newest.seq <= mark.seq:
        return mark
    return Mark(newest.seq, str(newest.id))


async def raise_mark(connection: Any, node: Node, mark: Mark) -> None:
    """Raises Unavailable if the mark in the database differs: another program changed it."""
    done = await connection.execute(
        "UPDATE mark SET node_seq = $3, event_id = $4 "
        "WHERE node = $1 AND output = $2 AND node_seq = $5 AND event_id = $6",
        *(node.key, node.output, *mark, *node.mark),
    )
    if done != "UPDATE 1":
        raise Unavailable(
            "another program has changed the progress of this node in the database; comparing "
            "the database with the log again"
        )


async def namesakes(connection: Any, key: str) -> int:
    """How many other nodes are shown by the same name."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM node n JOIN node own ON own.name = n.name AND own.key <> n.key "
        "WHERE own.key = $1",
        key,
    )
    return count


# --- what the views say of it besides its events -------------------------------------------------


async def _describe(connection: Any, key: str, node_id: str, site: Site, now: datetime) -> None:
    """Its name, its number, its cameras, its zones."""
    await _tell_local_time(connection, key, site.time_zone, now)
    await connection.execute(
        "INSERT INTO node (key, id, name, system_id, time_zone) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (key) DO UPDATE SET name = excluded.name, system_id = excluded.system_id, "
        "time_zone = excluded.time_zone",
        *(key, node_id, site.name, site.system_id, site.time_zone),
    )
    await connection.execute(
        "UPDATE camera SET channel_index = NULL, checkpoint = 0 WHERE node = $1", key
    )
    await connection.executemany(
        "INSERT INTO camera (node, name, channel_index, checkpoint) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (node, name) DO UPDATE SET channel_index = excluded.channel_index, "
        "checkpoint = excluded.checkpoint",
        [
            (key, name, index, site.checkpoints.get(name, 0))
            for name, index in site.channels.items()
        ],
    )
    await connection.execute("DELETE FROM zone WHERE node = $1", key)
    await connection.executemany(
        "INSERT INTO zone VALUES ($1, $2, $3, $4)",
        [
            (key, storable(camera), storable(name), index)
            for camera, names in site.zones.items()
            for index, name in enumerate(names)
        ],
    )


async def _tell_local_time(connection: Any, key: str, zone: str, now: datetime) -> None:
    told = await connection.fetchval("SELECT time_zone FROM node WHERE key = $1", key)
    kept = await connection.fetch(
        "SELECT from_ms, minutes FROM local_time WHERE node = $1 ORDER BY from_ms", key
    )
    new = renewed([Period(*row) for row in kept], zone, now, first_time=told is None)
    await connection.execute("DELETE FROM local_time WHERE node = $1", key)
    await connection.copy_records_to_table("local_time", records=[(key, *period) for period in new])


def storable(value: Any) -> Any:
    """PostgreSQL has no text with the character NUL; what stands for the unknown takes its place.

    `body` keeps it, as JSON writes it as an escape.
    """
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value
