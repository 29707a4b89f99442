"""Which passages fit the filters of a search, as SQL for either engine; newest first, page by page.

A page is found in one of two ways. Where few plates are meant, their texts are looked up first and
then their passages. Where many are, the passages themselves are gone through from the newest on:
so many fit that a page is soon full. Both end with the same rows. Each value is bound, never
pasted; `?` stands for it in both dialects until `numbered` counts them for PostgreSQL.

Pages are found by key, (first sight, first_seq), never by offset.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from platewire.database.search.filters import SearchFilters
from platewire.database.search.plate_pattern import AFTER_ANY, BLOCKS, Lookup, Match, PlatePattern
from platewire.model import Direction, Event
from platewire.runtime.clock import milliseconds

PLATES_MAX = 2000
"""A pattern that more plates fit is not looked up plate by plate."""


class PageCursor(NamedTuple):
    """The end of a page: the next begins after it. Written as `ms.seq`."""

    first_seen_ms: int
    first_seq: int

    def __str__(self) -> str:
        return f"{self.first_seen_ms}.{self.first_seq}"


def cursor_of(event: Event, first_seq: int) -> PageCursor:
    return PageCursor(milliseconds(event.first_seen_at), first_seq)


def parse_cursor(text: str) -> PageCursor:
    """ValueError for text that no page ends with."""
    match = re.fullmatch(r"(-?\d{1,15})\.(\d{1,18})", text)
    if match is None:
        raise ValueError(f"invalid cursor {text!r}: take it from `next` of the previous page")
    return PageCursor(int(match[1]), int(match[2]))


class Dialect(NamedTuple):
    """What the two engines say differently."""

    glob: str
    """Compares a text with a pattern; see `pattern`."""
    many: str
    """Follows a column: one of a list that is one value."""
    seen: str
    """First sight of passage `p`, as its indexes have it."""
    moment: str
    """A number of milliseconds, to be compared with `seen`."""
    join: str
    """Puts the newest event `e` beside passage `p`."""
    keys: str
    """What finds the newest event, beside `last_seq`."""
    hints: bool
    """Whether an index can, and has to, be named."""
    blocks: str
    """Of blocks that hold a text: the blocks, or at once the plates in them that fit a pattern."""
    newest: str
    """What is read of the newest event."""

    def pattern(self, glob: str) -> str:
        """As `glob` compares it; the pattern holds A-Z, 0-9, `*` and `?` only."""
        return glob if self.glob == "GLOB" else glob.replace("*", "%").replace("?", "_")


SQLITE = Dialect(
    glob="GLOB",
    many="IN (SELECT value FROM json_each(?))",
    seen="p.first_seen_ms",
    moment="?",
    join="JOIN event e ON e.seq = p.last_seq",
    keys="",
    hints=True,
    blocks="SELECT texts FROM plate_block WHERE texts GLOB '*' || ? || '*'",
    newest="e.seq, e.body, e.body_crc32",
)
POSTGRESQL = Dialect(
    glob="LIKE",
    many="= ANY(?::text[])",
    seen="to_timestamp(p.first_seen_ms::double precision / 1000)",
    moment="to_timestamp(?::bigint::double precision / 1000)",
    join="JOIN event e ON e.seq = p.last_seq AND e.recorded_ms = p.recorded_ms",
    keys=", p.recorded_ms",
    hints=False,
    blocks=(
        "SELECT p.text FROM plate_block b, unnest(string_to_array(b.texts, E'\\n')) p (text) "
        "WHERE strpos(b.texts, ?) > 0 AND p.text LIKE ? LIMIT ?"
    ),
    newest="e.body",
)


class Condition:
    """A WHERE clause: only the filters that are set."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.values: list[Any] = []

    def add(self, part: str, *values: Any) -> "Condition":
        """Left out when a value is None."""
        if None not in values:
            self._parts.append(part)
            self.values += values
        return self

    @property
    def sql(self) -> str:
        return " AND ".join(self._parts) or "1 = 1"


class Statement(NamedTuple):
    sql: str
    values: Sequence[Any]

    def numbered(self) -> str:
        """With $1, $2 ... as PostgreSQL wants it."""
        pieces = self.sql.split("?")
        return pieces[0] + "".join(f"${at}{piece}" for at, piece in enumerate(pieces[1:], 1))


