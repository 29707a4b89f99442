"""The log's file, read by a command beside the server that writes it, or without one."""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path

import apsw

from platewire.database.connection import FILE_NAME, row, rows
from platewire.database.migrate import reading
from platewire.database.pictures import read_picture
from platewire.eventlog.deliveries import statements
from platewire.eventlog.deliveries.records import ALL_DEAD_LETTERS, Ranges, Selection, undelivered
from platewire.eventlog.history.numbers import numbering
from platewire.eventlog.rows import entries, of_passages
from platewire.model import Entry
from platewire.numbering import Numbering

EVERY = -1
"""A limit in SQLite that is none."""


class LogBeside:
    """Implements `EventReader`, but for news. Blocks while it reads."""

    def __init__(self, folder: Path, connection: apsw.Connection) -> None:
        self._folder = folder
        self._connection = connection

    @property
    def numbering(self) -> Numbering:
        return numbering(self._connection)

    @property
    def first_seq(self) -> int:
        return int(row(self._connection, "SELECT first_seq FROM log")[0])

    @property
    def last_seq(self) -> int:
        return int(row(self._connection, "SELECT last_seq FROM log")[0])

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        return entries(self._connection, after, self.last_seq, limit)

    async def of_passages(self, numbers: Collection[int], last: int) -> Sequence[Entry]:
        return of_passages(self._connection, numbers, last)

    async def wait(self, after: int) -> int:
        return self.last_seq

    async def picture(self, sha256: str) -> bytes | None:
        return read_picture(self._connection, self._folder, sha256)

    @property
    def retention_time(self) -> datetime | None:
        """None: whoever reads beside a server deletes nothing anywhere."""
        return None

    def ids(self, first: int, last: int) -> Sequence[tuple[int, str, int]]:
        """seq, id and Unix milliseconds of recording of the events there are."""
        return rows(
            self._connection,
            "SELECT seq, id, recorded_ms FROM event WHERE seq BETWEEN ? AND ? ORDER BY seq",
            *(first, last),
        )

    # --- of one output --------------------------------------------------------------------------

    def cursor(self, output: str) -> int:
        """0 where it never ran."""
        found = rows(self._connection, "SELECT seq FROM cursor WHERE output = ?", output)
        return int(found[0][0]) if found else 0

    def selections(self, output: str) -> Sequence[Selection]:
        return statements.selections(self._connection, output)

    def undelivered(self, output: str) -> Ranges:
        """Parked events and dead letters."""
        parked = statements.parked(self._connection, output)
        dead_letters = [
            statements.dead_letters(self._connection, output, query, EVERY)
            for query in ALL_DEAD_LETTERS
        ]
        return undelivered(parked, chain(*dead_letters))


@contextlib.contextmanager
def log_beside(folder: Path) -> Iterator[LogBeside]:
    """LogError where there is none."""
    with reading(folder / FILE_NAME) as connection:
        yield LogBeside(folder, connection)
