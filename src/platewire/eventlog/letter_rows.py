"""The statements behind `letters`: positions, parked events, dead letters, attempts.

Those that write run on the writer thread within its transaction, the others on the reader's.
"""

# ruff: noqa: S608 - what is put together are our own constants; values are parameters

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import apsw

from platewire.database.connection import rows
from platewire.eventlog.letters import (
    REASON_SEPARATOR,
    Attempt,
    DeadLetter,
    DeadQuery,
    Parked,
    Ranges,
    Selection,
    groups_of,
    ranges_text,
)
from platewire.eventlog.letters import DeadGroup as DeadGroup

ATTEMPTS_KEPT = 20
"""Of each event and transfer."""

DEAD_COLUMNS = (
    "transfer, seq, outcome, reason, status, answer, at, first_seq, attempts, discarded_at, "
    "discard_reason"
)
GROUP = f"outcome || coalesce('{REASON_SEPARATOR}' || status, '')"

# --- writing ---------------------------------------------------------------------------------


def set_cursors(connection: apsw.Connection, cursors: Iterable[tuple[str, int, Ranges]]) -> None:
    connection.executemany(
        "REPLACE INTO cursor (transfer, seq, above) VALUES (?, ?, ?)",
        [(transfer, seq, ranges_text(above)) for transfer, seq, above in cursors],
    )


def select(connection: apsw.Connection, transfer: str, selection: Selection) -> None:
    connection.execute(
        "REPLACE INTO selection VALUES (?, ?, ?)",
        (transfer, selection.from_seq, selection.settings),
    )


def park(connection: apsw.Connection, parked: Sequence[Parked]) -> None:
    connection.executemany(
        "REPLACE INTO parked VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(row.transfer, row.seq, str(row.passage), row.next_at.isoformat()),
                *(row.attempts, row.waited_seconds, row.error, row.requeued),
            )
            for row in parked
        ],
    )


def unpark(connection: apsw.Connection, seqs: Iterable[tuple[str, int]]) -> None:
    connection.executemany("DELETE FROM parked WHERE transfer = ? AND seq = ?", seqs)


def bury(connection: apsw.Connection, letters: Sequence[DeadLetter]) -> None:
    connection.executemany(
        f"REPLACE INTO undelivered ({DEAD_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(letter.transfer, letter.seq, letter.outcome, letter.reason, letter.status),
                *(letter.answer, letter.at.isoformat(), letter.first_seq, letter.attempts),
                *(_text(letter.discarded_at), letter.discard_reason),
            )
            for letter in letters
        ],
    )
    unpark(connection, ((letter.transfer, letter.seq) for letter in letters))


def requeue(
    connection: apsw.Connection, transfer: str, query: DeadQuery, at: datetime
) -> Sequence[Parked]:
    where, values = _picking(transfer, query)
    found = rows(
        connection,
        f"SELECT u.seq, e.passage FROM undelivered u JOIN event e ON e.seq = u.seq "
        f"WHERE {where} AND u.outcome <> 'gap' ORDER BY u.seq",
        *values,
    )
    parked = [
        Parked(transfer=transfer, seq=seq, passage=UUID(passage), next_at=at, requeued=True)
        for seq, passage in found
    ]
    park(connection, parked)
    resolve(connection, transfer, [row.seq for row in parked])
    return parked


def discard(
    connection: apsw.Connection, transfer: str, query: DeadQuery, reason: str, at: datetime
) -> int:
    where, values = _picking(transfer, query)
    connection.execute(
        f"UPDATE undelivered AS u SET discarded_at = ?, discard_reason = ? WHERE {where}",
        (at.isoformat(), reason, *values),
    )
    return connection.changes()


def resolve(connection: apsw.Connection, transfer: str, seqs: Sequence[int]) -> None:
    connection.executemany(
        "DELETE FROM undelivered WHERE transfer = ? AND seq = ?",
        [(transfer, seq) for seq in seqs],
    )


def keep_attempts(connection: apsw.Connection, attempts: Sequence[Attempt]) -> None:
    connection.executemany(
        "INSERT INTO attempt (transfer, seq, number, at, seconds, outcome, status, request, "
        "answer, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(each.transfer, each.seq, each.number, each.at.isoformat(), each.seconds),
                *(each.outcome, each.status, each.request, each.answer, each.error),
            )
            for each in attempts
        ],
    )
    connection.executemany(
        "DELETE FROM attempt WHERE transfer = ?1 AND seq = ?2 AND id <= (SELECT id FROM attempt "
        "WHERE transfer = ?1 AND seq = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)",
        [(*key, ATTEMPTS_KEPT) for key in {(each.transfer, each.seq) for each in attempts}],
    )


