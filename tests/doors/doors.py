"""The doors: each reads a whole view with somebody else's program, given what platewire prints.

A door gives rows as that program hands them over; what is different in form only (a driver without
time zones, a program that prints text) is undone here and nowhere else.
"""

import csv
import functools
import importlib.util
import io
import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy
import pandas
import pytest
import sqlalchemy

from tests.database.test_contract import POSTGRESQL_VIEWS, VIEWS
from tests.support import counterparts
from tests.support.counterparts import Counterpart

PASSWORD = "reader-1"
READER = "reader_of_types"
"""A role that platewire has made, see `conftest`."""
DRIVERS = ("postgresql.jar", "sqlite-jdbc.jar")
DUMP = Path(__file__).with_name("Dump.java")


class Table(NamedTuple):
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    types: Sequence[str] = ()
    """In the driver's words, where it was asked."""


ATTACHED_TYPED = ("anpr_contract", "anpr_image")
"""Views that DuckDB works out itself where it attaches the file; it has SQLite do the others."""
Read = Callable[[str, str], Table]
"""What was printed for the reader, and the name of a view."""


def line(printed: str, pattern: str) -> str:
    (found,) = set(re.findall(pattern, printed))
    return str(found)


# --- ODBC ----------------------------------------------------------------------------------------


def odbc(printed: str, view: str) -> Table:
    """Whole statements through unixODBC, each value in the type that the driver says it has."""
    import pyodbc

    string = line(printed, r"Driver=.*").replace("Pwd=...", f"Pwd={PASSWORD}")
    with closing(pyodbc.connect(string, autocommit=True)) as connection:
        cursor = connection.execute(f"SELECT * FROM {view}")
        columns = [column[0] for column in cursor.description]
        return Table(columns, [list(row) for row in cursor.fetchall()])


def odbc_postgresql(printed: str, view: str) -> Table:
    """The driver has no type for a time with an offset: the reader's sessions are in UTC."""
    found = odbc(printed, view)
    aware = [name.endswith("_at") for name in found.columns]
    return Table(found.columns, [list(map(in_utc, row, aware)) for row in found.rows])


def in_utc(value: Any, aware: bool) -> Any:
    return value.replace(tzinfo=UTC) if aware and value is not None else value


# --- the engines' own shells ---------------------------------------------------------------------


def psql(printed: str, view: str) -> Table:
    url = line(printed, r"  (postgresql://\S+)")
    command = ["psql", url, "-X", "--csv", "-P", "null=\x01", "-c", f"SELECT * FROM {view}"]
    header, *rows = csv.reader(io.StringIO(said_by(command, PGPASSWORD=PASSWORD), newline=""))
    return Table(header, [list(map(from_psql, POSTGRESQL_VIEWS[view], row)) for row in rows])


READ: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "bigint": int,
    "real": float,
    "text": str,
    "blob": lambda text: bytes.fromhex(text.removeprefix("\\x")),
}


def from_psql(documented: tuple[str, str], text: str) -> Any:
    """Text is all that psql prints: read as the page says it is."""
    column, kind = documented
    if text == "\x01":
        return None
    if column.endswith(("_at", "_local")):
        return datetime.fromisoformat(text)
    if column == "date":
        return date.fromisoformat(text)
    if column in ("test", "partial", "weekend"):
        return {"t": True, "f": False}[text]
    return READ[kind](text)


def sqlite_shell(printed: str, view: str) -> Table:
    """Printed as literals of SQL, which SQLite itself reads again."""
    path = line(printed, r'sqlite3 -readonly "(.*)"')
    query = f"SELECT * FROM {view}"
    command = ["sqlite3", "-readonly", "-batch", "-cmd", ".mode insert t", path, query]
    statements = said_by(command)
    with closing(sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True)) as connection:
        names = [column[0] for column in connection.execute(query).description]
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.execute(f"CREATE TABLE t ({', '.join(names)})")
        memory.executescript(statements)
        return Table(names, memory.execute("SELECT * FROM t").fetchall())


def said_by(command: Sequence[str], **more: str) -> str:
    done = subprocess.run(
        command, env={**os.environ, "LC_ALL": "C.UTF-8", **more}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8")


# --- Python --------------------------------------------------------------------------------------


def pandas_postgresql(printed: str, view: str) -> Table:
    url = sqlalchemy.make_url(line(printed, r"  (postgresql://\S+)"))
    url = url.set(drivername="postgresql+pg8000", password=PASSWORD)
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    return framed(engine, view, POSTGRESQL_VIEWS[view])


def pandas_sqlite(printed: str, view: str) -> Table:
    """By a function that connects: what a URL decodes differs between versions of SQLAlchemy."""
    uri = line(printed, r'sqlite3\.connect\("(.+)", uri=True\)')
    engine = sqlalchemy.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(uri, uri=True),
        poolclass=sqlalchemy.NullPool,
    )
    return framed(engine, view, VIEWS[view])


def framed(engine: sqlalchemy.Engine, view: str, documented: Sequence[tuple[str, str]]) -> Table:
    with engine.connect() as connection:
        frame = pandas.read_sql(sqlalchemy.text(f"SELECT * FROM {view}"), connection)
    engine.dispose()
    columns = [
        [from_pandas(kind, value) for value in frame[name]]
        for name, (_, kind) in zip(frame.columns, documented, strict=True)
    ]
    return Table(list(frame.columns), list(zip(*columns, strict=True)))


