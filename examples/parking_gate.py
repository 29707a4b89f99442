"""A gate that opens for the plates on a list.

platewire POSTs `new` and `updated` events here (preset `parking`). The gate opens at the first
event of a passage whose plate is on the list; a corrected text (`updated`) may open it later than
`new`, but nothing opens it twice for the same passage. Cars going out are not let in.

    python examples/parking_gate.py --listen 127.0.0.1:8091 --allow KAPL2048 47KRB9

In platewire.toml:

    [[output]]
    name = "gate"
    type = "http"
    url = "http://127.0.0.1:8091/"
    events = "parking"
    max_age_seconds = 20          # after that the car has gone; do not open for nobody
"""

import argparse
import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REMEMBERED = 10_000


class Gate:
    def __init__(self, allowed: list[str]) -> None:
        self._allowed = {normal(plate) for plate in allowed}
        self._opened: dict[str, None] = {}  # passages, oldest first
        self._lock = threading.Lock()

    def decide(self, event: dict[str, Any]) -> bool:
        """Whether to open now."""
        with self._lock:
            if event["kind"] not in ("new", "updated") or event["direction"] == "out":
                return False
            if event["plate"]["text"] not in self._allowed or event["passage"] in self._opened:
                return False
            self._opened[event["passage"]] = None
            if len(self._opened) > REMEMBERED:
                del self._opened[next(iter(self._opened))]
            return True


def normal(plate: str) -> str:
    return "".join(filter(str.isalnum, plate)).upper()


def main() -> None:
    options = arguments()
    gate = Gate(options.allow)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                event = json.loads(body)
                opens = gate.decide(event)
            except (ValueError, KeyError, TypeError):
                self.answer(400)
                return
            if opens:
                print(f"gate opens for {event['plate']['display']}", flush=True)
            self.answer(204)

        def answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Only what the gate does is worth a line."""

    host, _, port = options.listen.rpartition(":")
    with ThreadingHTTPServer((host, int(port)), Handler) as server:
        print(f"gate listens at http://{host}:{server.server_port}/", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listen", default="127.0.0.1:8091", metavar="HOST:PORT")
    parser.add_argument("--allow", nargs="+", required=True, metavar="PLATE")
    return parser.parse_args()


if __name__ == "__main__":
    main()
