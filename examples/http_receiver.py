"""A receiver of plate events over HTTP, as a parking or access system would have one.

platewire POSTs every event to this program. It understands platewire's own JSON and NumberOk's,
each as a plain body or as a form with the files `event` and `image`. It answers 204 once it has
taken an event, and prints one line for it. The same event may come twice (after a lost answer, for
example); its id tells, and the second one is only acknowledged.

    python examples/http_receiver.py --listen 127.0.0.1:8090
    curl -d '{"carState": "new", "plateText": "TEST1", "carID": "1"}' http://127.0.0.1:8090/

In platewire.toml:

    [[output]]
    name = "receiver"
    type = "http"
    url = "http://127.0.0.1:8090/events"
"""

import argparse
import email.parser
import email.policy
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BODY_BYTES_MAX = 32 * 1024 * 1024
NUMBEROK_KINDS = {"new": "new", "updated": "updated", "update": "updated", "lost": "lost"}


def main() -> None:
    options = arguments()
    host, _, port = options.listen.rpartition(":")
    keeper = Keeper(options.json, quiet=options.quiet)

    class BoundHandler(Handler):
        events = keeper

    with ThreadingHTTPServer((host, int(port)), BoundHandler) as server:
        print(f"receiving events at http://{host}:{server.server_port}/", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print(f"received {keeper.counts}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listen", default="127.0.0.1:8090", metavar="HOST:PORT")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add each event as a JSON line")
    parser.add_argument("--quiet", action="store_true", help="print no line per event")
    return parser.parse_args()


class Keeper:
    """What was received so far; requests come in on several threads."""

    def __init__(self, file: Path | None, *, quiet: bool) -> None:
        self.counts: dict[str, int] = {}
        self._seen: set[str] = set()
        self._file = file.open("a", encoding="utf-8") if file else None
        self._quiet = quiet
        self._lock = threading.Lock()

    def take(self, record: dict[str, Any]) -> None:
        with self._lock:
            if record["id"] in self._seen:
                return
            self._seen.add(record["id"])
            self.counts[record["kind"]] = self.counts.get(record["kind"], 0) + 1
            if self._file:
                print(json.dumps(record), file=self._file, flush=True)
            if not self._quiet:
                print("{kind:8} {plate:10} {country:4} {direction}".format(**record), flush=True)


class Handler(BaseHTTPRequestHandler):
    events: Keeper
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= BODY_BYTES_MAX:
            self.answer(413 if length else 411)
            return
        try:
            event = event_of(self.headers.get("Content-Type", ""), self.rfile.read(length))
            record = record_of(event)
        except (ValueError, KeyError, TypeError) as error:
            print(f"not an event: {error!r}", file=sys.stderr, flush=True)
            self.answer(400)
            return
        self.events.take(record)
        self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """One line per event is enough."""


def event_of(content_type: str, body: bytes) -> dict[str, Any]:
    """The event's JSON, from a plain body or from the file `event` of a form."""
    if content_type.startswith("multipart/form-data"):
        body = part_named_event(content_type, body)
    event = json.loads(body)
    if not isinstance(event, dict):
        raise ValueError("the JSON is not an object")
    return event


def part_named_event(content_type: str, body: bytes) -> bytes:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    for part in form.iter_parts():
        if part.get_param("name", header="content-disposition") == "event":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                return payload
    raise ValueError("the form has no part named event")


def record_of(event: dict[str, Any]) -> dict[str, Any]:
    """The few things this receiver cares for, from either form of JSON."""
    return from_native(event) if "schema" in event else from_numberok(event)


def from_native(event: dict[str, Any]) -> dict[str, Any]:
    color = event["vehicle"].get("color") or {}
    return {
        "id": event["id"],
        "seq": event["seq"],
        "kind": event["kind"],
        "passage": event["passage"],
        "revision": event["revision"],
        "plate": event["plate"]["text"],
        "country": event["plate"]["country"] or "",
        "direction": event["direction"],
        "color": color.get("value", ""),
    }


def from_numberok(event: dict[str, Any]) -> dict[str, Any]:
    """Keys are matched without regard to case, and most may be missing, as NumberOk's may."""
    keys = {key.lower(): value for key, value in event.items()}
    kind = NUMBEROK_KINDS[keys["carstate"]]
    # Without platewire's own eventID, the packet's other values must tell repeats apart.
    told = (keys.get("carid"), kind, keys.get("platetext"), keys.get("capture_timestamp"))
    return {
        "id": keys.get("eventid") or "-".join(map(str, told)),
        "seq": int(keys.get("seq") or 0),
        "kind": kind,
        "passage": keys.get("passageid") or str(keys.get("carid")),
        "revision": int(keys.get("revision") or 0),
        "plate": keys.get("plateascii") or keys["platetext"],
        "country": keys.get("platecountry") or "",
        "direction": keys.get("carmovedirection") or "unknown",
        "color": (keys.get("vehicle_info") or {}).get("color", ""),
    }


if __name__ == "__main__":
    main()
