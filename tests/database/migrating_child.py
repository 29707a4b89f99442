"""Brings a file to the newest schema, and stops for good before the first statement with a text.

A process of its own, to be killed there: `migrating_child.py FILE TEXT`.
"""

import sys
import time
from pathlib import Path

from platewire.database.connection import open_writer
from platewire.database.migrate import migrate
from platewire.testing.sample_events import START


def main(path: str, text: str) -> None:
    connection = open_writer(Path(path))

    def stop(_cursor: object, statement: str, _values: object) -> bool:
        if text in statement:
            print("stopped", flush=True)
            time.sleep(600)
        return True

    connection.exec_trace = stop
    migrate(connection, START)


if __name__ == "__main__":
    main(*sys.argv[1:])
