"""Integrity check: sequence numbers, passages and pictures, and a comparison with the log.

Read-only, on the server.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from platewire.database.postgresql.compare import Advance, DeliveryReport, EventRange, compare
from platewire.errors import Unavailable

FAULTS = {
    "sequence numbers have gaps or duplicates: {0} events from seq {1} to {2}": """
        SELECT count(*), min(seq), max(seq) FROM event
        HAVING count(*) <> max(seq) - min(seq) + 1 OR count(*) <> count(DISTINCT seq)""",
    "the newest event is seq {0}, but the table `log` has {1}": """
        SELECT e.seq, l.last_seq FROM log l, (SELECT max(seq) AS seq FROM event) e
        WHERE e.seq <> l.last_seq""",
    "event {0} is stored {1} times": """
        SELECT id, count(*) FROM event GROUP BY id HAVING count(*) > 1 LIMIT 20""",
    "passage {0}: revision {1} is stored {2} times": """
        SELECT passage, revision, count(*) FROM event GROUP BY passage, revision
        HAVING count(*) > 1 LIMIT 20""",
    "passage {0}: its row does not match its newest event": """
        SELECT e.passage FROM (SELECT DISTINCT ON (passage) passage, seq, revision, plate
                               FROM event ORDER BY passage, revision DESC) e
        LEFT JOIN passage p ON p.id = e.passage
        WHERE p.last_seq IS DISTINCT FROM e.seq OR p.revision IS DISTINCT FROM e.revision
           OR p.plate IS DISTINCT FROM e.plate LIMIT 20""",
    "passage {0}: its event is missing": """
        SELECT p.id FROM passage p WHERE NOT EXISTS
          (SELECT FROM event e WHERE e.seq = p.last_seq AND e.recorded_ms = p.recorded_ms)
        LIMIT 20""",
    "event {0}: the plate is {1} in its column, but {2} in its body": """
        SELECT seq, plate, body::json -> 'plate' ->> 'text' FROM event
        WHERE strpos(body, '\\u0000') = 0 AND plate <> body::json -> 'plate' ->> 'text' LIMIT 20""",
    "picture {0}: checksum mismatch": """
        SELECT sha256 FROM image WHERE encode(sha256(jpeg), 'hex') <> sha256 LIMIT 20""",
}
"""Message for each row of each query."""
UNKNOWN = (
    "output {0} has delivered events up to seq {1}, but the database has no node {2}; missing "
    "events are sent again when platewire next connects"
)
MISSING = (
    "seq {0} to {1} of the log ({2} events) are missing in the database. The output sends missing "
    "events that it detects within a minute; for the others run: "
    "platewire outputs replay {3} --from {0} --to {1}"
)
FOREIGN = (
    "seq {0} to {1} of this node ({2} rows) are not the events of the log: a copy of this "
    "installation has written them, or the folder of the log was restored from an older copy "
    "afterwards"
)
SHOWN_MAX = 20
"""Ranges that are reported one by one."""


async def verify(connection: Any, schema: str) -> tuple[int, int, tuple[str, ...]]:
    """Number of events, number of pictures stored as bytes, and the faults, in one snapshot."""
    if not await connection.fetchval("SELECT to_regclass('anpr_contract')"):
        raise Unavailable(
            f'the schema "{schema}" has no tables of platewire; they are created when the output '
            "first connects: run `platewire check`"
        )
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # Checking years of events takes longer than the timeout of a batch.
        await connection.execute("SET LOCAL statement_timeout = 0")
        faults = [
            said.format(*row)
            for said, question in FAULTS.items()
            for row in await connection.fetch(question, timeout=None)
        ]
        events = await connection.fetchval("SELECT count(*) FROM event")
        pictures = await connection.fetchval("SELECT count(*) FROM image WHERE jpeg IS NOT NULL")
    return events, pictures, tuple(faults)


async def verify_given(
    connection: Any,
    node_id: str,
    output: str,
    log: DeliveryReport,
    oldest_ms: int,
    advance: Advance = lambda _: None,
) -> tuple[str, ...]:
    """Delivered events that are missing in the database, and rows that are not the log's.

    Events recorded before `oldest_ms` (Unix time) are past the retention of the database.
    """
    if not log.last_seq:
        return ()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL statement_timeout = 0")
        key = await connection.fetchval("SELECT key FROM node WHERE id = $1", node_id)
        if key is None:
            return (UNKNOWN.format(output, log.last_seq, node_id),)
        since_ms = max(oldest_ms, await _kept_since(connection))
        found = await compare(connection, key, log, since_ms, advance)
    return (
        *_describe_ranges(MISSING, found.missing, output),
        *_describe_ranges(FOREIGN, found.foreign, output),
    )


async def _kept_since(connection: Any) -> int:
    """Start of the oldest month that retention has not dropped, as Unix time in ms; else 0."""
    since: int = await connection.fetchval(
        "SELECT CASE WHEN EXISTS (SELECT FROM removal WHERE what = 'events' AND why = 'age') "
        "THEN coalesce(min(month_ms), max(at_ms)) ELSE 0 END FROM month FULL JOIN removal ON false"
    )
    return since


def _describe_ranges(said: str, ranges: Sequence[EventRange], output: str) -> Iterator[str]:
    for first, last, events in ranges[:SHOWN_MAX]:
        yield said.format(first, last, events, output)
    if (more := len(ranges) - SHOWN_MAX) > 0:
        yield f"... and {more} more ranges of this kind"
