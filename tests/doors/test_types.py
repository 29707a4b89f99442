"""The type that each driver tells of each column, asked of a result without a row: what programs
that make tables of their own go by. The list of columns and types is `docs/database.md`; here
stands what its words are called by whom. Values are compared in `test_doors`.
"""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

import apsw
import asyncpg
import pytest

from tests.database.test_contract import POSTGRESQL_VIEWS, VIEWS
from tests.doors.doors import ATTACHED_TYPED, PASSWORD, READER, attached, duck, dumped
from tests.doors.world import World
from tests.support import counterparts
from tests.support.counterparts import Counterpart, need

Types = Mapping[str, str]
"""Column to the driver's word for its type."""
Ask = Callable[[World, str], Types]


def uri(world: World) -> str:
    return f"{world.sqlite.as_uri()}?mode=ro"


# --- the SQLite file -----------------------------------------------------------------------------


def sqlite3_module(world: World, view: str) -> Types:
    with closing(sqlite3.connect(uri(world), uri=True)) as connection:
        told = connection.execute(f"PRAGMA table_info({view})").fetchall()
    return {name: kind for _, name, kind, *_ in told}


def newer_sqlite(world: World, view: str) -> Types:
    """What SQLite tells of a result, in a release years younger than most systems have."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    with closing(apsw.Connection(uri(world), flags=flags)) as connection:
        told: dict[str, str] = {}
        cursor = connection.cursor()

        def look(cursor: apsw.Cursor, *_: object) -> bool:
            told.update(cursor.get_description())
            return True

        cursor.exec_trace = look
        cursor.execute(f"SELECT * FROM {view} WHERE 0").fetchall()
    return told


def odbc_string(world: World) -> str:
    """As somebody types it who has not read of options."""
    return f"Driver={{SQLite3}};Database={uri(world)}"


def odbc_sqlite(world: World, view: str) -> Types:
    return odbc_result(odbc_string(world), view)


def odbc_sqlite_as_printed(world: World, view: str) -> Types:
    return odbc_result(f"{odbc_string(world)};BigInt=1;NoCreat=1", view)


def odbc_sqlite_catalog(world: World, view: str) -> Types:
    return odbc_catalog(odbc_string(world), view)


def odbc_result(string: str, view: str) -> Types:
    """Type and size: the driver has one type of Python for both widths of a number."""
    import pyodbc

    with closing(pyodbc.connect(string, autocommit=True)) as connection:
        told = connection.execute(f"SELECT * FROM {view} WHERE 1 = 0").description
        return {name: f"{kind.__name__} {size}" for name, kind, _, size, *_ in told}


def odbc_catalog(string: str, view: str) -> Types:
    import pyodbc

    with closing(pyodbc.connect(string, autocommit=True)) as connection:
        return {row.column_name: row.type_name for row in connection.cursor().columns(table=view)}


def isql(world: World, view: str) -> Types:
    """As unixODBC's own program shows a table."""
    cells = [row for row in said_by_isql(world, f"help {view}") if view in row]
    return {each[3]: each[5] for each in cells}


