"""Counts vehicles per hour, country and direction, as a traffic survey does.

Reads `lost` events from platewire's JSON lines server: each vehicle's last word, with the final
text and direction. At the start all kept events are counted anew, so there is nothing to store
and the numbers are the same after any interruption.

    python examples/traffic_counter.py 127.0.0.1:7701
    python examples/traffic_counter.py 127.0.0.1:7701 --quiet-for 2     a table of what there is

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
from collections import Counter
from collections.abc import Iterator
from typing import Any

REQUEST = {"resume": "beginning", "kinds": ["lost"]}
Key = tuple[str, str, str]


def main() -> None:
    options = arguments()
    host, _, port = options.server.rpartition(":")
    try:
        while True:
            counts: Counter[Key] = Counter()
            try:
                for event in lost_vehicles(host, int(port), options.quiet_for):
                    counts[key_of(event)] += 1
                    if options.quiet_for is None:
                        print_line(key_of(event), counts[key_of(event)])
            except TimeoutError:
                print_table(counts)
                return
            except OSError as error:
                print(f"{host}:{port}: {error}; again in 2 s", file=sys.stderr, flush=True)
            time.sleep(2)
    except KeyboardInterrupt:
        pass


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server", nargs="?", default="127.0.0.1:7701", metavar="HOST:PORT")
    parser.add_argument(
        "--quiet-for",
        type=float,
        metavar="SECONDS",
        help="print a table and exit after this time without events",
    )
    return parser.parse_args()


def lost_vehicles(host: str, port: int, timeout: float | None) -> Iterator[dict[str, Any]]:
    """Events until the connection ends; TimeoutError after `timeout` seconds without one."""
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.sendall(json.dumps(REQUEST).encode() + b"\n")
        connection.settimeout(timeout)
        with connection.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                if message.get("kind") == "lost" and not message["test"]:
                    yield message


def key_of(event: dict[str, Any]) -> Key:
    hour = event["first_seen_at"][:13].replace("T", " ") + ":00"
    return hour, event["plate"]["country"] or "??", event["direction"]


def print_line(key: Key, count: int) -> None:
    hour, country, direction = key
    print(f"{hour}  {country}  {direction:8} {count:5}", flush=True)


def print_table(counts: Counter[Key]) -> None:
    print(f"{'hour (UTC)':16}  {'':2}  {'':8} {'count':>5}")
    for key, count in sorted(counts.items()):
        print_line(key, count)


if __name__ == "__main__":
    main()
