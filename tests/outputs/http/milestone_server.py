"""Event servers that answer as Milestone documents it: analytics events, and generic events."""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal
from xml.etree import ElementTree

from aiohttp import web

from platewire.model import Kind
from platewire.testing.counterpart import Arrival, Conduct, Counterpart
from platewire.testing.http_counterpart import HttpCounterpart
from platewire.wire import native

NS = {"m": "urn:milestone-systems"}


class Arrivals:
    def __init__(self) -> None:
        self._seen: list[Arrival] = []
        self._more = asyncio.Event()

    def add(self, arrival: Arrival) -> None:
        self._seen.append(arrival)
        self._more.set()

    async def arrived(self, count: int) -> Sequence[Arrival]:
        while len(self._seen) < count:
            self._more.clear()
            await self._more.wait()
        return list(self._seen)


class AnalyticsServer(HttpCounterpart):
    """Port 9090: XML in HTTP."""

    def __init__(self) -> None:
        super().__init__()
        self.messages = {"ANPR"}
        self.open_to_us = True
        self.events: list[ElementTree.Element] = []

    @property
    def url(self) -> str:
        return self.origin

    def rejection(self) -> web.Response:
        return web.Response(status=400, text="Error: the event is invalid")

    async def respond(self, request: web.Request) -> web.Response:
        if not self.open_to_us:
            return web.Response(status=403)
        if request.content_type != "text/xml":
            return web.Response(status=400, text="not XML")
        try:
            event = ElementTree.fromstring(await request.read())
        except ElementTree.ParseError as error:
            return web.Response(status=400, text=f"Error: {error}")
        if event.findtext("m:EventHeader/m:Message", "", NS) not in self.messages:
            return web.Response(text="Warning: Event message not known")
        self.events.append(event)
        told = native.decode(event.findtext("m:Vendor/m:CustomData", "", NS).encode())
        self.note(Arrival(told.passage_number, told.kind))
        return web.Response(text="OK")


class GenericServer(Arrivals, Counterpart):
    """A data source of generic events, over TCP or UDP, with each form of echo."""

    def __init__(self, protocol: Literal["tcp", "udp"], echo: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.connections = 0
        self.echoes = True
        self.peers: set[_Peer] = set()
        if echo != "none":  # else nobody waits for an answer
            self.can = {Conduct.STALL, Conduct.NONSENSE}
            self.can |= {Conduct.DIE} if protocol == "tcp" else set()
        self._conduct = Conduct.ACCEPT
        self._protocol, self._echo = protocol, echo
        self._port = 0
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._protocol == "tcp":
            self._server = await loop.create_server(lambda: _Peer(self), "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]
        else:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Peer(self), ("127.0.0.1", self._port)
            )
            self._port = transport.get_extra_info("sockname")[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        peers = list(self.peers)
        for peer in peers:
            peer.transport.abort()
            await peer.gone.wait()

    async def behave(self, conduct: Conduct) -> None:
        self._conduct = conduct

    def heard(self, line: bytes) -> bytes | None:
        """What is echoed; None: nothing any more."""
        text = line.decode().strip()
        conduct = self._conduct
        if text and conduct is not Conduct.ACCEPT:
            if conduct is not Conduct.STALL:
                self._conduct = Conduct.ACCEPT
            return {Conduct.STALL: b"", Conduct.NONSENSE: b"hello?\r\n"}.get(conduct)
        if text:
            self.lines.append(text)
            fields = text.split(";")
            self.add(Arrival(int(fields[7]), Kind(fields[1])))
        if not self.echoes or self._echo == "none":
            return b""
        if self._echo == "statistics":
            return f"{len(self.lines)},{len(text)},1,ANPR\r\n".encode() if text else b""
        return line


class _Peer(asyncio.Protocol, asyncio.DatagramProtocol):
    def __init__(self, server: GenericServer) -> None:
        self._server = server
        self._rest = b""
        self.gone = asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._server.connections += 1
        self._server.peers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.peers.discard(self)
        self.gone.set()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            echo = self._server.heard(line + b"\r\n")
            if echo is None:
                self.transport.abort()
                return
            self.transport.write(echo)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if echo := self._server.heard(data):
            self.transport.sendto(echo, addr)
