"""What an HTTP service of 1C:Enterprise does with passages, in plain Python.

To try the output `one_c` without an infobase, or to write the like in another language. Each
passage is kept once, however often it comes: the later one replaces the earlier. The answer names
which passages were taken and which not; here those whose plate is too long for a field of 1C.

    python examples/one_c_service.py --listen 127.0.0.1:8091 --table passages.csv

In platewire.toml:

    [[output]]
    name = "accounting"
    type = "one_c"
    url = "http://127.0.0.1:8091/base/hs/platewire/passages"
    time_zone = "Europe/Moscow"
"""

import argparse
import csv
import json
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

PLATE_LENGTH_MAX = 12
COLUMNS = ("passage", "plate", "country", "camera", "direction", "first_seen_at", "last_seen_at")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listen", default="127.0.0.1:8091", metavar="HOST:PORT")
    parser.add_argument("--table", type=Path, metavar="FILE", help="write all passages as CSV")
    options = parser.parse_args()
    host, _, port = options.listen.rpartition(":")
    register = Register(options.table)

    class BoundHandler(Handler):
        passages = register

    with HTTPServer((host, int(port)), BoundHandler) as server:
        url = f"http://{host}:{server.server_port}/base/hs/platewire/passages"
        print(f"accepting passages at {url}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print(f"{len(register.records)} passages")


class Register:
    """As an information register with the passage as its only dimension."""

    def __init__(self, table: Path | None) -> None:
        self.records: dict[str, dict[str, str]] = {}
        self._table = table

    def write(self, passage: dict[str, Any]) -> None:
        """ValueError for what does not fit."""
        if len(passage["plate"]) > PLATE_LENGTH_MAX:
            raise ValueError(f"the plate has more than {PLATE_LENGTH_MAX} characters")
        for name in ("first_seen_at", "last_seen_at"):
            datetime.fromisoformat(passage[name])
        self.records[passage["passage"]] = {name: passage[name] for name in COLUMNS}
        if self._table:
            with self._table.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows(self.records.values())


class Handler(BaseHTTPRequestHandler):
    passages: Register
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        packet = json.loads(self.rfile.read(length))
        accepted, rejected = [], []
        for passage in packet["passages"]:
            try:
                self.passages.write(passage)
                accepted.append(passage["id"])
                print("{plate:12} {camera:10} {last_seen_at}".format(**passage), flush=True)
            except (ValueError, KeyError) as error:
                rejected.append({"id": passage["id"], "reason": str(error)})
        self.answer({"accepted": accepted, "rejected": rejected})

    def answer(self, told: dict[str, Any]) -> None:
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """One line per passage is enough."""


if __name__ == "__main__":
    main()
