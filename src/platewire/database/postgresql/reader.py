"""Read-only roles for third parties: they see the views of the contract and nothing else.

Limits are defaults of the role. A reader may raise its own statement time-out for a session, but
can neither write nor open more connections. Running it again for the same name sets a new password.
"""

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from typing import Any

import asyncpg
from msgspec import Struct

from platewire.database.postgresql.migrate import quoted
from platewire.errors import ConfigError, Unavailable

MARK = "platewire reader"
"""Comment on a role that was made here; other roles are left alone."""
SCRAM_ITERATIONS = 4096
"""Rounds of PBKDF2 for a password: the default of PostgreSQL (`scram_iterations`) and least of RFC
7677."""
NAME = re.compile(r"[a-z_][a-z0-9_]{0,40}")


class Limits(Struct, frozen=True, kw_only=True):
    connections: int = 10
    statement_seconds: float = 60.0
    idle_seconds: float = 300.0
    """How long a transaction may stay open without doing anything."""


def checked_name(name: str) -> str:
    if not NAME.fullmatch(name) or name.startswith("pg_"):
        raise ConfigError(
            f"invalid reader name {name!r}: use lowercase letters, digits and _, such as power_bi"
        )
    return name


def new_password() -> str:
    """Letters, digits, - and _ alone, so that no connection string has to quote it."""
    return secrets.token_urlsafe(24)


async def make_reader(
    connection: Any, schema: str, name: str, password: str, limits: Limits
) -> list[str]:
    """Creates or updates the role; returns the names of the views that it can read.

    `connection` may create roles and owns the schema. Raises ConfigError for a role that platewire
    did not create or a schema without the views, Unavailable if permissions are missing.
    """
    checked_name(name)
    try:
        async with connection.transaction():
            views = await _views(connection, schema)
            await _make_role(connection, name, limits)
            await _set(connection, schema, name, password, limits)
            await _grant(connection, schema, name, views)
    except asyncpg.InsufficientPrivilegeError as error:
        raise Unavailable(
            f"{error}; use --admin with a user who may create roles and grant access to the "
            "schema, or permit it to the user of the output: ALTER ROLE ... CREATEROLE"
        ) from error
    return views


async def _set(connection: Any, schema: str, name: str, password: str, limits: Limits) -> None:
    role = quoted(name)
    await connection.execute(f"ALTER ROLE {role} PASSWORD '{verifier(password)}'")
    for setting, value in _settings(schema, limits).items():
        await connection.execute(f"ALTER ROLE {role} SET {setting} = {value}")


async def _grant(connection: Any, schema: str, name: str, views: list[str]) -> None:
    role = quoted(name)
    await connection.execute(f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {role}")
    for view in views:
        await connection.execute(f"GRANT SELECT ON {quoted(schema)}.{quoted(view)} TO {role}")


async def _views(connection: Any, schema: str) -> list[str]:
    found = await connection.fetch(
        "SELECT viewname::text FROM pg_views WHERE schemaname = $1 ORDER BY viewname", schema
    )
    views = [name for (name,) in found]
    if "anpr_contract" not in views:
        raise ConfigError(
            f'the schema "{schema}" has no views of platewire yet; they are created when the '
            "output first connects: run `platewire check`"
        )
    return views


async def _make_role(connection: Any, name: str, limits: Limits) -> None:
    role = quoted(name)
    there = await connection.fetchrow(
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = $1", name
    )
    if there is None:
        await connection.execute(f"CREATE ROLE {role}")
        await connection.execute(f"COMMENT ON ROLE {role} IS '{MARK}'")
    elif there[0] != MARK:
        raise ConfigError(
            f'the role "{name}" exists and was not created by platewire, so it was not changed; '
            "choose another name"
        )
    await connection.execute(
        f"ALTER ROLE {role} LOGIN NOCREATEDB NOCREATEROLE CONNECTION LIMIT {limits.connections}"
    )


def _settings(schema: str, limits: Limits) -> dict[str, str]:
    return {
        "default_transaction_read_only": "on",
        "statement_timeout": str(int(limits.statement_seconds * 1000)),
        "idle_in_transaction_session_timeout": str(int(limits.idle_seconds * 1000)),
        "search_path": quoted(schema),
        # psqlODBC and others drop the offset and would show the local time of the server.
        "timezone": "'UTC'",
    }


def verifier(password: str) -> str:
    """What PostgreSQL keeps of a password, so that the password itself is never sent or logged.

    SCRAM-SHA-256 as in RFC 5803, in PostgreSQL's spelling.
    """
    salt = secrets.token_bytes(16)
    prepared = unicodedata.normalize("NFKC", password).encode()
    salted = hashlib.pbkdf2_hmac("sha256", prepared, salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (
        base64.b64encode(part).decode() for part in (salt, stored, server)
    )
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt64}${stored64}:{server64}"
