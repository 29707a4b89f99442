"""The book of decisions: one row for each, written before a relay is switched and settled after.

A file of its own, so that a gate does not wait for a long import into the lists. Every write is
flushed before it returns: after a crash the book knows of each opening that may have happened.
Plain blocking code, for one thread at a time.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import apsw
import msgspec
from msgspec import structs

from platewire.access import AS_OPENED, Decision, Opening, Outcome
from platewire.database.connection import Renewed, explained, open_writer, rows
from platewire.database.migrate import check_version, migrate
from platewire.model import BootTime
from platewire.runtime.clock import milliseconds

FILE_NAME = "decisions.db"
"""In the log's folder."""
KEPT = 10_000
"""Decisions kept of each output; the oldest go first."""
STEPS = "platewire.lists.decisions"
START = datetime(1970, 1, 1, tzinfo=UTC)
_OUTCOMES: dict[bool | None, Outcome] = {True: "opened", False: "not_opened"}


T = TypeVar("T")


class Numbered(NamedTuple):
    number: int
    decision: Decision


class Book:
    """Raises LogError if the file cannot be opened, read or written; LogWaits (LogFull without disk
    space) for temporary errors, after which nothing was written."""

    def __init__(
        self, path: Path, now: datetime, *, decisions_max: int = KEPT, vfs: str | None = None
    ) -> None:
        """`vfs` names another way to the disk that was registered with SQLite."""
        self._path = path
        self._kept = decisions_max
        check_version(path, STEPS)
        with explained(path):
            connection = open_writer(path, vfs=vfs)
            migrate(connection, now, STEPS)
            self._last: int = connection.execute("SELECT ifnull(max(number), 0) FROM decision").get
        self._last_of_earlier = self._last
        again = partial(open_writer, path, vfs=vfs, make=False)
        self._file = Renewed(connection, again, self._take_back)

    def _take_back(self, connection: apsw.Connection) -> None:
        """What failed to be written may be there all the same; nobody was told its number."""
        connection.execute("DELETE FROM decision WHERE number > ?", (self._last,))

    def close(self) -> None:
        self._file.close()

    def write(self, decision: Decision, made: BootTime | None = None) -> int:
        """Where `outcome` is null, `opened` may say it. Without `made`, spans since then are
        measured by wall time."""
        outcome = decision.outcome or _OUTCOMES.get(decision.opened)
        values = (
            *(decision.output, milliseconds(decision.at), str(decision.passage)),
            *(decision.plate, decision.opened, outcome, decision.reason),
            msgspec.json.encode(decision),
            *((made.boot, made.seconds) if made else (None, None)),
        )
        self._last = self._write(_insert, values, self._kept)
        return self._last

    def settle(self, number: int, *, outcome: Outcome, reason: str, detail: str) -> None:
        self._write(_settle, number, outcome, reason, detail)

    def forget(self, number: int) -> None:
        self._write(rows, "DELETE FROM decision WHERE number = ?", number)

    def _write(self, change: Callable[..., T], *arguments: object) -> T:
        with explained(self._path):
            return self._file.write(change, *arguments)

    def unsettled(self, output: str) -> list[int]:
        """Of earlier runs: what this one has begun, it will settle itself."""
        found = self._rows(
            "SELECT number FROM decision WHERE output = ? AND outcome IS NULL AND number <= ?",
            *(output, self._last_of_earlier),
        )
        return [number for (number,) in found]

    def last_opened(
        self, output: str, *, passage: UUID | None = None, plate: str | None = None
    ) -> Opening | None:
        found = self._rows(
            "SELECT at_ms, boot, boot_seconds, outcome FROM decision "
            "WHERE output = ?1 AND outcome IS NOT 'not_opened' "
            "AND (?2 IS NULL OR passage = ?2) AND (?3 IS NULL OR plate = ?3) "
            "ORDER BY number DESC LIMIT 1",
            *(output, None if passage is None else str(passage), plate),
        )
        return _opening(*found[0]) if found else None

    def page(self, output: str, *, before: int | None, limit: int) -> Sequence[Numbered]:
        """Newest first, below the number `before`."""
        found = self._rows(
            "SELECT number, body, outcome FROM decision WHERE output = ?1 "
            "AND (?2 IS NULL OR number < ?2) ORDER BY number DESC LIMIT ?3",
            *(output, before, limit),
        )
        return [Numbered(number, _decode(body, outcome)) for number, body, outcome in found]

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with explained(self._path):
            return self._file.read(rows, statement, *values)


def _insert(connection: apsw.Connection, values: Sequence[object], decisions_max: int) -> int:
    """The decision's number. Of its output, the newest are kept."""
    connection.execute(
        "INSERT INTO decision "
        "(output, at_ms, passage, plate, opened, outcome, reason, body, boot, boot_seconds) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    number = connection.last_insert_rowid()
    connection.execute(
        "DELETE FROM decision WHERE output = ?1 AND number <= "
        "(SELECT number FROM decision WHERE output = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
        (values[0], decisions_max),
    )
    return number


def _settle(
    connection: apsw.Connection, number: int, outcome: Outcome, reason: str, detail: str
) -> None:
    body = connection.execute("SELECT body FROM decision WHERE number = ?", (number,)).get
    if body is None:
        return
    opened = AS_OPENED.get(outcome)
    settled = structs.replace(
        _decode(body, None), opened=opened, outcome=outcome, reason=reason, detail=detail
    )
    connection.execute(
        "UPDATE decision SET opened = ?, outcome = ?, reason = ?, body = ? WHERE number = ?",
        (opened, outcome, reason, msgspec.json.encode(settled), number),
    )


def _opening(
    at_ms: int, boot: str | None, seconds: float | None, outcome: Outcome | None
) -> Opening:
    made = None if boot is None or seconds is None else BootTime(boot, seconds)
    return Opening(START + timedelta(milliseconds=at_ms), made, is_sure=outcome == "opened")


def _decode(body: bytes, outcome: Outcome | None) -> Decision:
    """`outcome` is the column's: bodies from before there was one say `opened` only."""
    decision = msgspec.json.decode(body, type=Decision)
    opened = AS_OPENED.get(outcome)
    return structs.replace(decision, outcome=outcome, opened=opened)