# --- filters ---------------------------------------------------------------------------------


class Columns(NamedTuple):
    """Where a statement has what the filters compare."""

    time: str
    moment: str
    """A number of milliseconds, to be compared with `time`."""
    camera: str
    event: str
    """Name of the table or view with the columns `EVENT_FILTERS`."""
    seq: str
    """Of the event whose list entries count."""


EVENT_FILTERS = ("country", "color", "type", "direction")
"""Fields of `SearchFilters` that are compared with the event's column of that name."""


def condition_of(filters: SearchFilters, columns: Columns) -> Condition:
    """All filters that passages and events have in common, but for the plate."""
    condition = period(filters, columns.time, columns.moment)
    condition.add(f"{columns.camera} = ?", filters.camera)
    for name in EVENT_FILTERS:
        condition.add(f"{columns.event}.{name} = ?", _plain(getattr(filters, name)))
    listed_there = f"SELECT 1 FROM list_hit h WHERE h.seq = {columns.seq} AND h.list = ?"  # noqa: S608
    return condition.add(f"EXISTS ({listed_there})", filters.list)


def period(filters: SearchFilters, time: str, moment: str = "?") -> Condition:
    condition = Condition().add(f"{time} >= {moment}", milliseconds_up(filters.since))
    return condition.add(f"{time} < {moment}", milliseconds_up(filters.until))


def add_plates(
    condition: Condition,
    dialect: Dialect,
    filters: SearchFilters,
    plates: Sequence[str] | None,
    column: str,
) -> None:
    """`plates` are the only ones meant; None leaves it to the pattern, which no index serves."""
    if plates is not None:
        condition.add(f"{column} {dialect.many}", plates_value(dialect, plates))
    elif filters.plate is not None and not filters.plate.everything:
        pattern = dialect.pattern(filters.plate.text)
        condition.add(f"{column} || '' {dialect.glob} ?", pattern)


def milliseconds_up(moment: datetime | None) -> int | None:
    """Times are kept in whole milliseconds, so a bound within one is rounded up."""
    if moment is None:
        return None
    return milliseconds(moment) + (moment.microsecond % 1000 > 0)


def _plain(value: str | None) -> str | None:
    return value.value if isinstance(value, Direction) else value


# --- plates ------------------------------------------------------------------------------------


def plates_found_by(lookup: Lookup, dialect: Dialect, limit: int) -> Statement:
    """Distinct plates that may be meant, or blocks with such; `limit` and more plates mean that
    there are many."""
    if lookup.column == BLOCKS:
        values = [lookup.low, dialect.pattern(lookup.glob), limit]
        return Statement(dialect.blocks, values[: dialect.blocks.count("?")])
    condition = Condition()
    if lookup.equal:
        condition.add(f"{lookup.column} = ?", lookup.low)
    elif lookup.low:
        end = lookup.low + AFTER_ANY
        condition.add(f"{lookup.column} >= ? AND {lookup.column} < ?", lookup.low, end)
    if lookup.glob:
        condition.add(f"text {dialect.glob} ?", dialect.pattern(lookup.glob))
    if lookup.length_max:
        bounds = (lookup.length_min, lookup.length_max)
        condition.add("length(text) BETWEEN ? AND ?", *bounds)
    sql = f"SELECT text FROM plate WHERE {condition.sql} LIMIT ?"  # noqa: S608
    return Statement(sql, [*condition.values, limit])


KNOWN_UNTIL = "SELECT last_seq FROM plates_known"
LATE_PLATES = "SELECT DISTINCT plate || '' FROM event WHERE seq > ?"
"""Of events that table `plate` has not taken in yet; asked before the table, which may grow
meanwhile. The number is a value, so that PostgreSQL sees that few events follow it; and it is not
the bare column, or SQLite would go through the index of all plates."""
CANDIDATES_MAX = 1_000_000_000
"""More plates than any log has: no limit, as a number that SQL takes."""


def candidates_max(pattern: PlatePattern) -> int:
    """How many plates are looked up at most; a few texts may be meant otherwise than by wildcards,
    however many have to be looked at."""
    return PLATES_MAX + 1 if pattern.match is Match.WILDCARD else CANDIDATES_MAX


