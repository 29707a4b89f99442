"""Every output that listens for TCP clients, as the shared checks of listeners see it: how its
client subscribes, and how one event is read again. And the ways in which a client may come in."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from platewire.model import Entry
from platewire.outputs.tcp.auto_intellect import AutoIntellectSettings
from platewire.outputs.tcp.json_lines import JsonLinesSettings
from platewire.outputs.tcp.listener import Client, Listener
from platewire.outputs.tcp.numberok_tcp import NumberOkTcpSettings
from platewire.outputs.tcp.settings import TcpSettings
from platewire.runtime.clock import Clock
from platewire.runtime.server_tls import ServerTls, trusting
from platewire.wire.json_lines import Marker, read_line
from platewire.wire.numberok import tcp as numberok_tcp
from tests.outputs.tcp.tcp_harness import SECONDS, World, until
from tests.support.certificates import Authority

Reader = asyncio.StreamReader


async def _numberok(reader: Reader) -> str:
    kind, length = numberok_tcp._HEADER.unpack(await reader.readexactly(8))
    assert kind == numberok_tcp.EVENT
    return numberok_tcp.read_event(await reader.readexactly(length)).pairs["EventId"]


async def _json_line(reader: Reader) -> str:
    while isinstance(line := read_line(await reader.readuntil(b"\n")), Marker):
        assert line.hello is not None, line
    return str(line.id)


async def _xml(reader: Reader) -> str:
    element = await reader.readuntil(b"</CAR_PLATE>")
    return element.partition(b'event-id="')[2].partition(b'"')[0].decode()


async def _stx(reader: Reader) -> str:
    return (await reader.readuntil(b"\x03")).decode("ascii")


def _id(entry: Entry) -> str:
    return str(entry.event.id)


def _stx_line(entry: Entry) -> str:
    event = entry.event
    camera = {"gate": 1, "back": 2}[event.camera]
    return f"\x02{event.occurred_at:%Y%m%d%H%M%S}{camera:02}{event.plate.text}\x03"


@dataclass(frozen=True)
class Dialect:
    name: str
    settings: type[TcpSettings]
    read: Callable[[Reader], Awaitable[str]]
    """What tells the next event from others."""
    expected: Callable[[Entry], str] = _id
    first: bytes = b""
    """What a client sends to get events."""
    greeting: Callable[[Reader], Awaitable[object]] | None = None
    """Reads what the server answers. A client that closes with this unread sends a reset."""
    more: Mapping[str, object] = field(default_factory=dict)


DIALECTS: Sequence[Dialect] = [
    Dialect("numberok_tcp", NumberOkTcpSettings, _numberok, first=numberok_tcp.SUBSCRIPTION),
    Dialect(
        "json_lines",
        JsonLinesSettings,
        _json_line,
        first=b'{"resume": "now"}\n',
        greeting=lambda reader: reader.readuntil(b"\n"),
    ),
    Dialect("auto_intellect-xml", AutoIntellectSettings, _xml, more={"form": "xml"}),
    Dialect("auto_intellect-stx", AutoIntellectSettings, _stx, _stx_line, more={"form": "stx"}),
]


@dataclass(frozen=True)
class Access:
    """How the listener is guarded, and what a client brings that may come in."""

    settings: Callable[[Authority], Mapping[str, object]]
    brings: Callable[[Authority], ssl.SSLContext | None] = lambda _: None
    wrong: Callable[[Authority], ssl.SSLContext | None] | None = None
    """What a client brings that may not; None where everybody may come in."""


def _with_certificate(authority: Authority) -> ssl.SSLContext:
    context = trusting(authority.server)
    context.load_cert_chain(authority.client)
    return context


ACCESSES: Mapping[str, Access] = {
    "plain": Access(lambda _: {}),
    "tls": Access(
        lambda authority: {"tls": ServerTls(certificate=authority.server)},
        lambda authority: trusting(authority.server),
        wrong=lambda _: None,
    ),
    "client certificate": Access(
        lambda made: {"tls": ServerTls(certificate=made.server, client_ca=made.ca)},
        _with_certificate,
        wrong=lambda authority: trusting(authority.server),
    ),
    "allow list": Access(lambda _: {"allow": ("127.0.0.0/8",)}),
}


class Served:
    """One output that listens, and its clients."""

    def __init__(
        self,
        dialect: Dialect,
        access: Access,
        authority: Authority,
        *,
        clock: Clock | None = None,
        **more: object,
    ) -> None:
        self.world = World() if clock is None else World(clock=clock)
        self.dialect = dialect
        self._context = access.brings(authority)
        settings: dict[str, Any] = {
            "name": "out",
            "listen": "127.0.0.1:0",
            **dialect.more,
            **access.settings(authority),
            **more,
        }
        built: Any = dialect.settings(**settings)
        self.server: Any = built.build(self.world.context)

    @property
    def listener(self) -> Listener[Client]:
        return self.server.listener  # type: ignore[no-any-return]

    @property
    def subscribed(self) -> int:
        """Clients that are surely there."""
        clients = self.listener.clients
        return sum(client.subscribed and not client.half_closed for client in clients)

    async def happens(self, passages: int = 1) -> list[str]:
        """Three events for each; what a client reads of them."""
        expected: list[str] = []
        for _ in range(passages):
            entries = await self.world.passage()
            await self.server.send(entries)
            expected += map(self.dialect.expected, entries)
        return expected

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator["Receiver"]:
        """One that has subscribed."""
        before = self.subscribed
        reader, writer = await asyncio.open_connection(
            *self.server.address, ssl=self._context, limit=1 << 22
        )
        writer.write(self.dialect.first)
        await until(lambda: self.subscribed > before)
        if self.dialect.greeting is not None:
            await self.dialect.greeting(reader)
        try:
            yield Receiver(self.dialect, reader, writer)
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class Receiver:
    def __init__(self, dialect: Dialect, reader: Reader, writer: asyncio.StreamWriter) -> None:
        self._dialect, self.reader, self.writer = dialect, reader, writer

    async def events(self, count: int) -> list[str]:
        async with asyncio.timeout(SECONDS):
            return [await self._dialect.read(self.reader) for _ in range(count)]

    async def end(self) -> bytes:
        """What still comes until the server closes."""
        async with asyncio.timeout(SECONDS):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


@contextlib.asynccontextmanager
async def served(
    dialect: Dialect,
    access: Access,
    authority: Authority,
    *,
    clock: Clock | None = None,
    **more: object,
) -> AsyncIterator[Served]:
    made = Served(dialect, access, authority, clock=clock, **more)
    await made.server.connect()
    try:
        yield made
    finally:
        for client in list(made.listener.clients):
            client.transport.abort()
        await made.server.close()
