"""Compares the log with its mark when it is opened, and settles at which number it goes on.

    the mark is behind, or equal    as it should be; a power cut may leave it behind
    the mark is ahead               the log was cut back: a gap, a new epoch
    of another log                  the database was replaced: likewise
    another event is at its seq     a copy that went on by itself lies there: likewise
    there is none                   the first start, or a lost file: made anew

Whatever it was, the log goes on above both: no number is given to two events.
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


def difference(connection: apsw.Connection, kept: Mark) -> GapReason | None:
    """What was done to the database since the mark was written; None where nothing was."""
    log = mark_of(connection)
    if log.log_id not in (NO_EVENT, kept.log_id):
        return "replaced"
    if log.last_seq < kept.last_seq or log.epoch < kept.epoch:
        return "cut_back"
    there = id_at(connection, kept.last_seq)
    if there is not None and kept.last_event not in (NO_EVENT, there):
        return "other_history"
    return None


def settle(
    connection: apsw.Connection,
    path: Path,
    kept: Mark | None,
    now: datetime,
    restored: bool = False,
) -> Mark:
    """Gives the log its identity and, where it needs one, a new epoch; the mark to be written.

    `restored` begins an epoch in any case.
    """
    reason = None if kept is None else difference(connection, kept)
    if mark_of(connection).log_id == NO_EVENT:
        log_id = uuid4() if kept is None else kept.log_id
        connection.execute("UPDATE log SET log_id = ?", (str(log_id),))
    if restored:
        _begin_epoch(connection, kept or mark_of(connection), now, "restored")
    elif kept is not None and reason is not None:
        gap = _begin_epoch(connection, kept, now, reason)
        diagnostics.error("%s", _in_words(path, gap))
    return mark_of(connection)


def _begin_epoch(connection: apsw.Connection, kept: Mark, now: datetime, reason: GapReason) -> Gap:
    log = mark_of(connection)
    gap = Gap(
        epoch=max(log.epoch, kept.epoch) + 1,
        first_seq=log.last_seq + 1,
        last_seq=max(log.last_seq, kept.last_seq),
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
            (gap.last_seq, kept.last_passage_number),
        )
        connection.execute(
            "UPDATE log SET first_seq = last_seq + 1 WHERE NOT EXISTS (SELECT 1 FROM event)"
        )
    return gap


def _in_words(path: Path, gap: Gap) -> str:
    lost = (
        f"it ends at seq {gap.first_seq - 1}, and {gap.last_seq} had been given out: seq "
        f"{gap.first_seq} to {gap.last_seq} are not in it and stay empty"
        if gap.count
        else f"it ends at seq {gap.last_seq}"
    )
    return (
        f"{path}: {REASONS[gap.reason]}; {lost}. It goes on at seq {gap.last_seq + 1}, in epoch "
        f"{gap.epoch}. Where the newer file still is, with its journal (-wal): stop platewire, and "
        "put both back before more events come"
    )
