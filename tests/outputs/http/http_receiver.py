"""Real receivers for the HTTP output: a web server that keeps what it gets, and rude ones."""

import asyncio
import contextlib
import email
import email.policy
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from platewire.model import Kind
from platewire.testing.counterpart import Arrival
from platewire.testing.http_counterpart import HttpCounterpart
from platewire.wire import native
from platewire.wire.numberok import json_reader as numberok_json_reader

JPEG_START = b"\xff\xd8"
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


class Receiver(HttpCounterpart):
    """Keeps each request as it came; events are decoded only where `arrived` is asked."""

    def __init__(
        self,
        answer: Answering = accept,
        tls: ssl.SSLContext | None = None,
        *,
        pictures: bool = False,
    ) -> None:
        super().__init__(tls=tls)
        self.answer = answer
        self.pictures = pictures
        self.requests: list[Request] = []
        self._accepted: list[Request] = []

    @property
    def url(self) -> str:
        return f"{self.origin}/receiver"

    async def arrived(self, count: int) -> Sequence[Arrival]:
        while len(self._accepted) < count:
            self._more.clear()
            await self._more.wait()
        return [arrival_of(each) for each in self._accepted]

    async def respond(self, request: web.Request) -> web.StreamResponse:
        if request.method != "POST":
            return web.Response(status=405)
        kept = await _kept(request)
        self.requests.append(kept)
        response = await self.answer(request)
        if response.status < 300:
            self._accepted.append(kept)
            self._more.set()
        return response


async def _kept(request: web.Request) -> Request:
    body = await request.read()
    headers = {name.lower(): value for name, value in request.headers.items()}
    multipart = request.content_type.startswith("multipart/")
    parts = form_parts(request.headers["Content-Type"], body) if multipart else {}
    if request.content_type == "application/x-www-form-urlencoded":
        parts = {name: Part("", "", text.encode()) for name, text in parse_qsl(body.decode())}
    return Request(request.path, headers, body, parts, id(request.transport))


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


def arrival_of(request: Request) -> Arrival:
    """The event in the request. ValueError or KeyError where there is none."""
    event_part = request.parts.get("event") or request.parts.get("json")
    body = event_part.content if event_part else request.body
    if request.headers["content-type"].startswith("application/cloudevents+json"):
        body = msgspec.json.encode(decoded(body)["data"])
    pictures = [part.content for part in request.parts.values() if part.content[:2] == JPEG_START]
    if b'"platewire.event/1"' in body:
        event = native.decode(body)
        return Arrival(event.passage_number, event.kind, next(iter(pictures), None))
    packet = numberok_json_reader.decode(body)
    picture = next(iter([*pictures, *packet.images]), None)
    if added := decoded(body).get("platewire"):
        assert isinstance(added, dict)
        return Arrival(added["passage_number"], Kind(added["kind"]), picture)
    assert packet.car_id is not None
    assert packet.state is not None
    return Arrival(packet.car_id, packet.state, picture)


def decoded(body: bytes) -> dict[str, object]:
    return msgspec.json.decode(body, type=dict[str, object])
