"""A third party: reads the file with the standard library alone, over and over, until told to stop.

Two connections take turns, so that at every moment one of them is within a read transaction. Says
how often it has read, or the first error.
"""

import sqlite3
import sys
import threading

UNTIL_STOPPED = threading.Event()


def read(connection: sqlite3.Connection, last_seq: int) -> int:
    """Checks that what is seen is whole; the newest seq seen."""
    connection.execute("BEGIN")
    (newest,) = connection.execute("SELECT last_seq FROM anpr_contract").fetchone()
    count, highest = connection.execute("SELECT count(*), max(seq) FROM anpr_event").fetchone()
    assert (count, highest or 0) == (newest, newest), (count, highest, newest)
    assert newest >= last_seq, "what was seen does not vanish"
    connection.execute("SELECT * FROM anpr_passage ORDER BY first_seq DESC LIMIT 5").fetchall()
    return int(newest)


def wait_for_the_end() -> None:
    sys.stdin.read()
    UNTIL_STOPPED.set()


def main(path: str) -> None:
    threading.Thread(target=wait_for_the_end, daemon=True).start()
    connections = [
        sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None) for _ in range(2)
    ]
    reads, last_seq = 1, read(connections[0], 0)
    print("reading", flush=True)
    while not UNTIL_STOPPED.is_set():
        last_seq = read(connections[reads % 2], last_seq)
        connections[(reads + 1) % 2].execute("COMMIT")
        reads += 1
    for connection in connections:
        connection.close()
    print(reads, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
