"""Connections to the SQLite file, set up for their task, with errors said in words.

Of platewire, only the event log's writer thread writes. Everything else opens the file read-only,
as third parties do, and holds a read transaction only as long as one statement runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw

from platewire.errors import LogError, LogFull

FILE_NAME = "platewire.db"
APPLICATION_ID = 0x706C7477
"""`pltw` in the header of the file, by which `file` and other programs know whose it is."""
BUSY_TIMEOUT_MS = 5000
JOURNAL_BYTES_MAX = 64 * 1024 * 1024
MAGIC = b"SQLite format 3\x00"


def open_writer(path: Path, *, vfs: str | None = None) -> apsw.Connection:
    """For the one writer: write-ahead log, and a commit returns only after its flush."""
    connection = apsw.Connection(str(path), vfs=vfs)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES_MAX}")
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """Read-only: can neither create nor change the file."""
    uri = f"file:{quote(str(path))}?mode=ro"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(uri, flags=flags)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    return connection


def open_recovering(path: Path) -> apsw.Connection:
    """For reading where what an interrupted transaction left must be taken back first."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    return connection


def rows(connection: apsw.Connection, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows at once: when this returns, no read transaction is left open."""
    return connection.execute(statement, values).fetchall()


def row(connection: apsw.Connection, statement: str, *values: Any) -> tuple[Any, ...]:
    """The one row that the statement is known to give."""
    (only,) = rows(connection, statement, *values)
    return only


def check_is_database(path: Path) -> None:
    """Raises LogError for a file that is no SQLite database; an empty or missing one passes."""
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror}; give platewire access") from error
    if head and head != MAGIC:
        raise LogError(
            f"{path} is not an SQLite database (it starts with {head!r}); it was left as it is. "
            "Move it away, or name another folder for the event log"
        )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what SQLite raises into errors of platewire that name the file and the remedy."""
    try:
        yield
    except apsw.Error as error:
        raise translated(path, error) from error


def translated(path: Path, error: apsw.Error) -> LogError:
    if isinstance(error, apsw.FullError):
        return LogFull(f"no space is left for {path}: free some, or set retention; nothing is lost")
    return LogError(f"{path}: {error}; {_remedy(path, error)}")


def _remedy(path: Path, error: apsw.Error) -> str:
    match error:
        case apsw.NotADBError() | apsw.CorruptError():
            return (
                "the file is damaged. Stop platewire, keep a copy, and restore a backup or let "
                f"`sqlite3 {path.name} .recover` save what can be read"
            )
        case apsw.ReadOnlyError() | apsw.CantOpenError() | apsw.PermissionsError():
            return f"the folder {path.parent} must exist and be writable for platewire"
        case apsw.BusyError() | apsw.LockedError():
            return "another program keeps the file locked; open it read-only there"
        case apsw.IOError():
            return "the disk reported an error; look at it before starting platewire again"
        case _:
            return "this is unexpected; please report it"
