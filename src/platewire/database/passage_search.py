"""Which passages are wanted, as SQL for either engine; newest first, page by page.

A page is found in one of two ways. Where few plates are meant, their texts are looked up first and
then their passages. Where many are, the passages themselves are gone through from the newest on:
so many fit that a page is soon full. Both end with the same rows. Each value is bound, never
pasted; `?` stands for it in both dialects until `numbered` counts them for PostgreSQL.

Pages are found by key, (first sight, first_seq), never by offset.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from platewire.clock import milliseconds
from platewire.database.plate_pattern import AFTER_ANY, BLOCKS, Lookup, Match, PlatePattern
from platewire.model import Direction, Event

PLATES_MAX = 2000
"""A pattern that more plates fit is not looked up plate by plate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """All that is given must hold; what a passage is, its newest event says."""

    plate: PlatePattern | None = None
    since: datetime | None = None
    """First seen then or later."""
    until: datetime | None = None
    """First seen before."""
    camera: str | None = None
    country: str | None = None
    color: str | None = None
    type: str | None = None
    direction: Direction | None = None
    list: str | None = None
    """Name of a list that the plate stood on."""
    open_only: bool = False
    before_seq: int | None = None
    """`first_seq` less than this."""


class Place(NamedTuple):
    """Where a page ends: the next begins after it. Written as `ms.seq`."""

    first_seen_ms: int
    first_seq: int

    def __str__(self) -> str:
        return f"{self.first_seen_ms}.{self.first_seq}"


def place_of(event: Event, first_seq: int) -> Place:
    return Place(milliseconds(event.first_seen_at), first_seq)


def parse_place(text: str) -> Place:
    """ValueError for what no page has given out."""
    match = re.fullmatch(r"(-?\d{1,15})\.(\d{1,18})", text)
    if match is None:
        raise ValueError(f"{text!r} is no place: take it from `next` of the page before")
    return Place(int(match[1]), int(match[2]))


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
    """A WHERE clause: only what was asked for."""

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


def candidates_max(pattern: PlatePattern) -> int:
    """How many plates are looked up at most; a few texts may be meant otherwise than by wildcards,
    however many have to be looked at."""
    return PLATES_MAX + 1 if pattern.match is Match.WILDCARD else CANDIDATES_MAX


def few(pattern: PlatePattern, late: Iterable[str], known: Iterable[str]) -> list[str] | None:
    """The plates meant, sorted; None for too many to be looked up plate by plate."""
    plates = {plate for plate in chain(late, known) if pattern.fits(plate)}
    if pattern.match is Match.WILDCARD and len(plates) > PLATES_MAX:
        return None
    return sorted(plates)


# --- passages ----------------------------------------------------------------------------------


def page(
    dialect: Dialect,
    wanted: Wanted,
    plates: Sequence[str] | None,
    after: Place | None,
    limit: int,
) -> Statement:
    """`first_seq`, `first_seen_ms` and the keys of the newest event, of one page. `plates` are the
    only ones meant; None leaves it to the pattern."""
    columns = f"p.first_seq, p.first_seen_ms, p.last_seq{dialect.keys}"
    order = f"ORDER BY {dialect.seen} DESC, p.first_seq DESC LIMIT ?"
    condition = _condition(dialect, wanted, after)
    source = _source(dialect, wanted, plates)
    if plates is None:
        _scan(dialect, wanted, condition)
    elif len(plates) == 1:
        condition.add("p.plate = ?", plates[0])
    elif dialect.hints:
        condition.add(f"p.plate {dialect.many}", listed(dialect, plates))
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


def listed(dialect: Dialect, plates: Sequence[str]) -> Any:
    """The one value that `many` compares with."""
    return json.dumps(list(plates)) if dialect is SQLITE else list(plates)


def _source(dialect: Dialect, wanted: Wanted, plates: Sequence[str] | None) -> str:
    hint = f" INDEXED BY {_index(wanted, plates)}" if dialect.hints else ""
    of_newest = (wanted.country, wanted.color, wanted.type, wanted.direction)
    newest = any(value is not None for value in of_newest)
    return f"passage p{hint}" + (f" {dialect.join}" if newest else "")


def _index(wanted: Wanted, plates: Sequence[str] | None) -> str:
    """SQLite keeps no statistics, so it is told."""
    if plates is not None:
        return "passage_plate"
    if wanted.open_only:
        return "passage_open"
    return "passage_camera" if wanted.camera is not None else "passage_first_seen"


def _scan(dialect: Dialect, wanted: Wanted, condition: Condition) -> None:
    """By the pattern itself, which no index is to serve."""
    if wanted.plate is not None and not wanted.plate.everything:
        glob = dialect.pattern(wanted.plate.text)
        condition.add(f"p.plate || '' {dialect.glob} ?", glob)


def _condition(dialect: Dialect, wanted: Wanted, after: Place | None) -> Condition:
    seen, moment = dialect.seen, dialect.moment
    condition = Condition()
    condition.add(f"{seen} >= {moment}", whole_ms(wanted.since))
    condition.add(f"{seen} < {moment}", whole_ms(wanted.until))
    condition.add("p.camera = ?", wanted.camera)
    condition.add("p.first_seq < ?", wanted.before_seq)
    condition.add("e.country = ?", wanted.country)
    condition.add("e.color = ?", wanted.color)
    condition.add("e.type = ?", wanted.type)
    condition.add("e.direction = ?", wanted.direction and wanted.direction.value)
    condition.add(
        "EXISTS (SELECT 1 FROM list_hit h WHERE h.seq = p.last_seq AND h.list = ?)", wanted.list
    )
    if wanted.open_only:
        condition.add("p.open")
    if after is not None:
        condition.add(f"{seen} <= {moment}", after.first_seen_ms)
        condition.add(
            f"({seen} < {moment} OR p.first_seq < ?)", after.first_seen_ms, after.first_seq
        )
    return condition


def whole_ms(moment: datetime | None) -> int | None:
    """Times are kept in whole milliseconds, so a bound within one is rounded up."""
    if moment is None:
        return None
    return milliseconds(moment) + (moment.microsecond % 1000 > 0)


def bodies(dialect: Dialect, found: Statement) -> Statement:
    """`first_seq` and the newest event, of the rows of a page."""
    sql = (
        f"SELECT p.first_seq, {dialect.newest} FROM ({found.sql}) p {dialect.join} "  # noqa: S608
        f"ORDER BY p.first_seen_ms DESC, p.first_seq DESC"
    )
    return Statement(sql, found.values)


def presence(dialect: Dialect, wanted: Wanted, plates: Sequence[str] | None) -> Statement:
    """How many passages there are, and the first and last first sight in milliseconds."""
    condition = _condition(dialect, wanted, None)
    if plates is None:
        _scan(dialect, wanted, condition)
    else:
        condition.add(f"p.plate {dialect.many}", listed(dialect, plates))
    source = _source(dialect, wanted, plates)
    sql = (
        "SELECT count(*), min(p.first_seen_ms), max(p.first_seen_ms) "  # noqa: S608
        f"FROM {source} WHERE {condition.sql}"
    )
    return Statement(sql, condition.values)
