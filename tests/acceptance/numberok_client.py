"""A third party written from NumberOk's published formats alone: the TCP and the HTTP receiver.

Standard library only, and nothing of platewire: what it understands, a receiver written for
NumberOk understands. It is as tolerant as such receivers must be, and notes under `complaints`
where a packet departs from what is published. Use the classes, or run it:

    python3 numberok_client.py tcp HOST PORT
    python3 numberok_client.py http PORT

Either prints each event as one line of JSON until interrupted.
"""

import contextlib
import email
import email.policy
import json
import re
import socket
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SUBSCRIPTION = struct.pack("<II", 0x19, 0)
EVENT = 0x21
LEN_MAX = 1 << 20
RECONNECT_SECONDS = (0.1, 0.2, 0.5, 1.0)
STATES = {
    "detected": "new",
    "updated": "updated",
    "update": "updated",
    "lost": "lost",
    "new": "new",
}
MOVEMENTS = {"TryIn": 1, "In": 2, "TryOut": 4, "Out": 8, "Undetermined": 0}
INTEGERS = re.compile(r"-?\d+")
DATETIME = re.compile(r"\d{8} \d{9}([+-]\d{4})?")


@dataclass
class Received:
    """An event as the third party keeps it; `fields` is everything that was sent."""

    state: str
    """new, updated or lost; another state as it came."""
    vehicle: str
    """What joins the events of one vehicle: RuntimeID or carID."""
    plate: str
    """With the plate's own letters, without spaces."""
    direction: str
    """in, out or unknown."""
    fields: dict[str, Any]
    picture: bytes = field(default=b"", repr=False)
    complaints: list[str] = field(default_factory=list)

    def value(self, key: str) -> str:
        """A field whatever its key's case, such as `eventid`; empty where it was not sent."""
        found = (value for name, value in self.fields.items() if name.lower() == key.lower())
        return str(next(found, ""))


class Collected:
    """Events in the order of their arrival; other threads may wait for them."""

    def __init__(self, on_event: Callable[[Received], None] | None = None) -> None:
        self._events: list[Received] = []
        self._changed = threading.Condition()
        self._on_event = on_event

    @property
    def events(self) -> Sequence[Received]:
        with self._changed:
            return tuple(self._events)

    def add(self, event: Received) -> None:
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()
        if self._on_event is not None:
            self._on_event(event)

    def wait_for(
        self, condition: Callable[[Sequence[Received]], bool], seconds: float
    ) -> Sequence[Received]:
        """Returns the events once they satisfy the condition; TimeoutError says what came."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self._events), seconds):
                raise TimeoutError(f"{len(self._events)} events after {seconds:g} s")
            return tuple(self._events)

    def wait_for_count(self, count: int, seconds: float) -> Sequence[Received]:
        return self.wait_for(lambda events: len(events) >= count, seconds)


# --- TCP ---------------------------------------------------------------------------------------


class TcpReceiver(Collected):
    """Connects, subscribes, collects; connects again until closed. A context manager."""

    def __init__(
        self, host: str, port: int, on_event: Callable[[Received], None] | None = None
    ) -> None:
        super().__init__(on_event)
        self._address = (host, port)
        self._connection: socket.socket | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="numberok-tcp", daemon=True)
        self.connections = 0
        self.subscribed = threading.Event()
        """Set once a subscription was sent on the first connection."""

    def __enter__(self) -> "TcpReceiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        if self._connection is not None:
            with contextlib.suppress(OSError):  # it may be closed already
                self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    def _run(self) -> None:
        attempt = 0
        while not self._closing.is_set():
            try:
                self._receive()
                attempt = 0
            except (OSError, ValueError):
                attempt += 1
            pause = RECONNECT_SECONDS[min(attempt, len(RECONNECT_SECONDS) - 1)]
            self._closing.wait(pause)

    def _receive(self) -> None:
        with socket.create_connection(self._address, timeout=10) as connection:
            self._connection = connection
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection.sendall(SUBSCRIPTION)
            self.connections += 1
            self.subscribed.set()
            connection.settimeout(None)
            with connection.makefile("rb") as stream:
                while (header := stream.read(8)) and not self._closing.is_set():
                    self._packet(header, stream.read)

    def _packet(self, header: bytes, read: Callable[[int], bytes]) -> None:
        kind, length = struct.unpack("<II", header)
        if length > LEN_MAX:
            raise ValueError(f"a packet of {length} bytes")
        body = read(length)
        if len(body) < length:
            raise ValueError("the connection ended inside a packet")
        if kind == EVENT:
            event = event_of_packet(body)
            if event is not None:
                self.add(event)


def event_of_packet(body: bytes) -> Received | None:
    """None for what is no recognition, such as the inputs of an alarm board."""
    text, terminator, picture = body.partition(b"\0\0")
    pieces = [piece.partition(b"=") for piece in text.split(b"\x05") if piece]
    fields = {key.decode("utf-8"): value.decode("utf-8") for key, _, value in pieces}
    lower = {key.lower(): value for key, value in fields.items()}
    if "deviceid" in lower:
        return None
    return Received(
        state=STATES.get(lower.get("state", "").lower(), lower.get("state", "")),
        vehicle=lower.get("runtimeid", ""),
        plate=_letters(lower),
        direction=_direction(lower.get("movementtype", "")),
        fields=fields,
        picture=picture,
        complaints=[*_tcp_complaints(fields, picture), *([] if terminator else ["no 00 00"])],
    )


def _letters(lower: dict[str, str]) -> str:
    try:
        unicode = bytes.fromhex(lower.get("unicodeplatenumber", "")).decode("utf-16-be")
    except ValueError:
        unicode = ""
    return "".join(unicode.split()) or lower.get("platenumber", "")


def _direction(movement: str) -> str:
    return {"TryIn": "in", "In": "in", "TryOut": "out", "Out": "out"}.get(movement, "unknown")


def _tcp_complaints(fields: dict[str, str], picture: bytes) -> list[str]:
    """Where the pairs depart from the published table; missing pairs are allowed."""
    complaints = [
        f"{key} is no integer: {fields[key]}"
        for key in (
            *("SystemId", "RuntimeID", "uMovementType", "FrameTimeStampMs", "ProcessTimeMs"),
            *("ZoneIndex", "ChannelIndex", "Checkpoint"),
        )
        if key in fields and not INTEGERS.fullmatch(fields[key])
    ]
    if fields.get("State") not in ("Detected", "Updated", "Lost"):
        complaints.append(f"State {fields.get('State')}")
    movement = fields.get("MovementType", "Undetermined")
    if str(MOVEMENTS.get(movement)) != fields.get("uMovementType", "0"):
        complaints.append(f"MovementType {movement} with {fields.get('uMovementType')}")
    if fields.get("TestMode", "Enabled") != "Enabled":
        complaints.append(f"TestMode {fields['TestMode']}")
    if {"Text", "Plate"} & set(fields):
        complaints.append("a pair that was removed from the protocol")
    return complaints + _unicode_complaints(fields) + _picture_complaints(picture)


def _unicode_complaints(fields: dict[str, str]) -> list[str]:
    value = fields.get("UnicodePlateNumber", "")
    if not re.fullmatch(r"([0-9A-F]{4})*", value):
        return [f"UnicodePlateNumber is not upper-case hex of UTF-16 units: {value}"]
    return []


def _picture_complaints(picture: bytes) -> list[str]:
    if picture and not (picture.startswith(b"\xff\xd8") and picture.endswith(b"\xff\xd9")):
        return ["the picture is no JPEG"]
    return []


# --- HTTP --------------------------------------------------------------------------------------


class HttpReceiver(Collected):
    """Takes POSTs of JSON, plain or multipart, at any path. A context manager."""

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        on_event: Callable[[Received], None] | None = None,
    ) -> None:
        super().__init__(on_event)
        self.answer = 200
        """The status of every answer; what is not answered with 200 is not kept."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver._take(self)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="numberok-http", daemon=True
        )

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/receiver/"

    def __enter__(self) -> "HttpReceiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", "0")))
        status = self.answer
        if status == 200:
            try:
                self.add(event_of_request(request.headers.get("Content-Type", ""), body))
            except ValueError:
                status = 400
        request.send_response(status)
        request.send_header("Content-Length", "0")
        request.end_headers()


