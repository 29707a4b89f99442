"""Searches in the SQLite file: which plates are meant, then a page of their passages.

Blocking, each statement read to its end; used on the reading thread of `Database`.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

import apsw

from platewire.database.connection import row, rows
from platewire.database.search import passage_search as sql
from platewire.database.search.filters import SearchFilters
from platewire.database.search.passage_search import SQLITE, PageCursor, Statement
from platewire.database.search.plate_pattern import BLOCKS, Lookup, Match, PlatePattern
from platewire.database.search.plates import plates_containing


class Presence(NamedTuple):
    """Whether and when: the answer to "was it here?"."""

    passages: int
    first_seen_ms: int | None
    """Of the first of them; None without any."""
    last_seen_ms: int | None
    """First sight of the last of them."""


def plates(connection: apsw.Connection, pattern: PlatePattern | None) -> Sequence[str] | None:
    """The texts that are meant; None for any, or for so many that the pattern has to serve."""
    if pattern is None or pattern.everything:
        return None
    if pattern.match is Match.EXACT:
        return [pattern.text]
    known_until = row(connection, sql.KNOWN_UNTIL)
    late = [text for (text,) in rows(connection, sql.LATE_PLATES, *known_until)]
    limit = sql.candidates_max(pattern)
    known = chain(*(_known(connection, pattern, each, limit) for each in pattern.lookups()))
    return sql.few_plates(pattern, late, known)


def _known(
    connection: apsw.Connection, pattern: PlatePattern, lookup: Lookup, limit: int
) -> Iterable[str]:
    found = [text for (text,) in _run(connection, sql.plates_found_by(lookup, SQLITE, limit))]
    if lookup.column != BLOCKS:
        return found
    return islice(filter(pattern.fits, plates_containing(lookup.low, found)), limit)


def page(
    connection: apsw.Connection, filters: SearchFilters, after: PageCursor | None, limit: int
) -> list[tuple[Any, ...]]:
    """`first_seq` and the newest event (`bodies.COLUMNS`) of each passage, newest first."""
    meant = plates(connection, filters.plate)
    if meant is not None and not meant:
        return []
    return _run(connection, sql.bodies(SQLITE, sql.page(SQLITE, filters, meant, after, limit)))


def presence(connection: apsw.Connection, filters: SearchFilters) -> Presence:
    meant = plates(connection, filters.plate)
    if meant is not None and not meant:
        return Presence(0, None, None)
    statement = sql.presence(SQLITE, filters, meant)
    return Presence(*row(connection, statement.sql, *statement.values))


def _run(connection: apsw.Connection, statement: Statement) -> list[tuple[Any, ...]]:
    return rows(connection, statement.sql, *statement.values)
