"""aiohttp's connector, with a bound on what an answer may send beside its body.

aiohttp bounds a line, a head and the trailers. It does not bound how many interim answers (1xx),
answers that nobody asked for, empty lines and bytes of chunk extensions there may be, and reads
them as fast as they come: one receiver would keep the event loop busy for everybody. How long a
body may be, and how long everything may take, is for the one who asks to say.
"""

import asyncio
import functools
from collections.abc import Callable
from typing import Any, TypeVar

import aiohttp
from aiohttp.client_proto import ResponseHandler

BESIDE_BYTES_MAX = 64 * 1024
"""Before, between and after the bytes of a body: a head of 8 KiB, and room for proxies' 1xx."""

PIECE_BYTES = 4 * 1024
"""What is understood at a time of what came at once, up to 256 KiB: 100 short answers, which
take about 2 ms."""
ANSWERS_MAX = 16
"""That came and nobody has taken yet, interim ones among them; one request has one answer."""

Connector = TypeVar("Connector", bound=aiohttp.TCPConnector)


def connector(**options: Any) -> aiohttp.TCPConnector:
    """As `aiohttp.TCPConnector`, to be called where an event loop runs."""
    return bounded(aiohttp.TCPConnector(**options))


def bounded(made: Connector, protocol: "Callable[..., Metered] | None" = None) -> Connector:
    """A connector of another kind, or with another bounded `protocol`."""
    metered: Any = functools.partial(protocol or Metered, loop=asyncio.get_running_loop())
    made._factory = metered
    return made


class Metered(ResponseHandler):
    """Ends a conversation in which too much comes that is no body."""

    _beside = 0
    _body = 0

    def set_response_params(self, **options: Any) -> None:
        self._beside = self._body = 0
        super().set_response_params(**options)

    def data_received(self, data: bytes) -> None:
        """In pieces, until there is too much; where nobody reads, the rest is aiohttp's to keep."""
        while len(data) > PIECE_BYTES and not self._reading_paused:
            self._understand(data[:PIECE_BYTES])
            data = data[PIECE_BYTES:]
            if self.transport is None or self.transport.is_closing():
                return
        self._understand(data)

    def _understand(self, piece: bytes) -> None:
        super().data_received(piece)
        body = getattr(self._payload, "total_bytes", 0)
        self._beside = self._beside + len(piece) if body == self._body else 0
        self._body = body
        if self._beside > BESIDE_BYTES_MAX + len(piece):
            self._end(f"{self._beside} bytes of framing without content")
        elif len(self._buffer) > ANSWERS_MAX:
            self._end(f"{len(self._buffer)} responses to one request")

    def _end(self, reason: str) -> None:
        error = aiohttp.ClientPayloadError(reason)
        payload = self._payload
        if self.transport is not None:
            self.transport.abort()
        self.set_exception(error)
        if payload is not None:
            payload.set_exception(error)
