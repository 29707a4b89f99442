"""The three receivers of the demo: the examples, each writing what it receives to a file."""

import json
import sys
from pathlib import Path
from typing import TypedDict

from examples.demo.processes import Processes
from examples.demo.site import Site

EXAMPLES = Path(__file__).resolve().parents[1]
NAMES = ("http receiver", "tcp client", "database reader")
POST_BY_HAND = 'curl -i -d \'{{"carState": "new", "plateText": "TEST1", "carID": "1"}}\' {url}'


class Record(TypedDict):
    """What each of them keeps of an event."""

    id: str
    seq: int
    kind: str
    passage: str
    revision: int
    plate: str
    country: str
    direction: str
    color: str


def start(processes: Processes, site: Site) -> None:
    """Before the server, so that the TCP client, which gets no replay, misses nothing."""
    commands = {
        "http receiver": ["http_receiver.py", "--listen", address_of(site.receiver)],
        "tcp client": ["tcp_client.py", site.numberok, "--longest-wait", "0.2"],
        "database reader": ["database_reader.py", str(site.database)],
    }
    for name, (script, *arguments) in commands.items():
        file = str(site.received(name))
        command = [sys.executable, str(EXAMPLES / script), *arguments, "--json", file]
        processes.start(name, command)


def address_of(url: str) -> str:
    return url.removeprefix("http://").partition("/")[0]


def received(site: Site) -> dict[str, list[Record]]:
    """What each has received so far, in the order in which it came."""
    return {name: read(site.received(name)) for name in NAMES}


def read(file: Path) -> list[Record]:
    """Whole lines only: the last one may be half written."""
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]
