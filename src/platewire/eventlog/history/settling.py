"""Compares the log with its mark when it is opened, and decides the next sequence number.

    the mark is behind, or equal    normal; a power failure may leave it behind
    the mark is ahead               the log was rolled back: a gap, a new epoch
    the mark is of another log      the database was replaced: likewise
    another event has its seq       another copy of the log was used meanwhile: likewise
    there is no mark                first start, or a lost file: created

In each case the log continues above both, so that no sequence number is assigned twice.
"""

import logging
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import apsw

from platewire.eventlog.history.mark import NO_EVENT, Mark
from platewire.eventlog.history.numbers import id_at, mark_of
from platewire.numbering import REASONS, Gap, GapReason

diagnostics = logging.getLogger(__name__)


def difference(connection: apsw.Connection, stored_mark: Mark) -> GapReason | None:
    """How the database was changed since the mark was written; None if it was not."""
    log = mark_of(connection)
    if log.log_id not in (NO_EVENT, stored_mark.log_id):
        return "replaced"
    if log.last_seq < stored_mark.last_seq or log.epoch < stored_mark.epoch:
        return "cut_back"
    there = id_at(connection, stored_mark.last_seq)
    if there is not None and stored_mark.last_event not in (NO_EVENT, there):
        return "other_history"
    return None


def settle(
    connection: apsw.Connection,
    path: Path,
    stored_mark: Mark | None,
    now: datetime,
    restored: bool = False,
) -> Mark:
    """Gives the log its id and, if needed, a new epoch; returns the mark to write.

    `restored` (a backup was restored) begins an epoch in any case. Times are UTC.
    """
    reason = None if stored_mark is None else difference(connection, stored_mark)
    if mark_of(connection).log_id == NO_EVENT:
        log_id = uuid4() if stored_mark is None else stored_mark.log_id
        connection.execute("UPDATE log SET log_id = ?", (str(log_id),))
    if restored:
        _begin_epoch(connection, stored_mark or mark_of(connection), now, "restored")
    elif stored_mark is not None and reason is not None:
        gap = _begin_epoch(connection, stored_mark, now, reason)
        diagnostics.error("%s", _in_words(path, gap))
    return mark_of(connection)


def _begin_epoch(
    connection: apsw.Connection, stored_mark: Mark, now: datetime, reason: GapReason
) -> Gap:
    log = mark_of(connection)
    gap = Gap(
        epoch=max(log.epoch, stored_mark.epoch) + 1,
        first_seq=log.last_seq + 1,
        last_seq=max(log.last_seq, stored_mark.last_seq),
        found_at=now,
        reason=reason,
    )
    with connection:
        connection.execute(
            "INSERT INTO gap VALUES (?, ?, ?, ?, ?)",
            (gap.epoch, gap.first_seq, gap.last_seq, now.isoformat(), reason),
        )
        connection.execute(
            "UPDATE log SET last_seq = ?, last_passage_number = max(last_passage_number, ?)",
            (gap.last_seq, stored_mark.last_passage_number),
        )
        connection.execute(
            "UPDATE log SET first_seq = last_seq + 1 WHERE NOT EXISTS (SELECT 1 FROM event)"
        )
    return gap


def _in_words(path: Path, gap: Gap) -> str:
    lost = (
        f"it ends at seq {gap.first_seq - 1}, but numbers up to {gap.last_seq} were assigned: seq "
        f"{gap.first_seq} to {gap.last_seq} are missing and are not reused"
        if gap.count
        else f"it ends at seq {gap.last_seq}"
    )
    return (
        f"{path}: {REASONS[gap.reason]}; {lost}. New events continue at seq {gap.last_seq + 1} in "
        f"epoch {gap.epoch}. If you still have the newer file and its journal (-wal), "
        "stop platewire "
        "now and put both back before new events are stored"
    )
