"""Whether the tables hold what they say - numbers, passages, pictures - and what the log has given.

Read-only, on the server.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from platewire.database.postgresql.compare import Advance, Given, Stretch, compare
from platewire.errors import Unavailable

FAULTS = {
    "the numbers have a gap or come twice: {0} events from {1} to {2}": """
        SELECT count(*), min(seq), max(seq) FROM event
        HAVING count(*) <> max(seq) - min(seq) + 1 OR count(*) <> count(DISTINCT seq)""",
    "the newest event is {0}, but the log says {1}": """
        SELECT e.seq, l.last_seq FROM log l, (SELECT max(seq) AS seq FROM event) e
        WHERE e.seq <> l.last_seq""",
    "event {0} is there {1} times": """
        SELECT id, count(*) FROM event GROUP BY id HAVING count(*) > 1 LIMIT 20""",
    "passage {0}: revision {1} is there {2} times": """
        SELECT passage, revision, count(*) FROM event GROUP BY passage, revision
        HAVING count(*) > 1 LIMIT 20""",
    "passage {0}: its row does not match its newest event": """
        SELECT e.passage FROM (SELECT DISTINCT ON (passage) passage, seq, revision, plate
                               FROM event ORDER BY passage, revision DESC) e
        LEFT JOIN passage p ON p.id = e.passage
        WHERE p.last_seq IS DISTINCT FROM e.seq OR p.revision IS DISTINCT FROM e.revision
           OR p.plate IS DISTINCT FROM e.plate LIMIT 20""",
    "passage {0}: there is no event of it": """
        SELECT p.id FROM passage p WHERE NOT EXISTS
          (SELECT FROM event e WHERE e.seq = p.last_seq AND e.recorded_ms = p.recorded_ms)
        LIMIT 20""",
    "event {0}: its columns say {1}, its body says {2}": """
        SELECT seq, plate, body::json -> 'plate' ->> 'text' FROM event
        WHERE strpos(body, '\\u0000') = 0 AND plate <> body::json -> 'plate' ->> 'text' LIMIT 20""",
    "picture {0}: checksum mismatch": """
        SELECT sha256 FROM image WHERE encode(sha256(jpeg), 'hex') <> sha256 LIMIT 20""",
}
"""What to say of each row of each question."""
UNKNOWN = (
    "output {0} has given events up to {1}, but the database knows no node {2}: what is missing "
    "is given again when platewire next connects"
)
MISSING = (
    "the log's events {0} to {1} ({2} in all) are missing here. What an output notices itself it "
    "gives again within a minute; else: platewire outputs replay {3} --from {0} --to {1}"
)
FOREIGN = (
    "rows of this node that are numbered {0} to {1} ({2} in all) are of another history than the "
    "log: a copy of this installation has written them, or they are from before an older copy of "
    "the log's folder was put back"
)
SHOWN_MAX = 20
"""Ranges that are told one by one."""


async def verify(connection: Any, schema: str) -> tuple[int, int, tuple[str, ...]]:
    """Events, pictures kept as bytes, and what is wrong. One state for all questions."""
    if not await connection.fetchval("SELECT to_regclass('anpr_contract')"):
        raise Unavailable(
            f'there are no tables of platewire in the schema "{schema}"; they are made when the '
            "output first connects"
        )
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # Looking through years takes longer than any batch may.
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
    log: Given,
    oldest_ms: int,
    advance: Advance = lambda _: None,
) -> tuple[str, ...]:
    """What the output has given and is not there, or is there and is not the log's. Events that
    were recorded before `oldest_ms` are not kept there."""
    if not log.last_seq:
        return ()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL statement_timeout = 0")
        key = await connection.fetchval("SELECT key FROM node WHERE id = $1", node_id)
        if key is None:
            return (UNKNOWN.format(output, log.last_seq, node_id),)
        since_ms = max(oldest_ms, await _kept_since(connection))
        found = await compare(connection, key, log, since_ms, advance)
    return (*_told(MISSING, found.missing, output), *_told(FOREIGN, found.foreign, output))


async def _kept_since(connection: Any) -> int:
    """Where retention has dropped months: the beginning of the oldest that is left."""
    since: int = await connection.fetchval(
        "SELECT CASE WHEN EXISTS (SELECT FROM removal WHERE what = 'events' AND why = 'age') "
        "THEN coalesce(min(month_ms), max(at_ms)) ELSE 0 END FROM month FULL JOIN removal ON false"
    )
    return since


def _told(said: str, stretches: Sequence[Stretch], output: str) -> Iterator[str]:
    for first, last, events in stretches[:SHOWN_MAX]:
        yield said.format(first, last, events, output)
    if (more := len(stretches) - SHOWN_MAX) > 0:
        yield f"... and {more} more ranges of this sort"