def said_by_isql(world: World, command: str) -> list[list[str]]:
    """Rows of what it prints, of a data source as somebody makes it who has not read of options."""
    settings = world.config.with_name("odbc.ini")
    settings.write_text(f"[plates]\nDriver=SQLite3\nDatabase={world.sqlite}\n")
    told = subprocess.run(
        ["isql", "-b", "-d\t", "plates"],
        input=f"{command}\n",
        env={**os.environ, "ODBCINI": str(settings)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [row.split("\t") for row in told.splitlines()]


def jdbc_sqlite(world: World, view: str) -> Types:
    table = dumped(f"jdbc:sqlite:{uri(world)}")[view]
    return dict(zip(table.columns, table.types, strict=True))


def duckdb_sqlite(world: World, view: str) -> Types:
    with duck("sqlite") as connection:
        return described(connection, f"sqlite_scan('{world.sqlite}', '{view}')")


def duckdb_attached(world: World, view: str) -> Types:
    with attached(f"ATTACH '{world.sqlite}' AS plates (TYPE sqlite, READ_ONLY)") as connection:
        return described(connection, f"plates.{view}")


def described(connection: Any, source: str) -> Types:
    told = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return {name: kind for name, kind, *_ in told}


# --- PostgreSQL, as a reader that platewire has made ----------------------------------------------


def asyncpg_driver(world: World, view: str) -> Types:
    async def ask() -> Types:
        connection = await asyncpg.connect(
            world.server.url(world.database, READER), password=PASSWORD
        )
        try:
            statement = await connection.prepare(f"SELECT * FROM {view}")
            return {each.name: each.type.name for each in statement.get_attributes()}
        finally:
            await connection.close()

    return asyncio.run(ask())


def pg8000_driver(world: World, view: str) -> Types:
    """The driver tells numbers of types, which PostgreSQL never gives another meaning."""
    import pg8000.dbapi

    with closing(
        pg8000.dbapi.connect(
            READER, "127.0.0.1", world.database, world.server.port, password=PASSWORD
        )
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM {view} WHERE false")
        return {name: str(kind) for name, kind, *_ in cursor.description}


def psql(world: World, view: str) -> Types:
    told = subprocess.run(
        ["psql", world.server.url(world.database, READER), "-X", "--csv", "-t"],
        input=f"SELECT * FROM {view} \\gdesc\n",
        env={**os.environ, "PGPASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {name: kind for name, _, kind in (row.partition(",") for row in told.splitlines())}


def odbc_postgresql_string(world: World) -> str:
    return (
        f"Driver={{PostgreSQL Unicode}};Server=127.0.0.1;Port={world.server.port};"
        f"Database={world.database};Uid={READER};Pwd={PASSWORD}"
    )


def odbc_postgresql(world: World, view: str) -> Types:
    return odbc_catalog(odbc_postgresql_string(world), view)


def jdbc_postgresql_url(world: World) -> str:
    return f"jdbc:postgresql://127.0.0.1:{world.server.port}/{world.database}?user={READER}"


def jdbc_postgresql(world: World, view: str) -> Types:
    table = dumped(jdbc_postgresql_url(world))[view]
    return dict(zip(table.columns, table.types, strict=True))


def duckdb_postgresql(world: World, view: str) -> Types:
    with duck("postgres") as connection, pytest.MonkeyPatch.context() as environment:
        environment.setenv("PGPASSWORD", PASSWORD)
        url = world.server.url(world.database, READER)
        connection.execute(f"ATTACH '{url}' AS plates (TYPE postgres, READ_ONLY)")
        return described(connection, f"plates.platewire.{view}")


# --- what they call the words of the page ---------------------------------------------------------

Words = Mapping[str, set[str]]

DECLARED: Words = {
    "integer": {"INTEGER"}, "bigint": {"BIGINT"}, "real": {"REAL"}, "text": {"TEXT"},
    "blob": {"BLOB"},
}  # fmt: skip
"""The declared types of SQLite itself."""
ODBC_RESULT: Words = {
    "integer": {"int 10"}, "bigint": {"int 20"}, "real": {"float 54"}, "text": {"str 65536"},
    "blob": {"bytearray 255"},
}  # fmt: skip
OF_POSTGRESQL: Words = {
    "integer": {"int4", "int8"}, "bigint": {"int8"}, "real": {"float8"}, "text": {"text"},
    "blob": {"bytea"}, "moment": {"timestamptz"}, "local": {"timestamp"}, "truth": {"bool"},
    "date": {"date"},
}  # fmt: skip
BY_PSQL: Words = {
    "integer": {"integer", "bigint"}, "bigint": {"bigint"}, "real": {"double precision"},
    "text": {"text"}, "blob": {"bytea"}, "moment": {"timestamp with time zone"},
    "local": {"timestamp without time zone"}, "truth": {"boolean"}, "date": {"date"},
}  # fmt: skip
NUMBERED: Words = {
    "integer": {"20", "23"}, "bigint": {"20"}, "real": {"701"}, "text": {"25"}, "blob": {"17"},
    "moment": {"1184"}, "local": {"1114"}, "truth": {"16"}, "date": {"1082"},
}  # fmt: skip
BY_DUCKDB: Words = {
    "integer": {"INTEGER", "BIGINT"}, "bigint": {"BIGINT"}, "real": {"DOUBLE"},
    "text": {"VARCHAR"}, "blob": {"BLOB"}, "moment": {"TIMESTAMP WITH TIME ZONE"},
    "local": {"TIMESTAMP"}, "truth": {"BOOLEAN"}, "date": {"DATE"},
}  # fmt: skip

AS_TEXT: Words = {kind: {"VARCHAR"} for kind in DECLARED}

SQLITE: Mapping[str, tuple[Ask, Words, Sequence[Counterpart]]] = {
    "sqlite3": (sqlite3_module, DECLARED, ()),
    "newer SQLite": (newer_sqlite, DECLARED, ()),
    "sqliteodbc": (odbc_sqlite, ODBC_RESULT, (counterparts.ODBC_SQLITE,)),
    "sqliteodbc, BigInt=1": (
        odbc_sqlite_as_printed,
        {**ODBC_RESULT, "integer": {"int 20"}},
        (counterparts.ODBC_SQLITE,),
    ),
    "sqliteodbc, catalog": (odbc_sqlite_catalog, DECLARED, (counterparts.ODBC_SQLITE,)),
    "isql": (isql, DECLARED, (counterparts.ISQL, counterparts.ODBC_SQLITE)),
    "JDBC": (jdbc_sqlite, DECLARED, (counterparts.JDK, counterparts.JDBC_SQLITE)),
    "DuckDB": (duckdb_sqlite, BY_DUCKDB, ()),
}
POSTGRESQL: Mapping[str, tuple[Ask, Words, Sequence[Counterpart]]] = {
    "asyncpg": (asyncpg_driver, OF_POSTGRESQL, ()),
    "pg8000": (pg8000_driver, NUMBERED, ()),
    "psql": (psql, BY_PSQL, (counterparts.PSQL,)),
    "psqlODBC": (odbc_postgresql, OF_POSTGRESQL, (counterparts.ODBC_POSTGRESQL,)),
    "JDBC": (jdbc_postgresql, OF_POSTGRESQL, (counterparts.JDK, counterparts.JDBC_POSTGRESQL)),
    "DuckDB": (duckdb_postgresql, BY_DUCKDB, ()),
}


def in_postgresql(column: str, kind: str) -> str:
    """SQLite has no types of its own for times and truth."""
    own = {"test": "truth", "partial": "truth", "weekend": "truth", "date": "date"}
    if column.endswith("_at"):
        return "moment"
    return "local" if column.endswith("_local") else own.get(column, kind)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("driver", SQLITE)
def test_types_in_the_file(driver: str, view: str, world: World) -> None:
    ask, words, wanted = SQLITE[driver]
    need(*wanted)
    told = ask(world, view)
    assert list(told) == [name for name, _ in VIEWS[view]]
    for name, kind in VIEWS[view]:
        assert told[name] in words[kind], f"{view}.{name} is documented as {kind}"


@pytest.mark.parametrize("view", VIEWS)
def test_types_where_duckdb_attaches_the_file(view: str, world: World) -> None:
    """It takes for text whatever it has SQLite work out, whatever that declares."""
    words = BY_DUCKDB if view in ATTACHED_TYPED else AS_TEXT
    told = duckdb_attached(world, view)
    assert list(told) == [name for name, _ in VIEWS[view]]
    for name, kind in VIEWS[view]:
        assert told[name] in words[kind], f"{view}.{name} is documented as {kind}"


@pytest.mark.parametrize("view", POSTGRESQL_VIEWS)
@pytest.mark.parametrize("driver", POSTGRESQL)
@pytest.mark.usefixtures("reader_role")
def test_types_in_postgresql(driver: str, view: str, world: World) -> None:
    ask, words, wanted = POSTGRESQL[driver]
    need(*wanted)
    told = ask(world, view)
    assert list(told) == [name for name, _ in POSTGRESQL_VIEWS[view]]
    for name, kind in POSTGRESQL_VIEWS[view]:
        assert told[name] in words[in_postgresql(name, kind)], f"{view}.{name} is {kind}"
