"""What the tests of the TCP ways out share: a context, events in quantity, clients over sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from msgspec import structs

from platewire.model import Candidate, Entry, Event, Picture, Site
from platewire.outputs.output import OutputContext
from platewire.outputs.tcp.json_lines import JsonLinesOutput, JsonLinesSettings
from platewire.outputs.tcp.listener import Client, Listener
from platewire.outputs.tcp.numberok_tcp import NumberOkTcpOutput, NumberOkTcpSettings
from platewire.runtime.clock import Clock
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.counterpart import Arrival, Conduct, Counterpart
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events
from platewire.wire.json_lines import Hello, Marker, Request, read_line, request_line
from platewire.wire.numberok import tcp as wire

SECONDS = 20.0
SITE = Site(
    name="yard",
    system_id=7,
    latitude=50.0,
    longitude=30.0,
    channels={"gate": 0, "back": 1},
    zones={"gate": ("entry",)},
)


@dataclass
class World:
    """A log, a board and a clock that one output sees."""

    clock: Any = field(default_factory=FakeClock)
    log: MemoryLog = field(init=False)
    board: Board = field(init=False)
    _passages: int = 0

    def __post_init__(self) -> None:
        clock: Clock = self.clock
        self.log, self.board = MemoryLog(clock), Board(clock)

    @property
    def context(self) -> OutputContext:
        return OutputContext(clock=self.clock, log=self.log, site=SITE, board=self.board)

    def counter(self, name: str, output: str = "out") -> float:
        return self.board.line("output", output).counters.get(name, 0)

    async def passage(
        self, camera: str = "gate", *, pictures: Sequence[Picture] = ()
    ) -> list[Entry]:
        """Three events of one vehicle that has just gone."""
        self._passages += 1
        ended = self.clock.now() - timedelta(seconds=self._passages + 6)
        events = passage_events(self._passages, camera=camera, start=ended)
        return list(await self.log.append(camera, events, pictures))

    async def heavy(self, count: int) -> list[Entry]:
        """`count` events of about 16 kB each."""
        entries: list[Entry] = []
        while len(entries) < count:
            self._passages += 1
            events = [fattened(event) for event in passage_events(self._passages)]
            entries += await self.log.append("gate", events)
        return entries


def fattened(event: Event) -> Event:
    padding = tuple(Candidate("X" * 1000, 0.5) for _ in range(16))
    raw = "Y" * 16_000
    return structs.replace(event, plate=structs.replace(event.plate, raw=raw, candidates=padding))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - what is awaited for sets no event
            await asyncio.sleep(0.001)


def only(listener: Listener[Any]) -> Client:
    (client,) = listener.clients
    assert isinstance(client, Client)
    return client


def narrow(client: Client) -> None:
    """Makes the system take very little for this client."""
    connection: socket.socket = client.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)


@contextmanager
def sleeper(
    server: JsonLinesOutput | NumberOkTcpOutput, first: bytes | Request
) -> Iterator[socket.socket]:
    """A client that sends its first bytes and then reads nothing; its buffers are small."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(server.address)
        connection.sendall(request_line(first) if isinstance(first, Request) else first)
        yield connection


class Wire:
    """A client's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def line(self) -> Event | Marker:
        async with asyncio.timeout(SECONDS):
            return read_line(await self.reader.readuntil(b"\n"))

    async def hello(self) -> Hello:
        line = await self.line()
        assert isinstance(line, Marker)
        assert line.hello is not None
        return line.hello

    async def seqs(self, count: int) -> list[int]:
        found = []
        for _ in range(count):
            line = await self.line()
            assert isinstance(line, Event)
            found.append(line.seq)
        return found

    async def packet(self) -> wire.Received:
        async with asyncio.timeout(SECONDS):
            header = await self.reader.readexactly(8)
            kind, length = wire._HEADER.unpack(header)
            assert kind == wire.EVENT
            return wire.read_event(await self.reader.readexactly(length))

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(SECONDS):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    def send(self, data: bytes | Request) -> None:
        self.writer.write(request_line(data) if isinstance(data, Request) else data)


@asynccontextmanager
async def dialled(
    server: JsonLinesOutput | NumberOkTcpOutput,
    first: bytes | Request = b"",
    *,
    connection: socket.socket | None = None,
) -> AsyncIterator[Wire]:
    """A client; with `connection`, one that begins to read there."""
    if connection is not None:
        connection.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=connection, limit=1 << 22)
    else:
        reader, writer = await asyncio.open_connection(*server.address, limit=1 << 22)
    client = Wire(reader, writer)
    client.send(first)
    try:
        yield client
    finally:
        writer.transport.abort()


@asynccontextmanager
async def running(
    server: JsonLinesOutput | NumberOkTcpOutput,
) -> AsyncIterator[None]:
    await server.connect()
    try:
        yield
    finally:
        for client in list(server.listener.clients):
            client.transport.abort()
        await server.close()


class Receiver(Counterpart):
    """A client for the shared check of outputs; reads no more than it is asked for."""

    can = frozenset({Conduct.NONSENSE, Conduct.DIE, Conduct.STALL})

    def __init__(
        self,
        settings: JsonLinesSettings | NumberOkTcpSettings,
        first: bytes | Request,
        read: Callable[[Wire], Awaitable[Arrival]],
    ) -> None:
        self._settings, self._first, self._read = settings, first, read
        self._stack = AsyncExitStack()
        self._arrivals: list[Arrival] = []

    def make(self, context: OutputContext) -> JsonLinesOutput | NumberOkTcpOutput:
        self._server = self._settings.build(context)
        return self._server

    async def start(self) -> None:
        listener = self._server.listener
        before = set(listener.clients)
        self._client = await self._stack.enter_async_context(dialled(self._server, self._first))
        await until(lambda: any(_ready(one) for one in set(listener.clients) - before))

    async def stop(self) -> None:
        await self._stack.aclose()

    async def behave(self, conduct: Conduct) -> None:
        if conduct is Conduct.NONSENSE:
            self._client.send(b"\xff\xfenobody says so\r\n\r\n")
        elif conduct is Conduct.DIE:
            self._client.writer.transport.abort()

    async def arrived(self, count: int) -> Sequence[Arrival]:
        while len(self._arrivals) < count:
            self._arrivals.append(await self._read(self._client))
        return self._arrivals


def _ready(client: Client) -> bool:
    return client.subscribed
