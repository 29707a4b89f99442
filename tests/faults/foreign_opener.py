"""Programs of others that open a database read-write and close it, again and again; own processes.

    python -m tests.faults.foreign_opener KIND DATABASE COUNTED

KIND is `python` (its `sqlite3`), `odbc`, `duckdb` or `shell` (the command `sqlite3`): four builds
of SQLite that know nothing of platewire. Each success is one byte more in the file COUNTED.
"""

import functools
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.acceptance.running import ROOT

QUESTION = "SELECT count(*), max(seq) FROM event"
PAUSE_SECONDS = 0.2
SHELL_TIMEOUT_MS = 1000


def python(path: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(QUESTION).fetchall()


def odbc(path: str) -> None:
    import pyodbc

    with closing(pyodbc.connect(f"Driver=SQLite3;Database={path}", autocommit=True)) as connection:
        connection.execute(QUESTION).fetchall()


def duckdb(path: str) -> None:
    duck = duck_once()
    duck.execute(f"ATTACH '{path}' AS log (TYPE sqlite)")
    try:
        duck.execute("SELECT count(*), max(seq) FROM log.event").fetchall()
    finally:
        duck.execute("DETACH log")


@functools.cache
def duck_once() -> Any:
    """DuckDB itself, which takes long to load; it opens the file anew at each ATTACH."""
    import duckdb as library

    from tests.doors.doors import extension_file

    made = library.connect()
    made.execute(f"LOAD '{extension_file('sqlite')}'")
    return made


def shell(path: str) -> None:
    command = ["sqlite3", "-cmd", f".timeout {SHELL_TIMEOUT_MS}", path, QUESTION]
    subprocess.run(command, check=True, capture_output=True)


KINDS: dict[str, Callable[[str], None]] = {
    each.__name__: each for each in (python, odbc, duckdb, shell)
}


@contextmanager
def openers(path: Path, folder: Path, kinds: Iterable[str]) -> Iterator[None]:
    """One of each kind at work; what they count and say is in the folder."""
    program = [sys.executable, "-m", __name__]
    with (folder / "openers.said").open("wb") as said:
        begun = [
            subprocess.Popen([*program, kind, path, folder / kind], cwd=ROOT, stderr=said)
            for kind in kinds
        ]
        try:
            yield
        finally:
            for each in begun:
                each.terminate()
                each.wait(30)


def main(kind: str, path: str, counted: str) -> None:
    file = os.open(counted, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while True:
        # Never the first: who makes an empty file is another fault.
        if Path(path).exists():
            try:
                KINDS[kind](path)
                os.write(file, b".")
            except Exception as error:
                # Somebody else's lock, mostly; what counts is that it was opened and closed.
                print(f"{kind}: {error}", file=sys.stderr)
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
