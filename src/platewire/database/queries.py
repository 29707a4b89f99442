"""What the console, the API and the command line ask the database; read-only, page by page.

A `Database` has a connection and a thread of its own, so it works beside a running platewire, in
the same process or another. Pages are found by key, never by offset: a page far back costs as
much as the first. Each statement gives a page and is done; no read transaction stays open.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import apsw

from platewire.clock import milliseconds
from platewire.database.connection import explained, open_reader, row, rows
from platewire.database.migrate import check_version
from platewire.database.pictures import read_picture
from platewire.model import Entry, Kind
from platewire.wire import native

T = TypeVar("T")

AFTER_ANY = "\U0010ffff"
"""Sorts after every letter, so that `text + AFTER_ANY` ends what begins with `text`."""


class PassageRow(NamedTuple):
    """A passage: the seq of its first event, by which lists are ordered, and its last event."""

    first_seq: int
    last: Entry


class CameraRow(NamedTuple):
    """A camera of which there are events, or that is configured."""

    name: str
    channel_index: int | None
    passages: int
    """How many are kept."""
    last: Entry | None
    """Its newest event."""


class Counts(NamedTuple):
    """How much the log holds."""

    first_seq: int
    last_seq: int
    passages: int
    open_passages: int


class Condition:
    """The WHERE clause of a page: only what was asked for, each value bound, never pasted."""

    def __init__(self) -> None:
        self._parts = ["1"]
        self.values: list[str | int] = []

    def add(self, part: str, *values: str | int | None) -> "Condition":
        """Left out when a value is None."""
        if None not in values:
            self._parts.append(part)
            self.values += [value for value in values if value is not None]
        return self

    def prefix(self, column: str, text: str | None) -> "Condition":
        if not text:
            return self
        return self.add(f"{column} >= ? AND {column} < ?", text, text + AFTER_ANY)

    @property
    def sql(self) -> str:
        return " AND ".join(self._parts)


class Database:
    """Made by `open_read_only`; used on one event loop."""

    def __init__(self, path: Path, connection: apsw.Connection) -> None:
        self.path = path
        self._connection = connection
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="platewire-database-reader")

    @classmethod
    def open_read_only(cls, path: Path) -> "Database":
        """Raises LogError for a file that is missing, damaged or not ours, LogVersion for one
        that a newer platewire wrote."""
        check_version(path)
        with explained(path):
            return cls(path, open_reader(path))

    async def close(self) -> None:
        self._reading.shutdown()
        self._connection.close()

    async def events(
        self,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int,
        camera: str | None = None,
        kind: Kind | None = None,
        plate: str | None = None,
    ) -> Sequence[Entry]:
        """With `after`: rising seqs from there. Otherwise falling, from below `before` or the end.

        `plate` is the beginning of a normalised text.
        """
        order = "DESC" if after is None else "ASC"
        condition = Condition().add("seq > ?", after).add("seq < ?", before)
        condition.add("camera = ?", camera).add("kind = ?", kind and kind.value)
        condition.prefix("plate", plate)
        # The page is found in an index, then only its rows are read.
        statement = (
            f"SELECT body FROM event WHERE seq IN (SELECT seq FROM event WHERE {condition.sql} "  # noqa: S608
            f"ORDER BY seq {order} LIMIT ?) ORDER BY seq {order}"
        )
        found = await self._rows(statement, *condition.values, limit)
        return [_entry(body) for (body,) in found]

    async def event(self, seq: int) -> Entry | None:
        found = await self._rows("SELECT body FROM event WHERE seq = ?", seq)
        return _entry(found[0][0]) if found else None

    async def seq_at(self, moment: datetime) -> int:
        """The seq of the first event that was recorded at or after `moment`; the next seq to be
        when there is none. Exact while the clock did not jump."""
        return await self._run(_seq_at, milliseconds(moment))

    async def passages(
        self,
        *,
        before: int | None = None,
        limit: int,
        camera: str | None = None,
        plate: str | None = None,
        open_only: bool = False,
    ) -> Sequence[PassageRow]:
        """Newest first; `before` is the `first_seq` of the last row of the page before.

        `plate` is the beginning of the passage's present text.
        """
        condition = Condition().add("first_seq < ?", before).add("camera = ?", camera)
        condition.prefix("plate", plate)
        if open_only:
            condition.add("open")
        statement = (
            "SELECT p.first_seq, e.body FROM "  # noqa: S608
            f"(SELECT first_seq, last_seq FROM passage WHERE {condition.sql} "
            "ORDER BY first_seq DESC LIMIT ?) p "
            "JOIN event e ON e.seq = p.last_seq ORDER BY p.first_seq DESC"
        )
        found = await self._rows(statement, *condition.values, limit)
        return [PassageRow(first_seq, _entry(body)) for first_seq, body in found]

    async def passage(self, passage: UUID) -> Sequence[Entry]:
        """All kept events of the passage, revisions rising; empty when there are none."""
        found = await self._rows(
            "SELECT body FROM event "
            "WHERE passage_number = (SELECT number FROM passage WHERE id = ?) ORDER BY seq",
            str(passage),
        )
        return [_entry(body) for (body,) in found]

    async def cameras(self) -> Sequence[CameraRow]:
        """By name."""
        found = await self._rows(
            "SELECT c.camera, c.channel_index, c.passages, e.body FROM anpr_camera c "
            "LEFT JOIN event e ON e.seq = c.last_seq ORDER BY c.camera"
        )
        return [
            CameraRow(name, index, passages, None if body is None else _entry(body))
            for name, index, passages, body in found
        ]

    async def counts(self) -> Counts:
        (found,) = await self._rows(
            "SELECT first_seq, last_seq, (SELECT count(*) FROM passage), "
            "(SELECT count(*) FROM passage WHERE open) FROM log"
        )
        return Counts(*found)

    async def picture(self, sha256: str) -> bytes | None:
        """JPEG bytes from the database or from the file beside it; None when there are none."""
        return await self._run(read_picture, self.path.parent, sha256)

    async def _rows(self, statement: str, *values: str | int) -> list[tuple[Any, ...]]:
        return await self._run(rows, statement, *values)

    async def _run(self, query: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        with explained(self.path):
            return await loop.run_in_executor(self._reading, query, self._connection, *arguments)


def _entry(body: bytes) -> Entry:
    return Entry(native.decode(body), body)


def _seq_at(connection: apsw.Connection, moment_ms: int) -> int:
    """By bisection, as times rise with the seq."""
    low, last_seq = row(connection, "SELECT first_seq, last_seq FROM log")
    high = last_seq + 1
    while low < high:
        middle = (low + high) // 2
        ((recorded_ms,),) = rows(
            connection, "SELECT recorded_ms FROM event WHERE seq = ?", middle
        ) or [(moment_ms - 1,)]
        low, high = (middle + 1, high) if recorded_ms < moment_ms else (low, middle)
    return int(low)
