"""Disk usage of the event log by kind of data, and a forecast that includes retention.

Read-only, also while platewire runs. Growth is measured over the last days; later deletions by
retention are included.
"""

import shutil
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import apsw
from msgspec import Struct

from platewire.database.connection import explained, open_reader, row
from platewire.database.migrate import reading
from platewire.eventlog.history.numbers import numbering
from platewire.eventlog.settings import KINDS, LogSettings, PictureKind
from platewire.eventlog.upkeep import clock_check, picture_retention, retention
from platewire.eventlog.upkeep.limits import event_limits, picture_limits
from platewire.runtime.clock import Clock, milliseconds

BESIDE = {"lists": "entry", "decisions": "decision"}
"""Databases of other rooms in the folder, and the table of each that is counted."""
GROWTH_DAYS = 7
"""Days of the past that growth is measured over: a whole week, as traffic differs by weekday."""
DAY_MS = 86_400_000
"""Milliseconds in a day."""
DAYS_MAX = 3650
"""Nobody asks farther."""


class Part(Struct, frozen=True):
    """One kind of data: `events`; pictures of `plate`, `vehicle` or `frame`; entries of `lists`;
    `decisions` of relays. The last two are not forecast: people write the one, and the other keeps
    only so many."""

    kind: str
    count: int
    bytes: int
    bytes_a_day: float
    kept_days: float | None
    """By retention; null: for ever."""


class Size(Struct, frozen=True):
    parts: tuple[Part, ...]
    free_pages_bytes: int
    """Within the database file, used again before it grows."""
    free_disk_bytes: int
    days_until_full: int | None
    """Null: not within ten years, as far as can be seen."""
    measured_days: float
    """What the growth was taken from."""


class PendingDeletion(Struct, frozen=True):
    """What retention would take now."""

    kind: str
    count: int
    bytes: int
    """Of pictures; 0 for events, whose space in the file is used again."""
    first_seq: int
    last_seq: int


# --- size ----------------------------------------------------------------------------------------


def size(settings: LogSettings, now: datetime, disk_bytes: int | None = None) -> Size:
    """`disk_bytes` is the space there would be, from now on; None asks the system."""
    with _reading(settings) as connection:
        days = _measured_days(connection, now)
        since = milliseconds(now - timedelta(days=days))
        parts = (
            _events(connection, settings, since, days),
            *(_pictures(connection, settings, kind, since, days) for kind in KINDS),
            *_beside(settings.folder),
        )
        free = _pragma(connection, "freelist_count") * _pragma(connection, "page_size")
    disk = shutil.disk_usage(settings.folder).free if disk_bytes is None else disk_bytes
    return Size(parts, free, disk, days_until_full(parts, disk + free), days)


def days_until_full(parts: Collection[Part], free: float) -> int | None:
    """Each kind grows by its rate until retention takes as much as comes."""
    for day in range(1, DAYS_MAX + 1):
        if sum(_grown(part, day) for part in parts) > free:
            return day
    return None


def _grown(part: Part, days: int) -> float:
    grown = part.bytes_a_day * days
    if part.kept_days is None:
        return grown
    return min(grown, max(0.0, part.bytes_a_day * part.kept_days - part.bytes))


def _measured_days(connection: apsw.Connection, now: datetime) -> float:
    """The last week, or as much of it as there is."""
    (first_ms,) = row(
        connection,
        "SELECT min(recorded_ms) FROM event WHERE seq = (SELECT first_seq FROM log)",
    )
    if first_ms is None:
        return float(GROWTH_DAYS)
    age: float = (milliseconds(now) - first_ms) / DAY_MS
    return min(float(GROWTH_DAYS), max(age, 1 / 24))


def _events(connection: apsw.Connection, settings: LogSettings, since_ms: int, days: float) -> Part:
    """All of the file that is neither free nor a picture."""
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    (crops,) = row(connection, "SELECT coalesce(sum(bytes), 0) FROM image WHERE path IS NULL")
    used = max(0, pages * _pragma(connection, "page_size") - crops)
    count, fresh = row(
        connection, "SELECT count(*), coalesce(sum(recorded_ms >= ?), 0) FROM event", since_ms
    )
    rate = used / count * fresh / days if count else 0.0
    return Part("events", count, used, rate, settings.retention_days)


