"""Connections to PostgreSQL, set up for their task, with errors said in words.

What an error means for an event is decided here: data that can never be stored is Rejected,
everything else is Unavailable, as a person or time can mend it. No message holds a password.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg

from platewire.database.postgresql.address import Address
from platewire.errors import PROVING_SECONDS, PlatewireError, Refused, Rejected, Unavailable

NAME_BYTES_MAX = 63
"""Bytes of an identifier in PostgreSQL (NAMEDATALEN - 1); it cuts longer ones itself."""
DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


async def connect(address: Address) -> Any:
    """A connection to a host that can be written to; raises what `explained` lets through."""
    milliseconds = int(address.statement_seconds * 1000)
    connection = await asyncpg.connect(
        address.url,
        password=address.password,
        timeout=address.connect_seconds,
        command_timeout=address.statement_seconds + 5,
        target_session_attrs="read-write",
        server_settings={
            "application_name": address.application[:NAME_BYTES_MAX],
            "search_path": f'"{address.schema}"',
            "statement_timeout": str(milliseconds),
            # Shorter, so that the message says what it was.
            "lock_timeout": str(milliseconds * 9 // 10),
            # A node that vanished must not keep the lock of the others.
            "idle_in_transaction_session_timeout": str(milliseconds),
            "tcp_keepalives_idle": "15",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
            # Each statement sees what was committed before it: after the lock, all others' batches.
            "default_transaction_isolation": "read committed",
            "TimeZone": "UTC",
        },
    )
    try:
        await _check(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _check(connection: Any) -> None:
    encoding, commit = await connection.fetchrow(
        "SELECT current_setting('server_encoding'), current_setting('synchronous_commit')"
    )
    if encoding != "UTF8":
        raise Unavailable(
            f"the database is encoded in {encoding}, which cannot hold all plates; make one with "
            "`CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0`"
        )
    if commit == "off":
        # What is told as delivered has to outlive a crash of the server.
        await connection.execute("SET synchronous_commit = on")


async def unwaited(connection: Any) -> str:
    """Why a standby's promotion could lose what is told as written; empty where none could be.

    A user without `pg_read_all_stats` sees how many take the server's log, not who they are.
    """
    standbys, names, commit = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM pg_stat_replication), "
        "current_setting('synchronous_standby_names'), current_setting('synchronous_commit')"
    )
    if not standbys or (names.strip() and commit not in ("off", "local")):
        return ""
    cause = (
        f"`synchronous_commit` is {commit}"
        if names.strip()
        else ("`synchronous_standby_names` is empty")
    )
    return (
        f"{standbys} standby servers follow, and no commit waits for one: {cause}. One that is "
        "promoted may lack the newest events until they are sent again; those that the log's "
        "retention has taken by then are lost. Set it there"
    )


@contextmanager
def explained(who: str, *, storing: bool = False) -> Iterator[None]:
    """Turns what asyncpg raises into errors of platewire; `who` begins their message.

    Only while `storing` events can it be the data that is at fault.
    """
    try:
        yield
    except PlatewireError as error:
        raise type(error)(f"{who}: {error}") from error
    except DRIVER_ERRORS as error:
        raise translated(who, error, storing=storing) from error


def translated(who: str, error: BaseException, *, storing: bool) -> PlatewireError:
    state = getattr(error, "sqlstate", None) or ""
    said = " ".join(str(error).split()) or type(error).__name__
    if storing and state[:2] in ("22", "23", "54"):
        return Rejected(f"{who}: cannot be stored: {said}", answer=said)
    told = f"{who}: {said}; {_remedy(state, error)}"
    if state.startswith(REFUSING_ALL):
        return Refused(told, least_wait=PROVING_SECONDS if state[:2] == "28" else 0.0)
    return Unavailable(told)


REFUSING_ALL = ("28", "3D", "3F", "42")
"""Classes of errors that only a person can mend: who we are, which database, which schema, what
lies and is allowed there (PostgreSQL, appendix A)."""
REMEDIES = {
    "28": "look at user and password here, and at pg_hba.conf there",
    "3F": "let the user own the schema, or grant it USAGE and CREATE on it",
    "3D": "name a database that exists, or create it there with CREATE DATABASE",
    "42501": "let the user own the schema, or grant it CREATE on the database",
    "42": "somebody has changed the tables of the schema; restore them, or name another `schema`",
    "53100": "the disk of the server is full; free some or set `retention_months`",
    "53300": "raise max_connections there, or close other programs",
    "53": "the server is out of something; look at its log",
    "25006": "it is a standby or read-only; name the primary, or both in the URL",
    "40": "another transaction came between; tried again",
    "55P03": "another program holds a lock on platewire's tables, perhaps a reader that keeps a "
    "transaction open; see pg_stat_activity there, and end it with pg_terminate_backend",
    "57014": "the server was too slow; raise `statement_seconds`, or see what keeps it busy",
    "57P": "the server was stopped or is starting; tried again",
    "08": "the connection broke; tried again",
}
"""By the beginning of SQLSTATE, the longest that fits; PostgreSQL manual, appendix A."""


def _remedy(state: str, error: BaseException) -> str:
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return REMEDIES["25006"]
    if isinstance(error, TimeoutError):
        return "no answer in time; is the server reachable, and not overloaded?"
    if isinstance(error, ssl.SSLError):
        return "look at sslmode and sslrootcert in the URL, and at the server's certificate"
    if isinstance(error, FileNotFoundError):
        return "a file that the URL's options name, or the server's socket, does not exist"
    if isinstance(error, asyncpg.ClientConfigurationError):
        return "correct the URL"
    if isinstance(error, OSError):
        return "is PostgreSQL running there, and may this machine connect to it?"
    fits = [prefix for prefix in REMEDIES if state and state.startswith(prefix)]
    return REMEDIES[max(fits, key=len)] if fits else "tried again"
