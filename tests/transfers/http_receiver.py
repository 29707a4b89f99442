"""Real receivers for the HTTP transfer: a web server that keeps what it gets, and rude ones."""

import asyncio
import contextlib
import email
import email.policy
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import NamedTuple

import msgspec
from aiohttp import web

from platewire.model import Kind
from platewire.testing.check_transfer import Arrival
from platewire.wire import native, numberok_json_reader

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Part(NamedTuple):
    filename: str
    content_type: str
    content: bytes


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes
    parts: dict[str, Part]
    connection: int


async def accept(_: web.Request) -> web.StreamResponse:
    return web.Response(text="thanks")


def answers(status: int, text: str = "", **headers: str) -> Answering:
    async def answer(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=text, headers=named)

    return answer


class Receiver:
    """Starts on a free port and keeps it over restarts. A `Counterpart` too."""

    def __init__(self, answer: Answering = accept, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self._arrivals: list[Arrival] = []
        self._more = asyncio.Condition()
        self._tls = tls
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}/receiver"

    async def start(self) -> None:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def arrived(self, count: int) -> Sequence[Arrival]:
        async with self._more:
            await self._more.wait_for(lambda: len(self._arrivals) >= count)
        return list(self._arrivals)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        multipart = request.content_type.startswith("multipart/")
        parts = form_parts(request.headers["Content-Type"], body) if multipart else {}
        kept = Request(request.path, headers, body, parts, id(request.transport))
        self.requests.append(kept)
        response = await self.answer(request)
        if response.status < 300:
            async with self._more:
                self._arrivals.append(_arrival(kept))
                self._more.notify_all()
        return response


@contextlib.asynccontextmanager
async def receiving(
    answer: Answering = accept, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    receiver = Receiver(answer, tls)
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.stop()


@contextlib.asynccontextmanager
async def speaking(answer: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that reads a request's head and then does what it likes. Yields its url."""

    serving: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
        writer.close()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(talk(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)


def form_parts(content_type: str, body: bytes) -> dict[str, Part]:
    """Read by the standard library's mail parser, which knows nothing of our writer."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    assert not message.defects
    parts = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = str(part.get_param("name", header="content-disposition"))
        parts[name] = Part(part.get_filename() or "", part.get_content_type(), content)
    return parts


def _arrival(request: Request) -> Arrival:
    event_part = request.parts.get("event") or request.parts.get("json")
    body = event_part.content if event_part else request.body
    if request.headers["content-type"].startswith("application/cloudevents+json"):
        body = msgspec.json.encode(decoded(body)["data"])
    if b'"platewire.event/1"' in body:
        event = native.decode(body)
        return Arrival(event.passage_number, event.kind)
    if added := decoded(body).get("platewire"):
        assert isinstance(added, dict)
        return Arrival(added["passage_number"], Kind(added["kind"]))
    packet = numberok_json_reader.decode(body)
    assert packet.car_id is not None
    assert packet.state is not None
    return Arrival(packet.car_id, packet.state)


def decoded(body: bytes) -> dict[str, object]:
    return msgspec.json.decode(body, type=dict[str, object])
