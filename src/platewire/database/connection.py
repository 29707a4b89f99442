"""Connections to the SQLite file, configured for their task, with errors translated.

In platewire, only the writer thread of the event log writes. Everything else opens the file
read-only, like other programs do, and holds a read transaction for one statement only.

Nothing in this process may open these files in another way, not even to read their first bytes:
POSIX releases all locks of a process on a file when any descriptor of it is closed. Another program
then believes that it is the last one and deletes the journal while platewire uses it
(https://sqlite.org/howtocorrupt.html, 2.2). `stat` is harmless.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import apsw

from platewire.errors import LogError, LogFull, LogWaits

T = TypeVar("T")

FILE_NAME = "platewire.db"
APPLICATION_ID = 0x706C7477
"""`pltw` in the header of the file, by which `file` and other programs know whose it is."""
BUSY_TIMEOUT_MS = 5000
"""Milliseconds that a statement waits for another process's lock: longer than a usual write
takes."""
JOURNAL_BYTES_MAX = 64 * 1024 * 1024
"""Bytes to which SQLite cuts the write-ahead log file after a checkpoint: disk space against
rewriting."""
PASSING = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.IOError,
    apsw.LockedError,
    apsw.NoMemError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    apsw.ReadOnlyError,
    apsw.SchemaChangeError,
)
"""May be over by itself; of an I/O error it is not known before it comes again."""
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PASSING_FILE = (
    *(*NO_SPACE, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EINTR),
    *(errno.EBUSY, errno.EIO, errno.ENOENT, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT),
)
"""What the system says of a file where that may be over by itself; a right that lacks is not."""


def open_writer(path: Path, *, vfs: str | None = None, make: bool = True) -> apsw.Connection:
    """For the one writer: write-ahead log, and a commit returns only after its flush. `make` is
    whether a file that is not there is made."""
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if make else 0)
    connection = apsw.Connection(str(path), flags=flags, vfs=vfs)
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


class Reader:
    """A read-only connection, reopened after a disk error, which repeats the failed query once. For
    one thread at a time."""

    def __init__(
        self, path: Path, prepare: Callable[[apsw.Connection], object] = lambda connection: None
    ) -> None:
        """Raises apsw.Error. `prepare` is called with each connection that is made."""
        self._path = path
        self._prepare = prepare
        self._connection: apsw.Connection | None = None
        self._connected()

    def run(self, query: Callable[..., T], *arguments: object) -> T:
        """What the query gives, called with a connection; apsw.Error where it fails twice."""
        try:
            return query(self._connected(), *arguments)
        except (apsw.IOError, apsw.CantOpenError):
            self.close()
            return query(self._connected(), *arguments)

    def _connected(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = open_reader(self._path)
            self._prepare(self._connection)
        return self._connection

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(apsw.Error):  # it was only read from
                connection.close()


class Renewed:
    """A connection that writes; another takes its place after the disk has failed under it, as
    nothing may be tried again on it. For one thread at a time."""

    def __init__(
        self,
        connection: apsw.Connection,
        connect: Callable[[], apsw.Connection],
        settle: Callable[[apsw.Connection], object] = lambda connection: None,
    ) -> None:
        """`connect` gives another to the same file, and makes none that is not there; then `settle`
        is called with it."""
        self._connection = connection
        self._connect = connect
        self._settle = settle
        self._failed = False
        self._unflushed = False

    def read(self, query: Callable[..., T], *arguments: object) -> T:
        """What the query gives, called with the connection; once more where the disk fails, then
        apsw.Error."""
        return _twice(self.used, query, *arguments)

    def write(self, change: Callable[..., T], *arguments: object) -> T:
        """As `read`, each in a transaction: what failed may have been done, and is done again."""
        return _twice(self.transaction, change, *arguments)

    @contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        with self.used(writes=True) as connection, transaction(connection):
            yield connection

    @contextmanager
    def used(self, *, writes: bool = False) -> Iterator[apsw.Connection]:
        """The connection, for what is tried once."""
        if self._failed:
            self._renew()
        try:
            yield self._connection
        except (apsw.IOError, apsw.CantOpenError, apsw.ReadOnlyError):
            self._failed = True
            self._unflushed = self._unflushed or writes
            raise

    def _renew(self) -> None:
        # The old one last: it may be the only one, and then SQLite would delete the journal.
        connection = self._connect()
        self.close()
        self._connection = connection
        if self._unflushed:
            # After a failed flush the system may have forgotten what was written; nothing may
            # build on that, so all of the journal is written into the database.
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._settle(connection)
        self._failed = self._unflushed = False

    def close(self) -> None:
        with suppress(apsw.Error):  # what was committed is safe in the journal
            self._connection.close(True)


def _twice(
    given: Callable[[], AbstractContextManager[apsw.Connection]],
    work: Callable[..., T],
    *arguments: object,
) -> T:
    """The second time with another connection, as the first one has failed."""
    try:
        with given() as connection:
            return work(connection, *arguments)
    except (apsw.IOError, apsw.CantOpenError):
        with given() as connection:
            return work(connection, *arguments)


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """One that no other process writes beside."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


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


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what SQLite raises into errors of platewire that name the file and the remedy."""
    try:
        yield
    except apsw.Error as error:
        raise translated(path, error) from error


def translated(path: Path, error: apsw.Error) -> LogError:
    if isinstance(error, apsw.FullError):
        return LogFull(
            f"no disk space left for {path}: free disk space, or set retention; no data is lost"
        )
    kind = LogWaits if isinstance(error, PASSING) else LogError
    return kind(f"{path}: {error}; {_remedy(path, error)}")


def of_file(what: str, error: OSError) -> LogError:
    """`what` says what cannot be done; LogWaits (LogFull) where that may be over by itself."""
    kind = LogWaits if error.errno in PASSING_FILE else LogError
    if error.errno in NO_SPACE:
        kind = LogFull
    return kind(f"{what}: {error.strerror or error}; {file_remedy(error)}")


def file_remedy(error: OSError) -> str:
    match error.errno:
        case errno.EMFILE | errno.ENFILE:
            return "raise the limit of open files for platewire (`ulimit -n`)"
        case errno.ENOENT:
            return "restore the folder, or create it"
        case errno.EIO:
            return "check the disk"
        case errno.EEXIST | errno.ENOTDIR:
            return "it is not a folder; set another folder for the event log"
        case each if each in NO_SPACE:
            return "free disk space"
        case _:
            return "grant platewire write access to the folder"


def _remedy(path: Path, error: apsw.Error) -> str:
    match error:
        case apsw.NotADBError() | apsw.CorruptError():
            return (
                "the file is corrupted. Stop platewire, keep a copy, then restore a backup or "
                f"recover the readable data with `sqlite3 {path.name} .recover`"
            )
        case apsw.ReadOnlyError() | apsw.CantOpenError() | apsw.PermissionsError():
            return (
                f"check that the folder {path.parent} exists and is writable for platewire, and "
                "raise the limit of open files (`ulimit -n`)"
            )
        case apsw.BusyError() | apsw.LockedError():
            return "another program holds a lock on the file; open it read-only there"
        case apsw.IOError():
            return "the disk reported an I/O error; check the disk"
        case _:
            return "unexpected error; please report it"