def event_of_request(content_type: str, body: bytes) -> Received:
    """ValueError for what holds no JSON event."""
    complaints: list[str] = []
    picture = b""
    if content_type.startswith("multipart/form-data"):
        text, picture = _parts(content_type, body, complaints)
    else:
        text = body
        if not content_type.startswith("application/json"):
            complaints.append(f"Content-Type {content_type}")
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise ValueError("the JSON is no object")
    complaints += _json_complaints(fields, picture)
    lower = {key.lower(): value for key, value in fields.items()}
    return Received(
        state=STATES.get(str(lower.get("carstate")), str(lower.get("carstate"))),
        vehicle=str(lower.get("carid", "")),
        plate="".join(str(lower.get("platetext", "")).split()),
        direction={"in": "in", "out": "out"}.get(str(lower.get("carmovedirection")), "unknown"),
        fields=fields,
        picture=picture,
        complaints=complaints,
    )


def _parts(content_type: str, body: bytes, complaints: list[str]) -> tuple[bytes, bytes]:
    """The JSON and the first picture of a multipart body, found as the vendor's receiver does."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    text, picture = b"", b""
    for part in message.iter_parts():
        name = part.get_filename("")
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        if not name:
            complaints.append("a part without a file name")
        if name.endswith(".json"):
            text = text or data
        elif name.endswith((".jpg", ".jpeg", ".png")):
            picture = picture or data
        else:
            complaints.append(f"a part named {name}")
    return text, picture


def _json_complaints(fields: dict[str, Any], picture: bytes) -> list[str]:
    """Where the JSON departs from what real packets are: strings, but for places and boxes."""
    complaints = [
        f"{key} is {type(value).__name__}, not a string"
        for key, value in fields.items()
        if not isinstance(value, str | dict | list)
    ]
    if not DATETIME.fullmatch(str(fields.get("datetime", ""))):
        complaints.append(f"datetime {fields.get('datetime')}")
    if str(fields.get("carState")) not in ("new", "updated", "update", "lost"):
        complaints.append(f"carState {fields.get('carState')}")
    box = fields.get("plateCoordinates")
    if box is not None and not (len(box) == 4 and all(type(edge) is int for edge in box)):
        complaints.append(f"plateCoordinates {box}")
    return complaints + _picture_complaints(picture)


# --- by hand -----------------------------------------------------------------------------------


def show(event: Received) -> None:
    said = asdict(event) | {"picture": len(event.picture)}
    print(json.dumps(said, ensure_ascii=False), flush=True)


def main(arguments: Sequence[str]) -> int:
    receiver: TcpReceiver | HttpReceiver
    match arguments:
        case ["tcp", host, port]:
            receiver = TcpReceiver(host, int(port), on_event=show)
        case ["http", port]:
            receiver = HttpReceiver(int(port), on_event=show)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    with receiver:
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
