"""Retention of pictures that are deleted before their events: separate days for each kind.

Kinds are processed one by one, in the order of events, in small steps; the progress is stored. A
picture stays as long as an event that is not too old shows it, and as long as an output for which
retention waits has not processed it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import apsw

from platewire.database.connection import row, rows
from platewire.database.removal import DeletionReason, record
from platewire.eventlog.settings import PictureKind
from platewire.eventlog.upkeep.retention import RECORDED

STEP_EVENTS = 500
"""Per transaction, so that no append waits for long."""


@dataclass(frozen=True, slots=True)
class PictureLimits:
    now_ms: int
    cutoff_ms: Mapping[PictureKind, int]
    """Pictures of events that were recorded before this are too old; kinds without one stay."""
    seq_max: int
    """The last event whose pictures may go."""


@dataclass(frozen=True, slots=True)
class PictureStep:
    """What one piece took. `looked_at` is 0 when there is nothing more to look at."""

    looked_at: int = 0
    pictures: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    size: int = 0


def step(connection: apsw.Connection, limits: PictureLimits, kind: PictureKind) -> PictureStep:
    """Deletes the rows; the caller commits and then deletes the files."""
    after, last = reach(connection, limits, kind)
    if last <= after:
        return PictureStep()
    gone = rows(
        connection,
        f"DELETE FROM image WHERE last_seq <= ?2 AND sha256 IN ({_SHOWN.format(kind)}) "  # noqa: S608
        "RETURNING sha256, path, bytes",
        *(after, last),
    )
    size = sum(size for _, _, size in gone)
    if gone:
        in_files = sum(size for _, path, size in gone if path is not None)
        connection.execute("UPDATE log SET file_bytes = file_bytes - ?", (in_files,))
        why = DeletionReason(limits.now_ms, "age")
        record(connection, why, kind, after + 1, last, len(gone), size)
    connection.execute("REPLACE INTO pictures_taken VALUES (?, ?)", (kind, last))
    return PictureStep(
        looked_at=last - after,
        pictures=tuple(sha256 for sha256, _, _ in gone),
        files=tuple(path for _, path, _ in gone if path is not None),
        size=size,
    )


_SHOWN = "SELECT {0}_image FROM event WHERE seq > ?1 AND seq <= ?2 AND {0}_image IS NOT NULL"


def reach(
    connection: apsw.Connection, limits: PictureLimits, kind: PictureKind, start: int = 0
) -> tuple[int, int]:
    """After which event, and up to which, the next piece goes. `start` overrides what is kept."""
    (first_seq,) = row(connection, "SELECT first_seq FROM log")
    kept = connection.execute("SELECT last_seq FROM pictures_taken WHERE kind = ?", (kind,)).get
    after = max(first_seq - 1, kept or 0, start)
    cutoff = limits.cutoff_ms.get(kind)
    last = after
    for seq, recorded_ms in [] if cutoff is None else _next(connection, after, limits):
        if recorded_ms >= cutoff:
            break
        last = seq
    return after, last


def _next(connection: apsw.Connection, after: int, limits: PictureLimits) -> list[tuple[Any, ...]]:
    return rows(
        connection,
        f"SELECT seq, {RECORDED} FROM event e "  # noqa: S608
        "WHERE seq > ? AND seq <= ? AND recorded_ms <= ? "
        "ORDER BY seq LIMIT ?",
        *(after, limits.seq_max, limits.now_ms, STEP_EVENTS),
    )
