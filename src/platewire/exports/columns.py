"""Which columns an export has, what they hold, and where the database has them.

Names and meaning are those of the views in docs/database.md. Times come as milliseconds since
1970 UTC, local times as those of the site's clock as if it were UTC; a format writes them its way.
"""

import enum
from typing import NamedTuple


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
