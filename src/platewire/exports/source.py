"""The rows of an export in blocks: one statement each, so that none blocks the log.

Passages are newest first, as in searches; events are in log order. Events stored during the export
are not part of it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol

from platewire.database.search import passage_search as sql
from platewire.database.search.filters import SearchFilters
from platewire.database.search.passage_search import (
    Condition,
    Dialect,
    PageCursor,
    Statement,
)
from platewire.database.search.plate_pattern import PlatePattern
from platewire.exports.columns import EVENTS, PASSAGES, Column

BLOCK = 5000
"""Rows read by one statement: short enough not to keep the log's files growing, long enough to be
fast."""
BLOCK_SECONDS = 60.0
"""Seconds that one block may take, on a slow disk with a search that finds little; then the export
fails."""

Row = tuple[Any, ...]
Run = Callable[[Statement], Awaitable[Sequence[Row]]]


class Rows:
    """Of one engine: `run` gives the rows of a statement, `plates` the texts that are meant."""

    def __init__(
        self,
        dialect: Dialect,
        run: Run,
        plates: Callable[[SearchFilters], Awaitable[Sequence[str] | None]],
    ) -> None:
        self._dialect = dialect
        self._run = run
        self._plates = plates

    async def passages(
        self, filters: SearchFilters, columns: Sequence[Column] = PASSAGES
    ) -> AsyncIterator[list[Row]]:
        """Rows of these columns."""
        plates = await self._plates(filters)
        if plates is not None and not plates:
            return
        after: PageCursor | None = None
        while True:
            keys = sql.page(self._dialect, filters, plates, after, BLOCK)
            found = await self._run(_passages(keys, columns))
            if found:
                yield [row[2:] for row in found]
            if len(found) < BLOCK:
                return
            after = PageCursor(*found[-1][:2])

    async def events(
        self, filters: SearchFilters, columns: Sequence[Column] = EVENTS
    ) -> AsyncIterator[list[Row]]:
        """Rows of these columns; times are those at which something happened."""
        plates = await self._plates(filters)
        if plates is not None and not plates:
            return
        ((first, last),) = await self._run(_bounds(filters))
        condition = _event_condition(self._dialect, filters, plates)
        after = (first or 1) - 1
        while last is not None and after < last:
            found = await self._run(_events(condition, columns, after, last))
            if found:
                yield [row[1:] for row in found]
            if len(found) < BLOCK:
                return
            after = found[-1][0]


class QueryableDatabase(Protocol):
    """The queries of the log's database that exports need."""

    async def plates(
        self, pattern: PlatePattern | None, *, seconds: float
    ) -> Sequence[str] | None: ...

    async def select(
        self, statement: str, values: Sequence[Any], *, seconds: float
    ) -> Sequence[Row]: ...


def of_log(database: QueryableDatabase) -> Rows:
    return Rows(
        sql.SQLITE,
        lambda one: database.select(one.sql, one.values, seconds=BLOCK_SECONDS),
        lambda filters: database.plates(filters.plate, seconds=BLOCK_SECONDS),
    )


def of_postgresql(connection: Any) -> Rows:
    """`connection` is asyncpg's, with `search_path` at the schema."""
    from platewire.database.postgresql.search import plates

    async def run(statement: Statement) -> Sequence[Row]:
        found = await connection.fetch(statement.numbered(), *statement.values)
        return [tuple(row) for row in found]

    return Rows(sql.POSTGRESQL, run, lambda filters: plates(connection, filters.plate))


def _columns(columns: Sequence[Column]) -> str:
    return ", ".join(column.sql for column in columns)


def _passages(keys: Statement, columns: Sequence[Column]) -> Statement:
    text = (
        f"SELECT k.first_seen_ms, k.first_seq, {_columns(columns)} FROM ({keys.sql}) k "  # noqa: S608
        "JOIN anpr_passage v ON v.first_seq = k.first_seq "
        "ORDER BY k.first_seen_ms DESC, k.first_seq DESC"
    )
    return Statement(text, keys.values)


def _bounds(filters: SearchFilters) -> Statement:
    """The first and last seq that can be meant; found in the index of times."""
    condition = sql.period(filters, "occurred_ms")
    where = f"FROM event WHERE {condition.sql}"
    text = f"SELECT (SELECT min(seq) {where}), (SELECT max(seq) {where})"
    return Statement(text, [*condition.values, *condition.values])


EVENT_COLUMNS = sql.Columns("v.occurred_ms + 0", "?", "v.camera", "v", "v.seq")
"""Of the view `anpr_event`. The time is not the bare column, so that rows are found by `seq`."""


def _event_condition(
    dialect: Dialect, filters: SearchFilters, plates: Sequence[str] | None
) -> Condition:
    condition = sql.condition_of(filters, EVENT_COLUMNS)
    sql.add_plates(condition, dialect, filters, plates, "v.plate")
    return condition


def _events(condition: Condition, columns: Sequence[Column], after: int, last: int) -> Statement:
    text = (
        f"SELECT v.seq, {_columns(columns)} FROM anpr_event v "  # noqa: S608
        f"WHERE v.seq > ? AND v.seq <= ? AND {condition.sql} ORDER BY v.seq LIMIT ?"
    )
    return Statement(text, [after, last, *condition.values, BLOCK])
