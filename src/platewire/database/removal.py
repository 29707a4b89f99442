"""The deletion log: table `removal`, published by the view `anpr_removal`.

It records how much was deleted, which events and why, but no plates.
"""

from typing import Literal, NamedTuple

import apsw

DAY_MS = 86_400_000
"""Milliseconds in a day."""

What = Literal["events", "pictures", "plate", "vehicle", "frame"]
Reason = Literal["age", "bytes", "erased", "pseudonymised"]

ADD = """
INSERT INTO removal (at_ms, what, why, day, first_seq, last_seq, count, bytes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (day, what, why) DO UPDATE SET
  at_ms = excluded.at_ms, last_seq = max(last_seq, excluded.last_seq),
  first_seq = min(first_seq, excluded.first_seq),
  count = count + excluded.count, bytes = bytes + excluded.bytes
"""


class DeletionReason(NamedTuple):
    now_ms: int
    reason: Reason


def record(
    connection: apsw.Connection,
    why: DeletionReason,
    what: What,
    first_seq: int,
    last_seq: int,
    count: int,
    size: int,
) -> None:
    """Adds to the day's row of retention. Within the transaction that takes it away."""
    day = why.now_ms // DAY_MS
    connection.execute(ADD, (why.now_ms, what, why.reason, day, first_seq, last_seq, count, size))