# --- reading ---------------------------------------------------------------------------------


def selections(connection: apsw.Connection, transfer: str) -> Sequence[Selection]:
    found = rows(
        connection,
        "SELECT from_seq, settings FROM selection WHERE transfer = ? ORDER BY from_seq",
        transfer,
    )
    return [Selection(from_seq=seq, settings=bytes(settings)) for seq, settings in found]


def parked(connection: apsw.Connection, transfer: str) -> Sequence[Parked]:
    found = rows(
        connection,
        "SELECT transfer, seq, passage, next_at, attempts, waited_seconds, error, requeued "
        "FROM parked WHERE transfer = ? ORDER BY seq",
        transfer,
    )
    return [
        Parked(
            transfer=name,
            seq=seq,
            passage=UUID(passage),
            next_at=datetime.fromisoformat(next_at),
            attempts=attempts,
            waited_seconds=waited,
            error=error,
            requeued=bool(requeued),
        )
        for name, seq, passage, next_at, attempts, waited, error, requeued in found
    ]


def dead(
    connection: apsw.Connection, transfer: str, query: DeadQuery, limit: int
) -> Sequence[DeadLetter]:
    where, values = _picking(transfer, query)
    found = rows(
        connection,
        f"SELECT {DEAD_COLUMNS} FROM undelivered u WHERE {where} ORDER BY seq DESC LIMIT ?",
        *(*values, limit),
    )
    return [_letter(*row) for row in found]


def dead_groups(connection: apsw.Connection, transfer: str) -> Sequence[DeadGroup]:
    return groups_of(dead(connection, transfer, DeadQuery(), -1))


def attempts(
    connection: apsw.Connection, transfer: str, seq: int | None, limit: int
) -> Sequence[Attempt]:
    found = rows(
        connection,
        "SELECT transfer, seq, number, at, seconds, outcome, status, request, answer, error "
        "FROM attempt WHERE transfer = ?1 AND (?2 IS NULL OR seq = ?2) ORDER BY id DESC LIMIT ?3",
        *(transfer, seq, limit),
    )
    return [
        Attempt(
            transfer=name,
            seq=seq,
            number=number,
            at=datetime.fromisoformat(at),
            seconds=seconds,
            outcome=outcome,
            status=status,
            request=request,
            answer=answer,
            error=error,
        )
        for name, seq, number, at, seconds, outcome, status, request, answer, error in found
    ]


def _letter(
    transfer: str,
    seq: int,
    outcome: str,
    reason: str,
    status: int | None,
    answer: str,
    at: str,
    first_seq: int | None,
    attempts: int,
    discarded_at: str | None,
    discard_reason: str,
) -> DeadLetter:
    return DeadLetter(
        transfer=transfer,
        seq=seq,
        outcome=outcome,  # type: ignore[arg-type]
        reason=reason,
        status=status,
        answer=answer,
        at=datetime.fromisoformat(at),
        first_seq=first_seq,
        attempts=attempts,
        discarded_at=None if discarded_at is None else datetime.fromisoformat(discarded_at),
        discard_reason=discard_reason,
    )


def _picking(transfer: str, query: DeadQuery) -> tuple[str, list[str | int]]:
    """As `DeadQuery.picks`, in SQL. All times are UTC, so their texts sort as they do."""
    conditions, values = ["u.transfer = ?"], list[str | int]([transfer])
    if query.seqs:
        conditions.append(f"u.seq IN ({', '.join('?' * len(query.seqs))})")
        values += query.seqs
    if query.group is not None:
        conditions.append(f"{GROUP} = ?")
        values.append(query.group)
    if query.since is not None:
        conditions.append("u.at >= ?")
        values.append(query.since.isoformat())
    if query.before_seq is not None:
        conditions.append("u.seq < ?")
        values.append(query.before_seq)
    conditions.append(f"u.discarded_at IS {'NOT ' if query.discarded else ''}NULL")
    return " AND ".join(conditions), values


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