def few_plates(
    pattern: PlatePattern, late: Iterable[str], known: Iterable[str]
) -> list[str] | None:
    """The plates meant, sorted; None for too many to be looked up plate by plate."""
    plates = {plate for plate in chain(late, known) if pattern.fits(plate)}
    if pattern.match is Match.WILDCARD and len(plates) > PLATES_MAX:
        return None
    return sorted(plates)


# --- passages ----------------------------------------------------------------------------------


def page(
    dialect: Dialect,
    filters: SearchFilters,
    plates: Sequence[str] | None,
    after: PageCursor | None,
    limit: int,
) -> Statement:
    """`first_seq`, `first_seen_ms` and the keys of the newest event, of one page. `plates` are the
    only ones meant; None leaves it to the pattern."""
    columns = f"p.first_seq, p.first_seen_ms, p.last_seq{dialect.keys}"
    order = f"ORDER BY {dialect.seen} DESC, p.first_seq DESC LIMIT ?"
    condition = _condition(dialect, filters, after)
    source = _source(dialect, filters, plates)
    if plates is not None and len(plates) == 1:
        condition.add("p.plate = ?", plates[0])
    elif plates is None or dialect.hints:
        add_plates(condition, dialect, filters, plates, "p.plate")
    else:
        return _plate_by_plate(columns, order, source, condition, plates, limit)
    sql = f"SELECT {columns} FROM {source} WHERE {condition.sql} {order}"  # noqa: S608
    return Statement(sql, [*condition.values, limit])


def _plate_by_plate(
    columns: str,
    order: str,
    source: str,
    condition: Condition,
    plates: Sequence[str],
    limit: int,
) -> Statement:
    """So that PostgreSQL takes a page of each plate from the index, whatever it believes."""
    sql = (
        f"SELECT {columns} FROM unnest(?::text[]) meant (plate), LATERAL ("  # noqa: S608
        f"SELECT p.* FROM {source} WHERE p.plate = meant.plate AND {condition.sql} {order}"
        f") p {order}"
    )
    return Statement(sql, [list(plates), *condition.values, limit, limit])


def plates_value(dialect: Dialect, plates: Sequence[str]) -> Any:
    """The one value that `many` compares with."""
    return json.dumps(list(plates)) if dialect is SQLITE else list(plates)


def _source(dialect: Dialect, filters: SearchFilters, plates: Sequence[str] | None) -> str:
    hint = f" INDEXED BY {_index(filters, plates)}" if dialect.hints else ""
    newest = any(getattr(filters, name) is not None for name in EVENT_FILTERS)
    return f"passage p{hint}" + (f" {dialect.join}" if newest else "")


def _index(filters: SearchFilters, plates: Sequence[str] | None) -> str:
    """SQLite keeps no statistics, so it is told."""
    if plates is not None:
        return "passage_plate"
    if filters.open:
        return "passage_open"
    return "passage_camera" if filters.camera is not None else "passage_first_seen"


def _condition(dialect: Dialect, filters: SearchFilters, after: PageCursor | None) -> Condition:
    seen, moment = dialect.seen, dialect.moment
    condition = condition_of(filters, Columns(seen, moment, "p.camera", "e", "p.last_seq"))
    if filters.open:
        condition.add("p.open")
    if after is not None:
        condition.add(f"{seen} <= {moment}", after.first_seen_ms)
        condition.add(
            f"({seen} < {moment} OR p.first_seq < ?)", after.first_seen_ms, after.first_seq
        )
    return condition


def bodies(dialect: Dialect, found: Statement) -> Statement:
    """`first_seq` and the newest event, of the rows of a page."""
    sql = (
        f"SELECT p.first_seq, {dialect.newest} FROM ({found.sql}) p {dialect.join} "  # noqa: S608
        f"ORDER BY p.first_seen_ms DESC, p.first_seq DESC"
    )
    return Statement(sql, found.values)


def presence(dialect: Dialect, filters: SearchFilters, plates: Sequence[str] | None) -> Statement:
    """How many passages there are, and the first and last first sight in milliseconds."""
    condition = _condition(dialect, filters, None)
    add_plates(condition, dialect, filters, plates, "p.plate")
    source = _source(dialect, filters, plates)
    sql = (
        "SELECT count(*), min(p.first_seen_ms), max(p.first_seen_ms) "  # noqa: S608
        f"FROM {source} WHERE {condition.sql}"
    )
    return Statement(sql, condition.values)
