"""Whether the tables hold what they say: numbers, passages, pictures. Read-only, on the server."""

from typing import Any

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
    "passage {0}: its row is not that of its newest event": """
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
    "picture {0}: its bytes are not those that were kept": """
        SELECT sha256 FROM image WHERE encode(sha256(jpeg), 'hex') <> sha256 LIMIT 20""",
}
"""What to say of each row of each question."""


async def verify(connection: Any, schema: str) -> tuple[int, int, tuple[str, ...]]:
    """Events, pictures kept as bytes, and what is wrong. One state for all questions."""
    if not await connection.fetchval("SELECT to_regclass('anpr_contract')"):
        raise Unavailable(
            f'there are no tables of platewire in the schema "{schema}"; they are made when the '
            "transfer first connects"
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
