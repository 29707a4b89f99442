"""One partition per month for events and pictures: created when needed, dropped by retention.

A new partition is created as a separate table and then attached, which blocks no reader, not even a
transaction that is open for hours. Months are in UTC, by the time of recording.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from platewire.database.postgresql.migrate import quoted
from platewire.runtime.clock import milliseconds

PARTITIONED = ("event", "image")
DAY_MS = 86_400_000
"""Milliseconds in a day."""
DROP_LOCK_TIMEOUT = "2s"
RECORD = """
INSERT INTO removal (at_ms, what, why, first_seq, last_seq, count, bytes)
SELECT $3, what, 'age', first_seq, last_seq, count, bytes FROM (
  SELECT 'events' AS what, min(seq) AS first_seq, max(seq) AS last_seq, count(*) AS count,
         0 AS bytes
  FROM event WHERE recorded_ms >= $1 AND recorded_ms < $2
  UNION ALL
  SELECT 'pictures', e.first_seq, e.last_seq, count(*), coalesce(sum(octet_length(jpeg)), 0)
  FROM image, (SELECT min(seq) AS first_seq, max(seq) AS last_seq FROM event
               WHERE recorded_ms >= $1 AND recorded_ms < $2) e
  WHERE month_ms >= $1 AND month_ms < $2 AND jpeg IS NOT NULL GROUP BY e.first_seq, e.last_seq
) gone WHERE count > 0 AND first_seq IS NOT NULL
"""


class Month(NamedTuple):
    start_ms: int
    end_ms: int
    suffix: str
    """`YYYY_MM`, by which the partitions are named."""


def month_of(recorded_ms: int) -> Month:
    moment = datetime.fromtimestamp(recorded_ms // 1000, UTC)
    return _month(moment.year * 12 + moment.month - 1)


def months_of(recorded_ms: Iterable[int]) -> set[Month]:
    """Looks at each day once, as a batch is mostly of one."""
    return {month_of(day * DAY_MS) for day in {moment // DAY_MS for moment in recorded_ms}}


def oldest_kept(now: datetime, retention_months: int) -> Month:
    """The month `retention_months` before that of `now`; the months before it go."""
    return _month(now.year * 12 + now.month - 1 - retention_months)


def _month(number: int) -> Month:
    return Month(_start(number), _start(number + 1), f"{number // 12:04}_{number % 12 + 1:02}")


def _start(number: int) -> int:
    return milliseconds(datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC))


async def known_months(connection: Any) -> set[Month]:
    rows = await connection.fetch("SELECT month_ms, end_ms, suffix FROM month")
    return {Month(*row) for row in rows}


async def add_month(connection: Any, month: Month) -> bool:
    """Within the transaction of a batch, whose lock on `log` keeps other nodes from adding or
    dropping months; false where the month is there."""
    added = await connection.fetchval(
        "INSERT INTO month VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true", *month
    )
    if not added:
        return False
    for table in PARTITIONED:
        part = quoted(f"{table}_{month.suffix}")
        await connection.execute(
            f"CREATE TABLE {part} (LIKE {table} INCLUDING DEFAULTS INCLUDING STORAGE)"
        )
        await connection.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {part} "
            f"FOR VALUES FROM ({month.start_ms}) TO ({month.end_ms})"
        )
    return True


async def drop_before(connection: Any, oldest: Month, now: datetime) -> list[Month]:
    """Drops the months before `oldest`, each in a transaction of its own; returns which.

    A month that a reader holds raises LockNotAvailableError after two seconds.
    """
    dropped = []
    for month in sorted(await known_months(connection)):
        if month.start_ms < oldest.start_ms:
            async with connection.transaction():
                await _drop(connection, month, milliseconds(now))
            dropped.append(month)
    return dropped


async def _drop(connection: Any, month: Month, now_ms: int) -> None:
    await connection.execute(f"SET LOCAL lock_timeout = '{DROP_LOCK_TIMEOUT}'")
    await connection.execute("SELECT FROM log FOR UPDATE")
    await connection.execute(RECORD, month.start_ms, month.end_ms, now_ms)
    for table in PARTITIONED:
        await connection.execute(f"DROP TABLE IF EXISTS {quoted(f'{table}_{month.suffix}')}")
    await connection.execute("DELETE FROM passage WHERE recorded_ms < $1", month.end_ms)
    await connection.execute("DELETE FROM list_hit WHERE recorded_ms < $1", month.end_ms)
    await connection.execute("DELETE FROM month WHERE month_ms = $1", month.start_ms)
