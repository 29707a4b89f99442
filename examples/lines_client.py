"""A client of platewire's JSON lines server that loses nothing, however often it is stopped.

Each line is one event in platewire's own JSON. The client writes `seq` and `id` of the last event
it has dealt with into a file, and on every connection asks to resume after it. At its first start
it asks for all that the server has kept. With the id the server can tell whether it has the same
event there: where it was put back to an older state, it says so instead of mixing two histories.

    python examples/lines_client.py 127.0.0.1:7701 --state last-event.txt --kinds new lost

By hand: nc 127.0.0.1 7701

In platewire.toml:

    [[output]]
    name = "lines"
    type = "json_lines"
    listen = "127.0.0.1:7701"
"""

import argparse
import json
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0


def main() -> None:
    options = arguments()
    host, _, port = options.server.rpartition(":")
    wait = FIRST_WAIT
    try:
        while True:
            try:
                request = {**position(options.state), "kinds": options.kinds}
                for event in events_of(host, int(port), request):
                    wait = FIRST_WAIT
                    keep(event, options.json)
                    remember(options.state, event)
                    show(event)
            except OSError as error:
                print(f"{host}:{port}: {error}; again in {wait:g} s", file=sys.stderr, flush=True)
            time.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)
    except KeyboardInterrupt:
        pass


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server", nargs="?", default="127.0.0.1:7701", metavar="HOST:PORT")
    parser.add_argument("--state", type=Path, default=Path("lines-client.seq"), metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add each event as it came")
    parser.add_argument("--kinds", nargs="*", default=[], choices=["new", "updated", "lost"])
    return parser.parse_args()


def events_of(host: str, port: int, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Events of one connection, until it ends; other lines are told to the person watching."""
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.sendall(json.dumps(request).encode() + b"\n")
        connection.settimeout(None)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        with connection.makefile("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    return  # cut off in the middle; it comes again
                message = json.loads(line)
                if "schema" in message:
                    yield message
                elif "hello" not in message:
                    print(f"the server says: {message}", file=sys.stderr, flush=True)


def keep(event: dict[str, Any], file: Path | None) -> None:
    """What your program does with an event. It should bear to get one twice: after a crash between
    this and `remember`, the event comes again with the same id."""
    if file:
        with file.open("a", encoding="utf-8") as out:
            print(json.dumps(event), file=out)


def show(event: dict[str, Any]) -> None:
    plate = event["plate"]
    print(
        f"{event['seq']:6} {event['kind']:8} {plate['display']:11} {plate['country'] or '':4} "
        f"{event['direction']}",
        flush=True,
    )


def position(state: Path) -> dict[str, Any]:
    """Where to resume. A file of an older client has the `seq` alone."""
    seq, *ids = state.read_text().split() if state.exists() else ("beginning",)
    resume = {"resume": int(seq) if seq.isdecimal() else seq}
    return {**resume, "id": ids[0]} if ids else resume


def remember(state: Path, event: dict[str, Any]) -> None:
    """Written beside and renamed, so that the file is never half written."""
    beside = state.with_name(state.name + ".new")
    beside.write_text(f"{event['seq']} {event['id']}\n")
    beside.replace(state)


if __name__ == "__main__":
    main()