def _pictures(
    connection: apsw.Connection,
    settings: LogSettings,
    kind: PictureKind,
    since_ms: int,
    days: float,
) -> Part:
    count, total, fresh = row(
        connection,
        f"SELECT count(*), coalesce(sum(i.bytes), 0), "  # noqa: S608
        "coalesce(sum(i.bytes * (e.newest >= ?)), 0) FROM image i JOIN "
        f"(SELECT {kind}_image AS sha256, max(recorded_ms) AS newest FROM event "
        f"WHERE {kind}_image IS NOT NULL GROUP BY 1) e ON e.sha256 = i.sha256",
        since_ms,
    )
    return Part(kind, count, total, fresh / days, _kept_days(settings, kind))


def _beside(folder: Path) -> Iterator[Part]:
    for kind, table in BESIDE.items():
        path = folder / f"{kind}.db"
        if path.exists():
            with explained(path), closing(open_reader(path)) as connection:
                (count,) = row(connection, f"SELECT count(*) FROM {table}")  # noqa: S608
            yield Part(kind, count, path.stat().st_size, 0.0, None)


def _kept_days(settings: LogSettings, kind: PictureKind) -> float | None:
    days = [settings.retention_days, settings.picture_days.get(kind)]
    return min((each for each in days if each is not None), default=None)


# --- what would go -------------------------------------------------------------------------------


def pending_deletions(
    settings: LogSettings, clock: Clock, outputs: Collection[str]
) -> tuple[tuple[PendingDeletion, ...], str]:
    """What `SqliteLog.retain` would take, and why nothing goes by age, if so. By bytes it is an
    estimate, as there."""
    with _reading(settings) as connection:
        seq_max = _seq_max(connection, settings, outputs)
        _, time = clock_check.check(connection, settings.folder, clock)
        first, last = retention.reach(connection, event_limits(settings, time, seq_max))
        pictures = picture_limits(settings, time, seq_max)
        events = numbering(connection).events(first, last)
        would = (
            PendingDeletion("events", events, 0, first, last),
            _with_events(connection, first, last),
            *(_alone(connection, pictures, kind, last) for kind in KINDS),
        )
        return would, time.held if settings.goes_by_age else ""


def _with_events(connection: apsw.Connection, first: int, last: int) -> PendingDeletion:
    count, total = row(
        connection, "SELECT count(*), coalesce(sum(bytes), 0) FROM image WHERE last_seq <= ?", last
    )
    return PendingDeletion("pictures", count, total, first, last)


def _alone(
    connection: apsw.Connection,
    limits: picture_retention.PictureLimits,
    kind: PictureKind,
    events_gone: int,
) -> PendingDeletion:
    begin, end = picture_retention.reach(connection, limits, kind, events_gone)
    while (further := picture_retention.reach(connection, limits, kind, end)[1]) > end:
        end = further
    count, total = row(
        connection,
        "SELECT count(*), coalesce(sum(bytes), 0) FROM image "  # noqa: S608
        "WHERE last_seq <= ?2 AND last_seq > ?3 "
        f"AND sha256 IN (SELECT {kind}_image FROM event WHERE seq > ?1 AND seq <= ?2)",
        *(begin, end, events_gone),
    )
    return PendingDeletion(kind, count, total, begin + 1, end)


def _seq_max(connection: apsw.Connection, settings: LogSettings, outputs: Collection[str]) -> int:
    """What no output that is waited for has still to deal with."""
    (last_seq,) = row(connection, "SELECT last_seq FROM log")
    if not settings.keep_for_outputs:
        return int(last_seq)
    marks = ", ".join("?" * len(outputs))
    (floor,) = row(
        connection,
        "SELECT min(seq) FROM (SELECT seq FROM cursor WHERE output IN "  # noqa: S608
        f"({marks}) UNION ALL SELECT seq - 1 FROM parked WHERE output IN ({marks}))",
        *(*outputs, *outputs),
    )
    return int(last_seq if floor is None else floor)


@contextmanager
def _reading(settings: LogSettings) -> Iterator[apsw.Connection]:
    with reading(settings.database) as connection:
        # One state for all questions.
        connection.execute("BEGIN")
        yield connection


def _pragma(connection: apsw.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").get)
