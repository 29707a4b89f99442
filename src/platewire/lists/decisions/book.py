"""The book of decisions: one row for each, written before a relay is switched and settled after.

A file of its own, so that a gate does not wait for a long import into the lists. Every write is
flushed before it returns: after a crash the book knows of each opening that may have happened.
Plain blocking code, for one thread at a time.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import structs

from platewire.clock import milliseconds
from platewire.database.connection import explained, open_writer, rows
from platewire.database.migrate import check_version, migrate
from platewire.model import Decision

FILE_NAME = "decisions.db"
"""In the log's folder."""
KEPT = 10_000
"""Decisions kept of each transfer; the oldest go first."""
STEPS = "platewire.lists.decisions"
START = datetime(1970, 1, 1, tzinfo=UTC)


class Numbered(NamedTuple):
    number: int
    decision: Decision


class Book:
    """Raises LogError, or LogFull, where the file cannot be opened, read or written."""

    def __init__(self, path: Path, now: datetime, *, kept: int = KEPT) -> None:
        self._path = path
        self._kept = kept
        check_version(path, STEPS)
        with explained(path):
            self._connection = open_writer(path)
            migrate(self._connection, now, STEPS)
        ((self._last_of_earlier,),) = self._rows("SELECT ifnull(max(number), 0) FROM decision")

    def close(self) -> None:
        self._connection.close()

    def write(self, decision: Decision) -> int:
        with explained(self._path), self._connection:
            self._connection.execute(
                "INSERT INTO decision (transfer, at_ms, passage, plate, opened, reason, body) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    *(decision.transfer, milliseconds(decision.at), str(decision.passage)),
                    *(decision.plate, decision.opened, decision.reason),
                    msgspec.json.encode(decision),
                ),
            )
            number = self._connection.last_insert_rowid()
            self._connection.execute(
                "DELETE FROM decision WHERE transfer = ?1 AND number <= "
                "(SELECT number FROM decision WHERE transfer = ?1 ORDER BY number DESC "
                "LIMIT 1 OFFSET ?2)",
                (decision.transfer, self._kept),
            )
        return number

    def settle(self, number: int, *, opened: bool, reason: str, detail: str) -> None:
        with explained(self._path), self._connection:
            body = self._connection.execute(
                "SELECT body FROM decision WHERE number = ?", (number,)
            ).get
            if body is None:
                return
            settled = structs.replace(_decode(body), opened=opened, reason=reason, detail=detail)
            self._connection.execute(
                "UPDATE decision SET opened = ?, reason = ?, body = ? WHERE number = ?",
                (opened, reason, msgspec.json.encode(settled), number),
            )

    def unsettled(self, transfer: str) -> list[int]:
        """Of earlier runs: what this one has begun, it will settle itself."""
        found = self._rows(
            "SELECT number FROM decision WHERE transfer = ? AND opened IS NULL AND number <= ?",
            *(transfer, self._last_of_earlier),
        )
        return [number for (number,) in found]

    def last_opened(
        self, transfer: str, *, passage: UUID | None = None, plate: str | None = None
    ) -> datetime | None:
        ((at_ms,),) = self._rows(
            "SELECT max(at_ms) FROM decision WHERE transfer = ?1 AND opened IS NOT 0 "
            "AND (?2 IS NULL OR passage = ?2) AND (?3 IS NULL OR plate = ?3)",
            *(transfer, None if passage is None else str(passage), plate),
        )
        return None if at_ms is None else START + timedelta(milliseconds=at_ms)

    def page(self, transfer: str, *, before: int | None, limit: int) -> Sequence[Numbered]:
        """Newest first, below the number `before`."""
        found = self._rows(
            "SELECT number, body FROM decision WHERE transfer = ?1 "
            "AND (?2 IS NULL OR number < ?2) ORDER BY number DESC LIMIT ?3",
            *(transfer, before, limit),
        )
        return [Numbered(number, _decode(body)) for number, body in found]

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with explained(self._path):
            return rows(self._connection, statement, *values)


def _decode(body: bytes) -> Decision:
    return msgspec.json.decode(body, type=Decision)
