"""Receivers that keep bytes and know no format: a web server, a TCP client, a TCP server."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

SECONDS = 30.0


class Request(NamedTuple):
    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


ANSWERS: Mapping[str, object] = {
    "/rest/v2/login/sessions": {"token": "vms-1"},
    "/rest/v2/devices": [
        {"id": "{1f83c56f-9468-3b9b-747f-378e8ce69db3}", "name": "gate", "url": "10.0.0.7"},
        {"id": "{2f83c56f-9468-3b9b-747f-378e8ce69db3}", "name": "yard", "url": "10.0.0.8"},
    ],
    "/api/createEvent": {"error": "0", "errorString": ""},
    "/api/lpr/licenseplate": {"success": True},
}
"""What those answer that want more than a status."""


@contextlib.contextmanager
def web_server() -> Iterator[tuple[str, list[Request]]]:
    """Its url, and what it was sent, in order."""
    got: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # Head and body in one packet: two would wait for an acknowledgement.

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            got.append(Request(self.command, self.path, headers, body))
            answer = json.dumps(ANSWERS.get(self.path.partition("?")[0], {})).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST  # noqa: N815 - the standard library's names

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Client:
    """Keeps what came; `ended` when the other side closes."""

    def __init__(self) -> None:
        self.got = bytearray()
        self.ended = asyncio.Event()

    async def read(self, reader: asyncio.StreamReader) -> None:
        while piece := await reader.read(1 << 16):
            self.got += piece
        self.ended.set()


@contextlib.asynccontextmanager
async def tcp_client(address: tuple[str, int], first: bytes) -> AsyncIterator[Client]:
    """Sends its first bytes, then reads."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(first)
    await writer.drain()
    client = Client()
    task = asyncio.create_task(client.read(reader))
    try:
        yield client
    finally:
        task.cancel()
        await asyncio.wait([task])
        writer.transport.abort()


@contextlib.asynccontextmanager
async def tcp_server() -> AsyncIterator[tuple[int, list[bytes]]]:
    """Its port, and what each connection brought, in the order of their ends."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], got
    finally:
        server.close()
