"""Migrates the schema to the version of this platewire: each step and its record in one
transaction.

A step is a file `NNNN_name.sql` in the folder `migrations`, applied in order and never edited after
a release. If several nodes start at the same time, an advisory lock lets one of them migrate. Reads
continue; a step that waits for a reader longer than `lock_timeout` fails and is retried.
"""

import logging
from typing import Any

from platewire.database.steps import Step, steps_of
from platewire.errors import Unavailable

LOCK = 0x706C7477
"""Number of the advisory lock that is held while a schema is looked at and changed: `pltw`."""
STEP_LOCK_TIMEOUT = "2s"

diagnostics = logging.getLogger(__name__)


def steps() -> tuple[Step, ...]:
    return steps_of("platewire.database.postgresql")


async def migrate(connection: Any, schema: str) -> int:
    """Applies the steps that the schema lacks; returns how many these were.

    Raises Unavailable for a schema that is somebody else's or of a newer platewire; nothing in it
    is changed then. `search_path` of the connection names the schema.
    """
    async with connection.transaction():
        # Ends with the transaction, so it cannot be left behind.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        version = await _version(connection, schema)
        lacking = steps()[version:]
        if lacking and version:
            # A step that waits for one reader has all that come after wait behind it.
            await connection.execute(f"SET LOCAL lock_timeout = '{STEP_LOCK_TIMEOUT}'")
        for step in lacking:
            if version:
                diagnostics.info(
                    'migrating the schema "%s" to version %s (%s); events wait until it is done',
                    *(schema, step.version, step.name),
                )
            await _apply(connection, schema, step)
        if 0 < version < len(steps()):
            await _grant_to_readers(connection, schema)
    return len(lacking)


async def _version(connection: Any, schema: str) -> int:
    """The last step applied, 0 for an empty or missing schema."""
    tables = {
        name
        for (name,) in await connection.fetch(
            "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
            schema,
        )
    }
    if not tables:
        return 0
    if not {"migration", "anpr_contract"} <= tables:
        some = ", ".join(sorted(tables)[:3])
        raise Unavailable(
            f'the schema "{schema}" contains tables of other programs ({some}) and was not '
            "changed; set `schema` to an empty or new schema"
        )
    version: int = await connection.fetchval("SELECT coalesce(max(version), 0) FROM migration")
    if version > (newest := len(steps())):
        raise Unavailable(
            f'the schema "{schema}" has version {version}, from a newer platewire, and was not '
            f"changed; this one supports versions up to {newest}. Upgrade this platewire, or "
            "set another `schema`"
        )
    return version


async def _apply(connection: Any, schema: str, step: Step) -> None:
    if step.version == 1:
        await _make_schema(connection, schema)
    await connection.execute(step.sql)
    await connection.execute(
        "INSERT INTO migration VALUES ($1, $2, statement_timestamp())", step.version, step.name
    )


async def _grant_to_readers(connection: Any, schema: str) -> None:
    """Who may read the contract may read the views that were added to it."""
    readers = await connection.fetch(
        "SELECT a.grantee::regrole::text FROM pg_class c, aclexplode(c.relacl) a "
        "WHERE c.oid = 'anpr_contract'::regclass AND a.grantee NOT IN (0, c.relowner) "
        "AND a.privilege_type = 'SELECT'"
    )
    views = await connection.fetch(
        "SELECT viewname::text FROM pg_views WHERE schemaname = $1", schema
    )
    for (reader,) in readers:
        for (view,) in views:
            # regrole quotes a name that needs it.
            await connection.execute(f"GRANT SELECT ON {quoted(view)} TO {reader}")


async def _make_schema(connection: Any, schema: str) -> None:
    there = await connection.fetchval("SELECT 1 FROM pg_namespace WHERE nspname = $1", schema)
    if not there:
        # Asked first, as IF NOT EXISTS wants the right to create even where it creates nothing.
        await connection.execute(f"CREATE SCHEMA {quoted(schema)}")
    await connection.execute(
        "CREATE TABLE migration "
        "(version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL)"
    )


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
