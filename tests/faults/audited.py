"""`platewire` that writes down each file that Python opens in the folder of the event log.

    python -m tests.faults.audited serve --json --config FILE

The command line is the real one; `serve` is that of `loaded_server`, with upkeep every moment. What
is opened goes into the file AUDITED_NOTES, one line each, with who did it. SQLite's own library
opens files without asking Python, and so is not heard; Python's `sqlite3` is, as it brings another.
With AUDITED_PLANTED the live files are opened here by hand, to see that this is noticed.
"""

import os
import re
import sqlite3
import sys
import traceback
from pathlib import Path

from platewire.app import server
from platewire.cli.main import main
from tests.faults.loaded_server import Loaded

LIVE = re.compile(rb"\.db(-wal|-shm|-journal)?$")


class Ear:
    def __init__(self, folder: str, notes: str) -> None:
        self._folder = os.path.realpath(os.fsencode(folder))
        self._notes = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event not in ("open", "sqlite3.connect") or not arguments:
            return
        path = arguments[0]
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a descriptor that is open already
        place = os.path.realpath(os.fsencode(path))
        if LIVE.search(place) and place.rpartition(b"/")[0] == self._folder:
            who = " < ".join(each.name for each in reversed(traceback.extract_stack(limit=6)))
            os.write(self._notes, b"%s %s by %s\n" % (event.encode(), place, who.encode()))


def plant(folder: Path) -> None:
    (folder / "platewire.db").open("rb").close()
    os.close(os.open(folder / "lists.db-shm", os.O_RDWR | os.O_CREAT))
    sqlite3.connect(folder / "decisions.db").close()


if __name__ == "__main__":
    sys.addaudithook(Ear(os.environ["AUDITED_FOLDER"], os.environ["AUDITED_NOTES"]))
    server.Server = Loaded  # type: ignore[misc]
    server.RETAIN_EVERY_SECONDS = server.TAKE_IN_EVERY_SECONDS = 0.3
    code = main(sys.argv[1:])
    if os.environ.get("AUDITED_PLANTED"):
        plant(Path(os.environ["AUDITED_FOLDER"]))
    sys.exit(code)
