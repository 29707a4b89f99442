"""A network between two that misbehaves: it delays, cuts connections at any byte, flips bits."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from enum import Enum

PIECE = 4096
DELAY_SECONDS = 0.02
ASKED, ANSWERED = 20_000, 4_000
"""Bytes after which a connection is cut at the latest."""


class Mood(Enum):
    """How a connection ends. All but the calm ones also wait before each piece."""

    CALM = "as its two sides will"
    CUT_ASKING = "amid what the client says"
    CUT_ANSWERING = "amid the answers, so that some that were given are never heard"
    CORRUPT = "when the two find out that a bit was flipped"


class Network:
    """Leads to a port. Each connection takes one of the moods; when none is left all is calm."""

    def __init__(self, port: int, moods: Sequence[Mood], chance: random.Random) -> None:
        self._to = port
        self._chance = chance
        self.left = list(moods)
        self._running: set[asyncio.Task[None]] = set()
        self.port = 0

    @contextlib.asynccontextmanager
    async def between(self) -> AsyncIterator["Network"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mood = self.left.pop(0) if self.left else Mood.CALM
        self._running.add(asyncio.create_task(self._join(reader, writer, mood)))

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mood: Mood
    ) -> None:
        async with ended(writer):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
            async with ended(far_writer):
                # An early end cuts a handshake, a late one what was asked and answered.
                share = self._chance.choice([0.02, 0.2, 1.0]) * self._chance.uniform(0.2, 1.0)
                asking = Way(reader, far_writer, mood, int(share * ASKED), self._chance)
                answering = Way(far_reader, writer, mood, int(share * ANSWERED), self._chance)
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(asking.pass_on(cut=Mood.CUT_ASKING)),
                        group.create_task(answering.pass_on(cut=Mood.CUT_ANSWERING)),
                    ]
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    for task in tasks:
                        task.cancel()


@contextlib.asynccontextmanager
async def ended(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


class Way:
    """One direction of one connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        mood: Mood,
        end: int,
        chance: random.Random,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._mood = mood
        self._end = end
        self._chance = chance
        self._passed = 0

    async def pass_on(self, *, cut: Mood) -> None:
        """Until one side ends, or where the mood is `cut`, until so many bytes have passed."""
        with contextlib.suppress(OSError):
            while data := await self._reader.read(PIECE):
                left = self._end - self._passed
                self._passed += len(data)
                if self._mood is not Mood.CALM:
                    await asyncio.sleep(self._chance.uniform(0, DELAY_SECONDS))
                if self._mood is cut:
                    data = data[:left]
                elif self._mood is Mood.CORRUPT and left < len(data):
                    data = self._flipped(data)
                self._writer.write(data)
                await self._writer.drain()
                if self._mood is cut and self._passed >= self._end:
                    return

    def _flipped(self, data: bytes) -> bytes:
        content = bytearray(data)
        content[self._chance.randrange(len(content))] ^= 1 << self._chance.randrange(8)
        return bytes(content)
