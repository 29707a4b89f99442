"""Sequence numbers, epochs and gaps as the database has them."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import apsw
from msgspec import ValidationError, convert

from platewire.database.connection import row, rows
from platewire.errors import LogError
from platewire.eventlog.history.mark import NO_EVENT, Mark
from platewire.numbering import Gap, GapReason, Numbering


def numbering(connection: apsw.Connection) -> Numbering:
    """The id is all zeros if the log was never opened with a mark. Raises LogError if the id or a
    gap is corrupted."""
    (log_id,) = row(connection, "SELECT log_id FROM log")
    try:
        return Numbering(UUID(log_id) if log_id else NO_EVENT, tuple(_gaps(connection)))
    except ValidationError as error:
        raise _corrupted("unknown reason of a gap") from error
    except ValueError as error:
        raise _corrupted(str(error)) from error


def _corrupted(why: str) -> LogError:
    return LogError(
        f"the id or the gaps of the event log are corrupted ({why}): keep a copy and restore a "
        "backup"
    )


def _gaps(connection: apsw.Connection) -> Iterator[Gap]:
    for epoch, first, last, found_at, reason in rows(
        connection, "SELECT epoch, first_seq, last_seq, found_at, reason FROM gap ORDER BY epoch"
    ):
        yield Gap(
            epoch=epoch,
            first_seq=first,
            last_seq=last,
            found_at=datetime.fromisoformat(found_at),
            reason=convert(reason, GapReason),
        )


def mark_of(connection: apsw.Connection) -> Mark:
    """The mark that matches the database."""
    known = numbering(connection)
    last, number = row(connection, "SELECT last_seq, last_passage_number FROM log")
    return Mark(known.log_id, known.epoch, last, number, id_at(connection, last) or NO_EVENT)


def id_at(connection: apsw.Connection, seq: int) -> UUID | None:
    """Id of the event; None if there is none."""
    found = rows(connection, "SELECT id FROM event WHERE seq = ?", seq)
    try:
        return UUID(found[0][0]) if found else None
    except ValueError:
        return None  # Corrupted, which is reported when the event is read.


def wrong_numbers(connection: apsw.Connection) -> str:
    """Error text if events are missing between the first and the last, or too many; else empty."""
    known = numbering(connection)
    first, last = row(connection, "SELECT first_seq, last_seq FROM log")
    low, high, count = row(connection, "SELECT min(seq), max(seq), count(*) FROM event")
    in_gaps = sum(
        row(connection, "SELECT count(*) FROM event WHERE seq BETWEEN ? AND ?", *part)[0]
        for part in known.empty(first, last)
    )
    due = known.events(first, last)
    if count == due and not in_gaps and (not count or first <= low <= high <= last):
        return ""
    return (
        f"the event log should contain {due} events, seq {first} to {last}, but contains {count}, "
        f"seq {low} to {high}"
    )
