"""A third party: reads the SQLite file through ODBC, over and over, until told to stop.

Says how often it has read. A process of its own, as it has to be: the driver has its own SQLite.
"""

import sys
import threading

import pyodbc

STOPPED = threading.Event()


def read(connection: pyodbc.Connection, last_seq: int) -> int:
    """Checks that what is seen is whole; the newest seq seen."""
    row = connection.execute(
        "SELECT (SELECT last_seq FROM anpr_contract), count(*), max(seq) FROM anpr_event"
    ).fetchone()
    newest, count, highest = row
    assert (count, highest or 0) == (newest, newest), row
    assert newest >= last_seq, "what was seen does not vanish"
    rows = connection.execute("SELECT * FROM anpr_passage").fetchall()
    assert len(rows) >= newest // 3
    return int(newest)


def wait_for_the_end() -> None:
    sys.stdin.read()
    STOPPED.set()


def main(string: str) -> None:
    threading.Thread(target=wait_for_the_end, daemon=True).start()
    connection = pyodbc.connect(string, autocommit=True)
    reads = last_seq = 0
    while not STOPPED.is_set():
        last_seq = read(connection, last_seq)
        reads += 1
        if reads == 1:
            print("reading", flush=True)
    print(reads, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
