"""Third parties that write down what comes before they say that they have it; own processes.

    python -m tests.faults.third_parties webhook FILE      prints its port
    python -m tests.faults.third_parties lines PORT FILE   resumes after the last line in FILE

Each event is one line of the file, in the order of arrival.
"""

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Posts(asyncio.Protocol):
    """A bare HTTP server: `take` gets each body, then the request is answered with 204."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
            if len(self._held) < end + 4 + length:
                return
            body = self._held[end + 4 : end + 4 + length]
            self._held = self._held[end + 4 + length :]
            self._take(body)
            self._transport.write(OK)


async def webhook(path: Path) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def take(body: bytes) -> None:
        os.write(file, body + b"\n")

    server = await asyncio.get_running_loop().create_server(lambda: Posts(take), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


def lines(port: int, path: Path) -> None:
    with path.open("ab", buffering=0) as file:
        last_seq = 0
        while True:
            try:
                last_seq = resume(port, last_seq, file.write)
            except OSError:
                time.sleep(0.05)


def resume(port: int, last_seq: int, take: Callable[[bytes], object]) -> int:
    """Until the connection ends; the last seq that came whole."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.settimeout(None)
        connection.sendall(json.dumps({"resume": last_seq}).encode() + b"\n")
        stream = connection.makefile("rb")
        try:
            for line in stream:
                # One cut off by the connection's end is no event, and other lines are not either.
                if line.endswith(b"\n") and (seq := json.loads(line).get("seq")):
                    take(line)
                    last_seq = seq
        except OSError:
            pass
    return last_seq


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["webhook", where]:
            asyncio.run(webhook(Path(where)))
        case ["lines", port, where]:
            lines(int(port), Path(where))
