"""Servers that answer with what never ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

SENT_BYTES_MAX = 300 * 10**6
"""What the hostile side would send if nobody hung up."""


@contextlib.asynccontextmanager
async def hostile(
    until: bytes, first: bytes, piece: bytes, sent: list[int] | None = None, port: int = 0
) -> AsyncIterator[int]:
    """A server that reads up to `until`, says `first`, then `piece` for as long as it is heard;
    `sent` gets a number of bytes for each piece that was taken."""
    conversations: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(until)
            writer.write(first)
            for _ in range(SENT_BYTES_MAX // len(piece)):
                writer.write(piece)
                await writer.drain()
                if sent is not None:
                    sent.append(len(piece))
        finally:
            writer.transport.abort()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", port)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for each in conversations:
            each.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
TRAILERS = (b"x-t: " + b"y" * 1000 + b"\r\n") * 64
ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "interim answers": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2000),
    "empty lines": (b"\r\n", b"\r\n" * 32_000),
    "a head": (OK, TRAILERS),
    "a header": (OK + b"x: ", b"y" * 64_000),
    "a chunk extension": (CHUNKED + b"5;x=", b"y" * 64_000),
    "trailers": (CHUNKED + b"0\r\n", TRAILERS),
    "a body": (CHUNKED, (b"ffff\r\n" + b"y" * 0xFFFF + b"\r\n")),
    "more answers": (OK + b"Content-Length: 0\r\n\r\n", (OK + b"Content-Length: 0\r\n\r\n") * 1000),
}

ACCEPTED = {4: b"\x20\x02\x00\x00", 5: b"\x20\x03\x00\x00\x00"}
LONGEST = b"\x30\xff\xff\xff\x7f"
"""A PUBLISH that announces 268,435,455 bytes."""


def published(version: int) -> bytes:
    body = b"\x00\x01t" + (b"\x00" if version == 5 else b"") + b"online"
    return b"\x30" + bytes([len(body)]) + body


ENDLESS_BROKERS: dict[str, tuple[Callable[[int], bytes], Callable[[int], bytes]]] = {
    "one packet": (lambda _: LONGEST, lambda _: b"x" * 65_536),
    "small packets": (lambda _: b"", lambda version: published(version) * 1000),
}
