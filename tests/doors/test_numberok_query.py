"""NumberOk's published query for "today", as programs send it that were written for NumberOk.

Through each driver as it is, without an option that such a program would not know of.
"""

import os
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing

import pytest

from tests.doors.doors import PASSWORD, READER, dumped
from tests.doors.test_types import (
    jdbc_postgresql_url,
    odbc_postgresql_string,
    odbc_string,
    said_by_isql,
    uri,
)
from tests.doors.world import World, rows_of_sqlite
from tests.support import counterparts
from tests.support.counterparts import Counterpart, need

MIDNIGHT_MS = 1_767_312_000_000
"""2026-01-02 UTC, the day on which the events of the sample happen."""
DAY_MS = 86_400_000

Row = tuple[int, str, str | None]
"""`timestamp_`, `number` and `car_type`; where the picture lies differs between engines."""
Ask = Callable[[World, int], Sequence[Row]]


def query(from_ms: int) -> str:
    return (
        "SELECT timestamp_, number, car_type, framejpg FROM lprevents "
        f"WHERE timestamp_ >= {from_ms} AND timestamp_ < {from_ms + DAY_MS} ORDER BY timestamp_"
    )


def said(command: Sequence[str], **more: str) -> list[Row]:
    """Of a program that prints a line for a row, with bars."""
    done = subprocess.run(
        command, env={**os.environ, **more}, capture_output=True, text=True, check=True
    )
    return printed(line.split("|") for line in done.stdout.splitlines())


def printed(rows: Iterable[Sequence[str]]) -> list[Row]:
    return [(int(at), number, kind or None) for at, number, kind, _ in rows]


def sqlite_shell(world: World, from_ms: int) -> Sequence[Row]:
    return said(["sqlite3", "-readonly", str(world.sqlite), query(from_ms)])


def psql(world: World, from_ms: int) -> Sequence[Row]:
    url = world.server.url(world.database, READER)
    return said(["psql", url, "-X", "-A", "-t", "-c", query(from_ms)], PGPASSWORD=PASSWORD)


def through_odbc(string: str, from_ms: int) -> Sequence[Row]:
    """Written out and with the times bound, which must find the same."""
    import pyodbc

    with closing(pyodbc.connect(string, autocommit=True)) as connection:
        rows = [tuple(row)[:3] for row in connection.execute(query(from_ms)).fetchall()]
        bound = (
            query(from_ms).replace(f" {from_ms} ", " ? ").replace(f" {from_ms + DAY_MS} ", " ? ")
        )
        again = connection.execute(bound, from_ms, from_ms + DAY_MS).fetchall()
    assert [tuple(row)[:3] for row in again] == rows
    return rows


def odbc_sqlite(world: World, from_ms: int) -> Sequence[Row]:
    return through_odbc(odbc_string(world), from_ms)


def odbc_postgresql(world: World, from_ms: int) -> Sequence[Row]:
    return through_odbc(odbc_postgresql_string(world), from_ms)


def through_jdbc(url: str, from_ms: int) -> Sequence[Row]:
    (found,) = dumped(url, (query(from_ms),)).values()
    return [tuple(row[:3]) for row in found.rows]


def isql(world: World, from_ms: int) -> Sequence[Row]:
    return printed(row for row in said_by_isql(world, query(from_ms)) if len(row) > 1)


def jdbc_sqlite(world: World, from_ms: int) -> Sequence[Row]:
    return through_jdbc(f"jdbc:sqlite:{uri(world)}", from_ms)


def jdbc_postgresql(world: World, from_ms: int) -> Sequence[Row]:
    return through_jdbc(jdbc_postgresql_url(world), from_ms)


DRIVERS: Mapping[str, tuple[Ask, Sequence[Counterpart]]] = {
    "sqlite3": (sqlite_shell, (counterparts.SQLITE_SHELL,)),
    "sqliteodbc": (odbc_sqlite, (counterparts.ODBC_SQLITE,)),
    "isql": (isql, (counterparts.ISQL, counterparts.ODBC_SQLITE)),
    "SQLite JDBC": (jdbc_sqlite, (counterparts.JDK, counterparts.JDBC_SQLITE)),
    "psql": (psql, (counterparts.PSQL,)),
    "psqlODBC": (odbc_postgresql, (counterparts.ODBC_POSTGRESQL,)),
    "pgJDBC": (jdbc_postgresql, (counterparts.JDK, counterparts.JDBC_POSTGRESQL)),
}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.usefixtures("reader_role")
def test_today_is_answered_rightly(driver: str, world: World) -> None:
    ask, wanted = DRIVERS[driver]
    need(*wanted)
    true = rows_of_sqlite(world, "lprevents")
    vehicles = [(row["timestamp_"], row["number"], row["car_type"]) for row in true]
    answer = ask(world, MIDNIGHT_MS)
    assert sorted(answer, key=str) == sorted(vehicles, key=str) != []
    assert [at for at, *_ in answer] == sorted(at for at, *_ in vehicles)
    assert ask(world, MIDNIGHT_MS - DAY_MS) == []
    assert ask(world, MIDNIGHT_MS + DAY_MS) == []
