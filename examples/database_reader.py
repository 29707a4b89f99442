"""A program that reads platewire's database directly, while platewire writes it.

Opens the SQLite file read-only and asks the view `anpr_event` again and again for what came after
the last `seq` it has seen. It needs no output, no port and no library; it disturbs nobody.

    python examples/database_reader.py platewire-data/platewire.db
    python examples/database_reader.py platewire-data/platewire.db --passages
"""

import argparse
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

EVENTS = """
    SELECT id, seq, kind, passage, revision, plate, coalesce(country, '') AS country,
           direction, coalesce(color, '') AS color
      FROM anpr_event
     WHERE seq > ? AND NOT test
     ORDER BY seq
     LIMIT 500
"""
PASSAGES = """
    SELECT first_seen_at, plate_display, coalesce(country, '') AS country, direction,
           coalesce(color, '') AS color, state
      FROM anpr_passage
     ORDER BY first_seen_ms DESC
     LIMIT ?
"""


def main() -> None:
    options = arguments()
    with suppress(KeyboardInterrupt), closing(wait_for(options.database)) as connection:
        if options.passages:
            print_passages(connection, options.passages)
            return
        for row in events_for_ever(connection, options.every):
            if options.json:
                with options.json.open("a", encoding="utf-8") as file:
                    print(json.dumps(dict(row)), file=file)
            print("{kind:8} {plate:10} {country:4} {direction}".format(**dict(row)), flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("database", type=Path)
    parser.add_argument("--every", type=float, default=0.5, metavar="SECONDS")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add each event as a JSON line")
    parser.add_argument(
        "--passages", type=int, nargs="?", const=20, metavar="N", help="show the newest, and end"
    )
    return parser.parse_args()


def wait_for(database: Path) -> sqlite3.Connection:
    """The database once it is there and has its views; read-only, so it cannot be harmed."""
    said = False
    while True:
        try:
            return opened(database)
        except sqlite3.OperationalError as error:
            if not said:
                print(f"waiting for {database}: {error}", file=sys.stderr, flush=True)
            said = True
            time.sleep(0.3)


def opened(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("SELECT 1 FROM anpr_event LIMIT 1").fetchall()
    except sqlite3.OperationalError:
        connection.close()
        raise
    return connection


def events_for_ever(connection: sqlite3.Connection, every: float) -> Iterator[sqlite3.Row]:
    """Each page is read to its end at once: a reader that dawdles would keep the write-ahead log
    from being emptied."""
    last = 0
    while True:
        rows = connection.execute(EVENTS, (last,)).fetchall()
        for row in rows:
            yield row
            last = row["seq"]
        if not rows:
            time.sleep(every)


def print_passages(connection: sqlite3.Connection, count: int) -> None:
    for row in connection.execute(PASSAGES, (count,)).fetchall():
        print("{:24} {:11} {:3} {:8} {:7} {}".format(*row))


if __name__ == "__main__":
    main()
