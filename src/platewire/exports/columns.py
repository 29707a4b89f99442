"""The columns of an export: their names, their contents, and where the database has them.

Names and meanings are those of the views in docs/database.md. Times are milliseconds since 1970
UTC, local times are the site's wall clock as if it were UTC; a format writes them in its own way.
"""

import enum
from collections.abc import Sequence
from typing import NamedTuple

from platewire.database.search.request import RequestError


class Kind(enum.Enum):
    TEXT = enum.auto()
    INTEGER = enum.auto()
    REAL = enum.auto()
    BOOLEAN = enum.auto()
    TIME = enum.auto()
    """UTC."""
    LOCAL = enum.auto()
    """Of the site, without an offset."""


class Column(NamedTuple):
    name: str
    kind: Kind = Kind.TEXT

    @property
    def sql(self) -> str:
        """Of the view `v`."""
        if self.kind is Kind.TIME:
            return f"v.{self.name.removesuffix('_at')}_ms"
        if self.kind is Kind.LOCAL:
            return f"v.{self.name.removesuffix('_local')}_ms + 60000 * v.utc_offset_minutes"
        return f"v.{self.name}"


PLATE = (
    Column("camera"),
    Column("zone"),
    Column("direction"),
    Column("plate"),
    Column("plate_display"),
    Column("plate_unicode"),
    Column("country"),
    Column("region"),
    Column("plate_confidence", Kind.REAL),
    Column("make"),
    Column("model"),
    Column("type"),
    Column("color"),
    Column("reads", Kind.INTEGER),
    Column("lists"),
    Column("test", Kind.BOOLEAN),
    Column("change_seq", Kind.INTEGER),
)
PASSAGES = (
    Column("passage"),
    Column("first_seen_at", Kind.TIME),
    Column("last_seen_at", Kind.TIME),
    Column("first_seen_local", Kind.LOCAL),
    Column("dwell_seconds", Kind.REAL),
    Column("state"),
    *PLATE,
)
EVENTS = (
    Column("id"),
    Column("seq", Kind.INTEGER),
    Column("kind"),
    Column("passage"),
    Column("revision", Kind.INTEGER),
    Column("occurred_at", Kind.TIME),
    Column("occurred_local", Kind.LOCAL),
    Column("first_seen_at", Kind.TIME),
    Column("last_seen_at", Kind.TIME),
    Column("recorded_at", Kind.TIME),
    *PLATE,
)
COLUMNS = {"passages": PASSAGES, "events": EVENTS}


def columns_of(what: str, names: str | None) -> Sequence[Column]:
    """The named columns of `passages` or `events`, comma-separated, in that order; None: all.

    RequestError for an unknown or repeated column.
    """
    if names is None:
        return COLUMNS[what]
    known = {column.name: column for column in COLUMNS[what]}
    found = [name.strip() for name in names.split(",")]
    for at, name in enumerate(found):
        if name not in known:
            there = ", ".join(known)
            said = f"columns = {names!r}: {what} have no column {name!r}; valid columns: {there}"
            raise RequestError("columns", said)
        if name in found[:at]:
            raise RequestError(
                "columns", f"columns = {names!r}: {name!r} is repeated; name each column once"
            )
    return [known[name] for name in found]
