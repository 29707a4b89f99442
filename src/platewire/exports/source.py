"""The rows of an export, a block at a time: each is one statement, so none keeps the log waiting.

Passages come newest first, as searches find them; events in the order of the log. What comes in
meanwhile is not part of it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol

from platewire.database import passage_search as sql
from platewire.database.passage_search import (
    Condition,
    Dialect,
    Place,
    Statement,
    Wanted,
    whole_ms,
)
from platewire.database.plate_pattern import PlatePattern
from platewire.exports.columns import EVENTS, PASSAGES, Column

BLOCK = 5000
BLOCK_SECONDS = 60.0

Row = tuple[Any, ...]
Run = Callable[[Statement], Awaitable[Sequence[Row]]]


class Rows:
    """Of one engine: `run` gives the rows of a statement, `plates` the texts that are meant."""

    def __init__(
        self,
        dialect: Dialect,
        run: Run,
        plates: Callable[[Wanted], Awaitable[Sequence[str] | None]],
    ) -> None:
        self._dialect = dialect
        self._run = run
        self._plates = plates

    async def passages(self, wanted: Wanted) -> AsyncIterator[list[Row]]:
        """Rows of `PASSAGES`."""
        plates = await self._plates(wanted)
        if plates is not None and not plates:
            return
        after: Place | None = None
        while True:
            keys = sql.page(self._dialect, wanted, plates, after, BLOCK)
            found = await self._run(_passages(keys))
            if found:
                yield [row[2:] for row in found]
            if len(found) < BLOCK:
                return
            after = Place(*found[-1][:2])

    async def events(self, wanted: Wanted) -> AsyncIterator[list[Row]]:
        """Rows of `EVENTS`; times are those at which something happened."""
        plates = await self._plates(wanted)
        if plates is not None and not plates:
            return
        ((first, last),) = await self._run(_bounds(wanted))
        condition = _event_condition(self._dialect, wanted, plates)
        after = (first or 1) - 1
        while last is not None and after < last:
            found = await self._run(_events(condition, after, last))
            if found:
                yield [row[1:] for row in found]
            if len(found) < BLOCK:
                return
            after = found[-1][0]


class Asking(Protocol):
    """The log's database, as far as it is asked here."""

    async def plates(
        self, pattern: PlatePattern | None, *, seconds: float
    ) -> Sequence[str] | None: ...

    async def select(
        self, statement: str, values: Sequence[Any], *, seconds: float
    ) -> Sequence[Row]: ...


def of_log(database: Asking) -> Rows:
    return Rows(
        sql.SQLITE,
        lambda one: database.select(one.sql, one.values, seconds=BLOCK_SECONDS),
        lambda wanted: database.plates(wanted.plate, seconds=BLOCK_SECONDS),
    )


def of_postgresql(connection: Any) -> Rows:
    """`connection` is asyncpg's, with `search_path` at the schema."""
    from platewire.database.postgresql.search import plates

    async def run(statement: Statement) -> Sequence[Row]:
        found = await connection.fetch(statement.numbered(), *statement.values)
        return [tuple(row) for row in found]

    return Rows(sql.POSTGRESQL, run, lambda wanted: plates(connection, wanted.plate))


def _columns(columns: Sequence[Column]) -> str:
    return ", ".join(column.sql for column in columns)


def _passages(keys: Statement) -> Statement:
    text = (
        f"SELECT k.first_seen_ms, k.first_seq, {_columns(PASSAGES)} FROM ({keys.sql}) k "  # noqa: S608
        "JOIN anpr_passage v ON v.first_seq = k.first_seq "
        "ORDER BY k.first_seen_ms DESC, k.first_seq DESC"
    )
    return Statement(text, keys.values)


def _bounds(wanted: Wanted) -> Statement:
    """The first and last seq that can be meant; found in the index of times."""
    condition = Condition()
    condition.add("occurred_ms >= ?", whole_ms(wanted.since))
    condition.add("occurred_ms < ?", whole_ms(wanted.until))
    where = f"FROM event WHERE {condition.sql}"
    text = f"SELECT (SELECT min(seq) {where}), (SELECT max(seq) {where})"
    return Statement(text, [*condition.values, *condition.values])


def _event_condition(dialect: Dialect, wanted: Wanted, plates: Sequence[str] | None) -> Condition:
    condition = Condition()
    condition.add("v.occurred_ms + 0 >= ?", whole_ms(wanted.since))
    condition.add("v.occurred_ms + 0 < ?", whole_ms(wanted.until))
    condition.add("v.camera = ?", wanted.camera)
    condition.add("v.country = ?", wanted.country)
    condition.add("v.color = ?", wanted.color)
    condition.add("v.type = ?", wanted.type)
    condition.add("v.direction = ?", wanted.direction and wanted.direction.value)
    condition.add(
        "EXISTS (SELECT 1 FROM list_hit h WHERE h.seq = v.seq AND h.list = ?)", wanted.list
    )
    if plates is not None:
        condition.add(f"v.plate {dialect.many}", sql.listed(dialect, plates))
    elif wanted.plate is not None and not wanted.plate.everything:
        condition.add(f"v.plate || '' {dialect.glob} ?", dialect.pattern(wanted.plate.text))
    return condition


def _events(condition: Condition, after: int, last: int) -> Statement:
    text = (
        f"SELECT v.seq, {_columns(EVENTS)} FROM anpr_event v "  # noqa: S608
        f"WHERE v.seq > ? AND v.seq <= ? AND {condition.sql} ORDER BY v.seq LIMIT ?"
    )
    return Statement(text, [after, last, *condition.values, BLOCK])