def from_pandas(kind: str, value: Any) -> Any:
    """A whole number beside a NULL is a float in pandas; its types that could hold both
    (`dtype_backend`) do not take bytes."""
    if pandas.isna(value):
        return None
    if isinstance(value, pandas.Timestamp):
        return value.to_pydatetime()
    if kind in ("integer", "bigint") and isinstance(value, float):
        assert value.is_integer()
        return int(value)
    return value.item() if isinstance(value, numpy.generic) else value


# --- DuckDB --------------------------------------------------------------------------------------


def duckdb_postgresql(printed: str, view: str) -> Table:
    attach = line(printed, r"ATTACH 'postgresql:.*")
    schema = line(printed, r"FROM plates\.(\w+)\.anpr_passage")
    with duck("postgres") as connection, pytest.MonkeyPatch.context() as environment:
        environment.setenv("PGPASSWORD", PASSWORD)
        connection.execute(attach)
        return arrived(connection, f"FROM plates.{schema}.{view}")


def duckdb_sqlite(printed: str, view: str) -> Table:
    scan = line(printed, r"FROM sqlite_scan\(.*\);").replace("anpr_passage", view)
    with duck("sqlite") as connection:
        return arrived(connection, scan)


def duckdb_attached(printed: str, view: str) -> Table:
    """But pictures that come as text, which DuckDB refuses where they are none. In its types where
    it works out the view itself, else what it has as text is read as the page says it is."""
    with attached(line(printed, r"ATTACH '.*\(TYPE sqlite, .*")) as connection:
        typed = view in ATTACHED_TYPED
        wanted = [(name, kind) for name, kind in VIEWS[view] if typed or kind != "blob"]
        columns = ", ".join(name for name, _ in wanted)
        found = arrived(connection, f"SELECT {columns} FROM plates.{view}")
    if typed:
        return found
    kinds = [kind for _, kind in wanted]
    rows = [list(map(from_duckdb_text, kinds, row)) for row in found.rows]
    return Table(found.columns, rows)


def from_duckdb_text(kind: str, text: str | None) -> Any:
    return None if text is None else READ[kind](text)


@contextmanager
def attached(attach: str) -> Iterator[duckdb.DuckDBPyConnection]:
    with duck("sqlite") as connection:
        connection.execute(attach)
        yield connection


@contextmanager
def duck(extension: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """With an extension from a package, as there may be nothing here to download it from."""
    with duckdb.connect() as connection:
        connection.execute(f"LOAD '{extension_file(extension)}'")
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def extension_file(extension: str) -> Path:
    found = importlib.util.find_spec(f"duckdb_extension_{extension}_scanner")
    assert found is not None
    assert found.origin is not None
    (file,) = Path(found.origin).parent.rglob("*.duckdb_extension")
    return file


def arrived(connection: duckdb.DuckDBPyConnection, query: str) -> Table:
    """Through Arrow, as DuckDB's own times with an offset want one more library in Python."""
    table = connection.execute(query).to_arrow_table()
    rows = [list(row.values()) for row in table.to_pylist()]
    return Table(table.column_names, rows)


# --- JDBC ----------------------------------------------------------------------------------------


def jdbc(printed: str, view: str) -> Table:
    """A program of Java prints what the driver gives it, as JSON."""
    return dumped(line(printed, r"jdbc:\S+"))[view]


@functools.cache
def dumped(url: str, asked: tuple[str, ...] = tuple(VIEWS)) -> dict[str, Table]:
    """Views and queries. Every view at once: a machine of Java takes long to start."""
    jars = ":".join(str(counterparts.JARS / name) for name in DRIVERS)
    command = ["java", "-cp", jars, str(DUMP), url, PASSWORD, *asked]
    tables: dict[str, Table] = {}
    rows: list[Any] = []
    for said in map(json.loads, said_by(command, TZ="Europe/Kyiv").splitlines()):
        if isinstance(said, dict):
            rows = []
            tables[said["view"]] = Table(said["columns"], rows, said["types"])
        else:
            rows.append([from_jdbc(value) for value in said])
    return tables


def from_jdbc(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, text),) = value.items()
    readers: dict[str, Callable[[str], Any]] = {
        "bytes": bytes.fromhex,
        "moment": datetime.fromisoformat,
        "local": datetime.fromisoformat,
        "date": date.fromisoformat,
    }
    return readers[kind](text)


# --- which there are -----------------------------------------------------------------------------

DOORS: dict[tuple[str, str], Read] = {
    ("postgresql", "psql"): psql,
    ("postgresql", "odbc"): odbc_postgresql,
    ("postgresql", "pandas"): pandas_postgresql,
    ("postgresql", "duckdb"): duckdb_postgresql,
    ("postgresql", "jdbc"): jdbc,
    ("sqlite", "sqlite3"): sqlite_shell,
    ("sqlite", "odbc"): odbc,
    ("sqlite", "pandas"): pandas_sqlite,
    ("sqlite", "duckdb"): duckdb_sqlite,
    ("sqlite", "jdbc"): jdbc,
}

WANTED: Mapping[tuple[str, str], Sequence[Counterpart]] = {
    **dict.fromkeys(DOORS, ()),
    ("postgresql", "psql"): (counterparts.PSQL,),
    ("postgresql", "odbc"): (counterparts.ODBC_POSTGRESQL,),
    ("postgresql", "jdbc"): (counterparts.JDK, counterparts.JDBC_POSTGRESQL),
    ("sqlite", "sqlite3"): (counterparts.SQLITE_SHELL,),
    ("sqlite", "odbc"): (counterparts.ODBC_SQLITE,),
    ("sqlite", "jdbc"): (counterparts.JDK, counterparts.JDBC_SQLITE),
}
"""What a door needs that pip does not bring."""
