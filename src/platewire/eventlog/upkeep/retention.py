"""Selects the events, with their pictures, that are old enough to be deleted; in small steps.

Events are deleted from the oldest on, without gaps. These stay, however old:

- events that an output for which retention waits has not processed yet,
- events of an open passage, until its newest event is `OPEN_PASSAGE_MS` old: a passage that never
  gets its `lost` (a camera was removed, results sent singly) must not block retention forever.

A picture is deleted with the newest event that shows it. The clock may have jumped: events that
appear to be from the future count as old as the next event that does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import apsw

from platewire.database.connection import row, rows
from platewire.database.removal import DeletionReason, record
from platewire.eventlog.history.numbers import numbering
from platewire.eventlog.images import ImageFiles

STEP_EVENTS = 500
"""Per transaction, so that no append waits for long."""
RECORDED = """
max(e.recorded_ms, ifnull((SELECT b.began_ms FROM boot b WHERE b.id = e.boot)
                          + CAST(e.boot_seconds * 1000 AS INTEGER), 0))"""
"""Of event `e`: when it was recorded; where the clock was behind then and was put right in the same
boot, by the clock of the boot."""
OPEN_PASSAGE_MS = 3_600_000
"""Milliseconds after which an open passage holds its events no longer: an hour, far above any real
passage."""


@dataclass(frozen=True, slots=True)
class Limits:
    now_ms: int
    cutoff_ms: int | None
    """Events recorded before this are too old."""
    bytes_max: int | None
    seq_max: int
    """The last event that may go at all."""


@dataclass(frozen=True, slots=True)
class Retained:
    """What retention deleted, and what is the first event left."""

    first_seq: int
    events: int = 0
    pictures: tuple[str, ...] = ()
    """Their hashes."""
    overtaken: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Output to the first and last seq that it can never get any more."""


@dataclass(frozen=True, slots=True)
class Step:
    first_seq: int
    events: int = 0
    pictures: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def step(connection: apsw.Connection, limits: Limits) -> Step:
    """Deletes up to `STEP_EVENTS` events; the caller commits and then deletes the files."""
    (first,) = row(connection, "SELECT first_seq FROM log")
    last, by_age = _last_of_step(connection, first, _last_too_many(connection, limits), limits)
    if last < first:
        return Step(first)
    return _delete(
        connection, first, last, DeletionReason(limits.now_ms, "age" if by_age else "bytes")
    )


def reach(connection: apsw.Connection, limits: Limits) -> tuple[int, int]:
    """From which event to which all steps together would delete; nothing is deleted here."""
    (first,) = row(connection, "SELECT first_seq FROM log")
    too_many = _last_too_many(connection, limits)
    last = first - 1
    while (further := _last_of_step(connection, last + 1, too_many, limits)[0]) > last:
        last = further
    return first, last


def _last_of_step(
    connection: apsw.Connection, first: int, too_many: int, limits: Limits
) -> tuple[int, bool]:
    """The last event that may go, at most `STEP_EVENTS` from `first` on; and whether by age."""
    last_seq, head = row(
        connection, "SELECT last_seq, (SELECT min(seq) FROM event WHERE seq >= ?) FROM log", first
    )
    # The numbers before the first event may be empty: see numbering.py.
    end = min((head or first) + STEP_EVENTS - 1, limits.seq_max, last_seq)
    too_old = _last_too_old(connection, first, limits)
    held = _last_not_held(connection, first, end, limits.now_ms)
    last = min(max(too_old, too_many), end, held)
    return last, too_old >= last


def _last_too_old(connection: apsw.Connection, first: int, limits: Limits) -> int:
    if limits.cutoff_ms is None:
        return first - 1
    candidates = rows(
        connection,
        f"SELECT seq, {RECORDED} FROM event e WHERE seq >= ? AND recorded_ms <= ? "  # noqa: S608
        "ORDER BY seq LIMIT ?",
        *(first, limits.now_ms, STEP_EVENTS),
    )
    last = first - 1
    for seq, recorded_ms in candidates:
        if recorded_ms >= limits.cutoff_ms:
            break
        last = seq
    return last


def _last_too_many(connection: apsw.Connection, limits: Limits) -> int:
    if limits.bytes_max is None:
        return 0
    first, last_seq = row(connection, "SELECT first_seq, last_seq FROM log")
    used = bytes_used(connection)
    if used <= limits.bytes_max:
        return 0
    known = numbering(connection)
    share = (used - limits.bytes_max) / used
    return known.seq_of(first, int(max(1, share * known.events(first, last_seq))))


def bytes_used(connection: apsw.Connection) -> int:
    """Of the database what is not free for new rows, and the picture files."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").get
        for name in ("page_count", "freelist_count", "page_size")
    )
    (files,) = row(connection, "SELECT file_bytes FROM log")
    return int((pages - free) * size + files)


def _last_not_held(connection: apsw.Connection, first: int, end: int, now_ms: int) -> int:
    held = connection.execute(
        """
        SELECT min(e.seq) FROM event e
        JOIN passage p ON p.number = e.passage_number
        JOIN event newest ON newest.seq = p.last_seq
        WHERE e.seq BETWEEN ? AND ? AND p.open AND newest.recorded_ms BETWEEN ? AND ?
        """,
        (first, end, now_ms - OPEN_PASSAGE_MS, now_ms),
    ).get
    return end if held is None else held - 1


def _delete(connection: apsw.Connection, first: int, last: int, why: DeletionReason) -> Step:
    (events,) = row(connection, "SELECT count(*) FROM event WHERE seq BETWEEN ? AND ?", first, last)
    record(connection, why, "events", first, last, events, 0)
    connection.execute("UPDATE log SET first_seq = ?", (last + 1,))
    connection.execute("DELETE FROM event WHERE seq <= ?", (last,))
    connection.execute("DELETE FROM undelivered WHERE seq <= ? AND outcome <> 'gap'", (last,))
    pictures = rows(
        connection, "DELETE FROM image WHERE last_seq <= ? RETURNING sha256, path, bytes", last
    )
    if pictures:
        size = sum(size for _, _, size in pictures)
        record(connection, why, "pictures", first, last, len(pictures), size)
    in_files = sum(size for _, path, size in pictures if path is not None)
    connection.execute("UPDATE log SET file_bytes = file_bytes - ?", (in_files,))
    return Step(
        first_seq=last + 1,
        events=events,
        pictures=tuple(sha256 for sha256, _, _ in pictures),
        files=tuple(path for _, path, _ in pictures if path is not None),
    )


def sweep(connection: apsw.Connection, images: ImageFiles) -> int:
    """Deletes files that no row names, in one of the 256 folders; returns how many these were.

    They are left by a crash between writing the file and the commit, or between deleting the row
    and the file. On the writer's thread none can be on its way in meanwhile.
    """
    stray = [path for path in images.next_folder() if not _is_named(connection, path)]
    for path in stray:
        images.unlink(path)
    return len(stray)


def _is_named(connection: apsw.Connection, path: str) -> bool:
    sha256 = path.rpartition("/")[2].removesuffix(".jpg")
    return bool(
        connection.execute("SELECT 1 FROM image WHERE sha256 = ? AND path = ?", (sha256, path)).get
    )
