"""A client of NumberOk's TCP server, written from its published description alone.

Connects, sends the 8-byte subscription within the first second, then decodes one packet after the
other: a header of type and length, pairs `Key=Value` parted by byte 5, two zero bytes, and a
JPEG. When the connection ends it is made again, a little later each time. There is no replay in
this protocol: what happens while the client is away is missed. Use lines_client.py where that
matters.

    python examples/tcp_client.py 127.0.0.1:7700

In platewire.toml:

    [[output]]
    name = "numberok"
    type = "numberok_tcp"
    listen = "127.0.0.1:7700"
"""

import argparse
import json
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEADER = struct.Struct("<II")
SUBSCRIBE, EVENT = 0x19, 0x21
BODY_BYTES_MAX = 1 << 20
FIRST_WAIT = 0.2
KINDS = {"Detected": "new", "Updated": "updated", "Lost": "lost"}
DIRECTIONS = {"In": "in", "TryIn": "in", "Out": "out", "TryOut": "out"}


def main() -> None:
    options = arguments()
    host, _, port = options.server.rpartition(":")
    try:
        for number, (pairs, picture) in enumerate(
            events_for_ever(host, int(port), options.longest_wait), start=1
        ):
            record = record_of(pairs)
            if options.json:
                with options.json.open("a", encoding="utf-8") as file:
                    print(json.dumps(record), file=file)
            if options.pictures and picture:
                name = f"{number:06}-{record['plate']}-{record['kind']}.jpg"
                (options.pictures / name).write_bytes(picture)
            print("{kind:8} {plate:10} {country:4} {direction}".format(**record), flush=True)
    except KeyboardInterrupt:
        pass


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server", nargs="?", default="127.0.0.1:7700", metavar="HOST:PORT")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add each event as a JSON line")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="keep the plate pictures")
    parser.add_argument(
        "--longest-wait", type=float, default=5.0, metavar="SECONDS", help="before a new attempt"
    )
    return parser.parse_args()


def events_for_ever(
    host: str, port: int, longest_wait: float
) -> Iterator[tuple[dict[str, str], bytes]]:
    """Pairs and picture of each event, over as many connections as it takes."""
    wait = FIRST_WAIT
    while True:
        try:
            with socket.create_connection((host, port), timeout=10) as connection:
                connection.sendall(HEADER.pack(SUBSCRIBE, 0))
                connection.settimeout(None)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                wait = FIRST_WAIT
                yield from events_of(connection)
        except OSError as error:
            print(f"{host}:{port}: {error}; again in {wait:g} s", file=sys.stderr, flush=True)
        time.sleep(wait)
        wait = min(wait * 2, longest_wait)


def events_of(connection: socket.socket) -> Iterator[tuple[dict[str, str], bytes]]:
    while True:
        kind, length = HEADER.unpack(exactly(connection, HEADER.size))
        if length > BODY_BYTES_MAX:
            raise ConnectionError(f"a packet of {length} bytes is not a NumberOk packet")
        body = exactly(connection, length)
        if kind == EVENT:
            yield decoded(body)


def exactly(connection: socket.socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        if not (piece := connection.recv(count - len(received))):
            raise ConnectionError("the server closed the connection")
        received += piece
    return bytes(received)


def decoded(body: bytes) -> tuple[dict[str, str], bytes]:
    text, _, picture = body.partition(b"\0\0")
    pairs = (pair.partition("=") for pair in text.decode("utf-8", "replace").split("\x05"))
    return {key: value for key, _, value in pairs if key}, picture


def record_of(pairs: dict[str, str]) -> dict[str, Any]:
    """The same few things as the other examples keep. Any pair may be missing; EventId and the
    ones after it are platewire's additions."""
    return {
        "id": pairs.get("EventId", ""),
        "seq": int(pairs.get("Seq", 0)),
        "kind": KINDS.get(pairs.get("State", ""), "?"),
        "passage": pairs.get("PassageId", pairs.get("RuntimeID", "")),
        "revision": int(pairs.get("Revision", 0)),
        "plate": pairs.get("PlateNumber", ""),
        "country": pairs.get("Country", ""),
        "direction": DIRECTIONS.get(pairs.get("MovementType", ""), "unknown"),
        "color": pairs.get("CarColor", ""),
    }


if __name__ == "__main__":
    main()
