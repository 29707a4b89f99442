"""Devices that switch and then answer as no device should; they count how often they switched."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

Habit = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Device:
    """Switches for each request that it has read in whole."""

    habit: Habit
    port: int = 0
    pulses: list[bytes] = field(default_factory=list)
    """The first line of each request, or the whole of a Modbus one, that switched it on."""
    offs: int = 0
    told: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve_http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if length := re.search(rb"Content-Length: (\d+)", head):
                await reader.readexactly(int(length[1]))
            if b" /off" in head:
                self.offs += 1
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            else:
                self.pulses.append(head)
                self.told.set()
                await self.habit(writer)

    async def serve_modbus(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            asked = await reader.readexactly(12)
            if asked[10:] == b"\xff\x00":
                self.pulses.append(asked)
                await self.habit(writer)
            else:
                self.offs += 1
                writer.write(asked)


@contextlib.asynccontextmanager
async def device(habit: Habit, *, modbus: bool = False) -> AsyncIterator[Device]:
    made = Device(habit)
    serve = made.serve_modbus if modbus else made.serve_http
    serving: set[asyncio.Task[None] | None] = set()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            await serve(reader, writer)
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await asyncio.gather(*(each for each in serving if each))


# --- habits ---------------------------------------------------------------------------------------


def says(text: str, *, closes: bool = True) -> Habit:
    """And closes the connection, or holds it open and says nothing more."""

    async def habit(writer: asyncio.StreamWriter) -> None:
        writer.write(text.encode())
        await writer.drain()
        if closes:
            writer.close()

    return habit


def answers(status: str, body: str = "", *more: str) -> Habit:
    """Well formed and whole."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *more, "", body)
    return says("\r\n".join(lines), closes=False)


def late(seconds: float) -> Habit:
    async def habit(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")(writer)

    return habit


async def resets(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def mute(_: asyncio.StreamWriter) -> None:
    pass


closes = says("")
