"""Queries of the console, the API and the command line; read-only, page by page.

A `Database` has its own connection and thread, so it works while platewire runs, in the same
process or another. Pages are found by key, not by offset, so distant pages are as fast as the
first. Each statement returns one page; no read transaction stays open.
"""

import asyncio
import json
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import apsw

from platewire.database import bodies
from platewire.database.connection import Reader, explained, row, rows
from platewire.database.migrate import check_version
from platewire.database.pictures import read_picture
from platewire.database.search import plate_search as search
from platewire.database.search.filters import SearchFilters
from platewire.database.search.passage_search import SQLITE, Condition, PageCursor
from platewire.database.search.plate_pattern import AFTER_ANY, PlatePattern
from platewire.database.search.plate_search import Presence
from platewire.errors import QueryTooLong
from platewire.model import Entry, Kind
from platewire.runtime.clock import Clock, SystemClock, milliseconds

T = TypeVar("T")

SEARCH_SECONDS = 10.0
"""A search that takes longer is given up."""
STEPS_BETWEEN_LOOKS = 20_000
"""Of SQLite's machine, about a millisecond, between two looks at the clock."""


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


class Database:
    """Made by `open_read_only`; used on one event loop."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._deadline = math.inf
        self._reader = Reader(path, self._heed_deadline)
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="platewire-database-reader")

    @classmethod
    def open_read_only(cls, path: Path, clock: Clock | None = None) -> "Database":
        """Raises LogError for a file that is missing, damaged or not ours, LogVersion for one
        that a newer platewire wrote."""
        check_version(path)
        with explained(path):
            return cls(path, clock or SystemClock())

    async def close(self) -> None:
        self._reading.shutdown()
        self._reader.close()

    async def events(
        self,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int,
        camera: str | None = None,
        kind: Kind | None = None,
        plate: str | PlatePattern | None = None,
        seconds: float = SEARCH_SECONDS,
    ) -> Sequence[Entry]:
        """With `after`: rising seqs from there. Otherwise falling, from below `before` or the end.

        `plate` is a pattern, or the beginning of a normalized text. QueryTooLong after `seconds`.
        """
        order = "DESC" if after is None else "ASC"
        condition = Condition().add("seq > ?", after).add("seq < ?", before)
        condition.add("camera = ?", camera).add("kind = ?", kind and kind.value)
        if isinstance(plate, PlatePattern):
            await self._in_time(seconds, _add_pattern, condition, plate)
        elif plate:
            condition.add("plate >= ? AND plate < ?", plate, plate + AFTER_ANY)
        # The page is found in an index, then only its rows are read.
        statement = (
            f"SELECT {bodies.COLUMNS} FROM event WHERE seq IN "  # noqa: S608
            f"(SELECT seq FROM event WHERE {condition.sql} "
            f"ORDER BY seq {order} LIMIT ?) ORDER BY seq {order}"
        )
        found = await self._in_time(seconds, rows, statement, *condition.values, limit)
        return [bodies.entry(each) for each in found]

    async def event(self, seq: int) -> Entry | None:
        """LogError where it is damaged."""
        found = await self._rows(f"SELECT {bodies.COLUMNS} FROM event WHERE seq = ?", seq)  # noqa: S608
        return bodies.entry(found[0]) if found else None

    async def seq_at(self, moment: datetime) -> int:
        """The seq of the first event that was recorded at or after `moment`; the next seq to be
        when there is none. Exact while the clock did not jump."""
        return await self._run(_seq_at, milliseconds(moment))

    async def search(
        self,
        filters: SearchFilters,
        *,
        after: PageCursor | None = None,
        limit: int,
        seconds: float = SEARCH_SECONDS,
    ) -> Sequence[PassageRow]:
        """Newest first by first sight; `after` is the place of the last row of the page before.

        QueryTooLong after `seconds`.
        """
        found = await self._in_time(seconds, search.page, filters, after, limit)
        return [PassageRow(first_seq, bodies.entry(tuple(last))) for first_seq, *last in found]

    async def presence(
        self, filters: SearchFilters, *, seconds: float = SEARCH_SECONDS
    ) -> Presence:
        """How many such passages there are, and when; QueryTooLong after `seconds`."""
        return await self._in_time(seconds, search.presence, filters)

    async def plates(
        self, pattern: PlatePattern | None, *, seconds: float = SEARCH_SECONDS
    ) -> Sequence[str] | None:
        """The texts that are meant; None for any, or for so many that the pattern has to serve."""
        return await self._in_time(seconds, search.plates, pattern)

    async def select(
        self, statement: str, values: Sequence[Any], *, seconds: float = SEARCH_SECONDS
    ) -> Sequence[tuple[Any, ...]]:
        """The rows of a statement; QueryTooLong after `seconds`."""
        return await self._in_time(seconds, rows, statement, *values)

    async def passage(self, passage: UUID) -> Sequence[Entry]:
        """All kept events of the passage, revisions rising; empty when there are none."""
        found = await self._rows(
            f"SELECT {bodies.COLUMNS} FROM event "  # noqa: S608
            "WHERE passage_number = (SELECT number FROM passage WHERE id = ?) ORDER BY seq",
            str(passage),
        )
        return [bodies.entry(each) for each in found]

    async def cameras(self) -> Sequence[CameraRow]:
        """By name."""
        found = await self._rows(
            "SELECT c.camera, c.channel_index, c.passages, e.seq, e.body, e.body_crc32 "
            "FROM anpr_camera c "
            "LEFT JOIN event e ON e.seq = c.last_seq ORDER BY c.camera"
        )
        return [
            CameraRow(name, index, passages, bodies.entry(tuple(last)) if last[1] else None)
            for name, index, passages, *last in found
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

    async def _in_time(self, seconds: float, query: Callable[..., T], *arguments: object) -> T:
        def timed(connection: apsw.Connection) -> T:
            self._deadline = self._clock.monotonic() + seconds
            try:
                return query(connection, *arguments)
            except apsw.InterruptError:
                raise QueryTooLong.after(seconds) from None
            finally:
                self._deadline = math.inf

        return await self._run(timed)

    def _heed_deadline(self, connection: apsw.Connection) -> None:
        connection.set_progress_handler(self._is_late, STEPS_BETWEEN_LOOKS)

    def _is_late(self) -> bool:
        return self._clock.monotonic() > self._deadline

    async def _run(self, query: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        with explained(self.path):
            return await loop.run_in_executor(self._reading, self._reader.run, query, *arguments)


def _add_pattern(connection: apsw.Connection, condition: Condition, pattern: PlatePattern) -> None:
    """By the texts that are meant, or by the pattern where they are many."""
    plates = search.plates(connection, pattern)
    if plates is not None:
        condition.add(f"plate {SQLITE.many}", json.dumps(plates))
    elif not pattern.everything:
        condition.add("plate || '' GLOB ?", pattern.text)


def _seq_at(connection: apsw.Connection, moment_ms: int) -> int:
    """By bisection, as times rise with the seq; not every seq has an event."""
    low, last_seq = row(connection, "SELECT first_seq, last_seq FROM log")
    high = last_seq + 1
    while low < high:
        middle = (low + high) // 2
        ((seq, recorded_ms),) = rows(
            connection,
            "SELECT seq, recorded_ms FROM event WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT 1",
            *(middle, high),
        ) or [(high, moment_ms)]
        low, high = (seq + 1, high) if recorded_ms < moment_ms else (low, middle)
    (found,) = row(connection, "SELECT min(seq) FROM event WHERE seq >= ?", low)
    return int(last_seq + 1 if found is None else found)
