"""Connections to PostgreSQL, configured for their task, with errors translated.

Decides what an error means for an event: data that can never be stored is Rejected, everything else
is Unavailable, because a person or a retry can correct it. No message contains a password.
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
            f"the database has the encoding {encoding}, which cannot store all plates; create one "
            "with `CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0`"
        )
    if commit == "off":
        # Acknowledged events must survive a crash of the server.
        await connection.execute("SET synchronous_commit = on")


async def unwaited(connection: Any) -> str:
    """Why a failover to a standby could lose acknowledged events; empty if it cannot.

    A user without `pg_read_all_stats` sees the number of standbys, not their names.
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
        f"replication to {standbys} standby servers is asynchronous ({cause}): after a failover "
        "the newest events are missing until they are sent again, and those that retention has "
        "deleted from the log by then are lost. Change this setting on the server"
    )


@contextmanager
def explained(who: str, *, storing: bool = False) -> Iterator[None]:
    """Translates asyncpg's exceptions into platewire's; `who` begins the message.

    Only while `storing` can the events themselves be the cause.
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
        return Rejected(f"{who}: the event cannot be stored: {said}", answer=said)
    explanation = f"{who}: {said}; {_remedy(state, error)}"
    if state.startswith(REFUSING_ALL):
        return Refused(explanation, least_wait=PROVING_SECONDS if state[:2] == "28" else 0.0)
    return Unavailable(explanation)


REFUSING_ALL = ("28", "3D", "3F", "42")
"""SQLSTATE classes that only a person can correct: login, database, schema, tables and permissions
(PostgreSQL manual, appendix A)."""
REMEDIES = {
    "28": "check the user in `url`, `password`, and pg_hba.conf on the server",
    "3F": "make this user the owner of the schema, or grant it USAGE and CREATE on the schema",
    "3D": "set an existing database in `url`, or create it with CREATE DATABASE",
    "42501": "make this user the owner of the schema, or grant it CREATE on the database",
    "42": "the tables of the schema were changed by another program; restore them, or set another "
    "`schema`",
    "53100": "the disk of the server is full; free disk space, or set `retention_months`",
    "53300": "raise max_connections on the server, or close other connections",
    "53": "the server is out of resources; check its log",
    "25006": "the server is a standby or read-only; set the primary in `url`, or both servers",
    "40": "a concurrent transaction conflicted; retrying",
    "55P03": "another session holds a lock on platewire's tables, such as a reader with an open "
    "transaction; find it in pg_stat_activity, and end it with pg_terminate_backend",
    "57014": "the statement timed out; raise `statement_seconds`, or check the load of the server",
    "57P": "the server is shutting down or starting up; retrying",
    "08": "the connection was lost; retrying",
}
"""By prefix of the SQLSTATE, of which the longest match counts; PostgreSQL manual, appendix A."""


def _remedy(state: str, error: BaseException) -> str:
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return REMEDIES["25006"]
    if isinstance(error, TimeoutError):
        return "timeout: no response; check that the server is reachable and not overloaded"
    if isinstance(error, ssl.SSLError):
        return "check sslmode and sslrootcert in `url`, and the certificate of the server"
    if isinstance(error, FileNotFoundError):
        return "a file named in the options of `url`, or the socket of the server, does not exist"
    if isinstance(error, asyncpg.ClientConfigurationError):
        return "correct `url`"
    if isinstance(error, OSError):
        return "check that PostgreSQL is running, and that no firewall blocks the connection"
    fits = [prefix for prefix in REMEDIES if state and state.startswith(prefix)]
    return REMEDIES[max(fits, key=len)] if fits else "retrying"
