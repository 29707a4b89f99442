"""Checks that the log, its mark and the progress of the outputs agree. Read-only.

Read the mark first: a running platewire raises both, the log before the mark.
"""

from collections.abc import Iterator
from pathlib import Path

import apsw

from platewire.database.connection import row, rows
from platewire.eventlog.deliveries.records import ranges_of
from platewire.eventlog.history.mark import NAME, NO_EVENT, Mark
from platewire.eventlog.history.numbers import mark_of, wrong_numbers
from platewire.eventlog.history.settling import difference
from platewire.numbering import REASONS

PLACES = """
SELECT output, max(seq), 'a parked event' FROM parked GROUP BY 1
UNION ALL SELECT output, max(seq), 'a dead letter' FROM undelivered GROUP BY 1
UNION ALL SELECT output, max(from_seq) - 1, 'an event selection' FROM selection GROUP BY 1
"""
"""The newest seq of each output in each table, and what the row is."""


def numbers(connection: apsw.Connection) -> Iterator[str]:
    if said := wrong_numbers(connection):
        yield said


def against_mark(
    connection: apsw.Connection, folder: Path, stored_mark: Mark | None
) -> Iterator[str]:
    log = mark_of(connection)
    path = folder / NAME
    if stored_mark is None:
        if log.log_id != NO_EVENT:
            yield (
                f"{path} is missing or corrupted, so a rollback of the log to an older state "
                "cannot be detected; start platewire to create it again"
            )
    elif reason := difference(connection, stored_mark):
        yield (
            f"{REASONS[reason]}: it ends at seq {log.last_seq} in epoch {log.epoch}, but according "
            f"to {path} seq {stored_mark.last_seq} in epoch {stored_mark.epoch} was assigned. Put "
            "the right file back with its journal (-wal), or start platewire to continue above both"
        )


def places(connection: apsw.Connection) -> Iterator[str]:
    """Progress of outputs beyond the end of the log."""
    (last,) = row(connection, "SELECT last_seq FROM log")
    beyond = f"is beyond the last event, seq {last}: another program has rolled the log back"
    for output, seq, above in rows(connection, "SELECT output, seq, above FROM cursor"):
        if (furthest := max(seq, *(end for _, end in ranges_of(above)), 0)) > last:
            yield f'output "{output}": its cursor at seq {furthest} {beyond}'
    for output, seq, what in rows(connection, PLACES):
        if seq > last:
            yield f'output "{output}": {what} at seq {seq} {beyond}'
