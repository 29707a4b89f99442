"""The SQL of the delivery book: cursors, selections, parked events, dead letters, attempts, pauses.

Those that write run on the writer thread within its transaction, the others on the reader's.
"""

# ruff: noqa: S608 - what is put together are our own constants; values are parameters

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import apsw

from platewire.database.connection import rows
from platewire.eventlog.deliveries.records import (
    REASON_SEPARATOR,
    Attempt,
    DeadGroup,
    DeadLetter,
    DeadQuery,
    Parked,
    Ranges,
    Selection,
    groups_of,
    ranges_of,
    ranges_text,
)

ATTEMPTS_KEPT = 20
"""Of each event and output."""

DEAD_COLUMNS = (
    "output, seq, outcome, reason, status, answer, at, first_seq, attempts, discarded_at, "
    "discard_reason"
)
GROUP = f"outcome || coalesce('{REASON_SEPARATOR}' || status, '')"

# --- writing ---------------------------------------------------------------------------------


def set_cursors(connection: apsw.Connection, cursors: Iterable[tuple[str, int, Ranges]]) -> None:
    connection.executemany(
        "REPLACE INTO cursor (output, seq, above) VALUES (?, ?, ?)",
        [(output, seq, ranges_text(above)) for output, seq, above in cursors],
    )


def add_selection(connection: apsw.Connection, output: str, selection: Selection) -> None:
    connection.execute(
        "REPLACE INTO selection VALUES (?, ?, ?)",
        (output, selection.from_seq, selection.settings),
    )


def park(connection: apsw.Connection, parked: Sequence[Parked]) -> None:
    connection.executemany(
        "REPLACE INTO parked VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(row.output, row.seq, str(row.passage), row.next_at.isoformat()),
                *(row.attempts, row.waited_seconds, row.error, row.requeued),
            )
            for row in parked
        ],
    )


def unpark(connection: apsw.Connection, seqs: Iterable[tuple[str, int]]) -> None:
    connection.executemany("DELETE FROM parked WHERE output = ? AND seq = ?", seqs)


def add_dead_letters(connection: apsw.Connection, dead_letters: Sequence[DeadLetter]) -> None:
    connection.executemany(
        f"REPLACE INTO undelivered ({DEAD_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(each.output, each.seq, each.outcome, each.reason, each.status),
                *(each.answer, each.at.isoformat(), each.first_seq, each.attempts),
                *(_text(each.discarded_at), each.discard_reason),
            )
            for each in dead_letters
        ],
    )
    unpark(connection, ((each.output, each.seq) for each in dead_letters))


def requeue(
    connection: apsw.Connection, output: str, query: DeadQuery, at: datetime
) -> Sequence[Parked]:
    where, values = _condition(output, query)
    found = rows(
        connection,
        f"SELECT u.seq, e.passage FROM undelivered u JOIN event e ON e.seq = u.seq "
        f"WHERE {where} AND u.outcome <> 'gap' ORDER BY u.seq",
        *values,
    )
    parked = [
        Parked(output=output, seq=seq, passage=UUID(passage), next_at=at, requeued=True)
        for seq, passage in found
    ]
    park(connection, parked)
    resolve(connection, output, [row.seq for row in parked])
    return parked


def discard(
    connection: apsw.Connection, output: str, query: DeadQuery, reason: str, at: datetime
) -> int:
    where, values = _condition(output, query)
    connection.execute(
        f"UPDATE undelivered AS u SET discarded_at = ?, discard_reason = ? WHERE {where}",
        (at.isoformat(), reason, *values),
    )
    return connection.changes()


def resolve(connection: apsw.Connection, output: str, seqs: Sequence[int]) -> None:
    connection.executemany(
        "DELETE FROM undelivered WHERE output = ? AND seq = ?",
        [(output, seq) for seq in seqs],
    )


def add_attempts(connection: apsw.Connection, attempts: Sequence[Attempt]) -> None:
    connection.executemany(
        "INSERT INTO attempt (output, seq, number, at, seconds, outcome, status, request, "
        "answer, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(each.output, each.seq, each.number, each.at.isoformat(), each.seconds),
                *(each.outcome, each.status, each.request, each.answer, each.error),
            )
            for each in attempts
        ],
    )
    connection.executemany(
        "DELETE FROM attempt WHERE output = ?1 AND seq = ?2 AND id <= (SELECT id FROM attempt "
        "WHERE output = ?1 AND seq = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)",
        [(*key, ATTEMPTS_KEPT) for key in {(each.output, each.seq) for each in attempts}],
    )


def pause(connection: apsw.Connection, output: str, reason: str) -> None:
    connection.execute("REPLACE INTO paused VALUES (?, ?)", (output, reason))


def resume(connection: apsw.Connection, output: str) -> None:
    connection.execute("DELETE FROM paused WHERE output = ?", (output,))


# --- reading ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stored:
    """What the book keeps in memory as well, by output."""

    cursors: dict[str, tuple[int, Ranges]]
    parked: dict[str, set[int]]
    """By seq."""
    paused: dict[str, str]
    """With the reason."""


def stored(connection: apsw.Connection) -> Stored:
    cursors = rows(connection, "SELECT output, seq, above FROM cursor")
    parked: dict[str, set[int]] = {}
    for output, seq in rows(connection, "SELECT output, seq FROM parked"):
        parked.setdefault(output, set()).add(seq)
    return Stored(
        cursors={output: (seq, ranges_of(above)) for output, seq, above in cursors},
        parked=parked,
        paused=dict(rows(connection, "SELECT output, reason FROM paused")),
    )


def selections(connection: apsw.Connection, output: str) -> Sequence[Selection]:
    found = rows(
        connection,
        "SELECT from_seq, settings FROM selection WHERE output = ? ORDER BY from_seq",
        output,
    )
    return [Selection(from_seq=seq, settings=bytes(settings)) for seq, settings in found]


def parked(connection: apsw.Connection, output: str) -> Sequence[Parked]:
    found = rows(
        connection,
        "SELECT output, seq, passage, next_at, attempts, waited_seconds, error, requeued "
        "FROM parked WHERE output = ? ORDER BY seq",
        output,
    )
    return [
        Parked(
            output=name,
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


def dead_letters(
    connection: apsw.Connection, output: str, query: DeadQuery, limit: int
) -> Sequence[DeadLetter]:
    where, values = _condition(output, query)
    found = rows(
        connection,
        f"SELECT {DEAD_COLUMNS} FROM undelivered u WHERE {where} ORDER BY seq DESC LIMIT ?",
        *(*values, limit),
    )
    return [_dead_letter(*row) for row in found]


def dead_letter_groups(connection: apsw.Connection, output: str) -> Sequence[DeadGroup]:
    return groups_of(dead_letters(connection, output, DeadQuery(), -1))


def attempts(
    connection: apsw.Connection, output: str, seq: int | None, limit: int
) -> Sequence[Attempt]:
    found = rows(
        connection,
        "SELECT output, seq, number, at, seconds, outcome, status, request, answer, error "
        "FROM attempt WHERE output = ?1 AND (?2 IS NULL OR seq = ?2) ORDER BY id DESC LIMIT ?3",
        *(output, seq, limit),
    )
    return [
        Attempt(
            output=name,
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


def _dead_letter(
    output: str,
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
        output=output,
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


def _condition(output: str, query: DeadQuery) -> tuple[str, list[str | int]]:
    """As `DeadQuery.matches`, in SQL. All times are UTC, so their texts sort as they do."""
    conditions, values = ["u.output = ?"], list[str | int]([output])
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
