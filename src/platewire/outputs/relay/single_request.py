"""A connection that sends each request once, and knows whether it was sent.

aiohttp repeats a GET or PUT by itself if the connection is closed without a response. So received
bytes are observed on their way to aiohttp, and a second request is allowed only if the response to
the first one asked for it.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL

from platewire.outputs.http.connection import (
    AGENT,
    ANSWER_BYTES_MAX,
    SAME_AGAIN,
    HttpConnection,
    Trust,
)
from platewire.outputs.http.response import HttpResponse

HEARD_BYTES_MAX = 16 * 1024
"""Of an answer's beginning, interim answers (1xx) before it included."""
ASKING_AGAIN = frozenset({401, *SAME_AGAIN})
"""Answers that another request of the same kind follows: a challenge, a redirect that may be
followed."""
_STATUS_LINE = re.compile(rb"^HTTP/\d\.\d +([2-9]\d\d)[ \r\n]", re.MULTILINE)


class SingleRequestConnection(HttpConnection):
    """One request at a time."""

    through_proxies = False
    _connector: "_RecordingConnector | None" = None

    @property
    def may_have_arrived(self) -> bool:
        """Whether any byte of the last request may have left."""
        return self._connector is not None and self._connector.heard is not None

    @property
    def status(self) -> int | None:
        """Of the last request, as soon as its status line is there, whatever follows it."""
        return status_in(self.heard)

    @property
    def heard(self) -> bytes:
        """The first 16 KiB that were answered, head and body."""
        heard = self._connector.heard if self._connector else None
        return heard.start if heard else b""

    async def open(self, headers: Mapping[str, str] = AGENT) -> None:
        self._connector = None
        await super().open(headers)

    async def ask(
        self,
        method: str = "POST",
        url: URL | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        answer_bytes: int = ANSWER_BYTES_MAX,
    ) -> HttpResponse:
        if self._connector is not None:
            self._connector.heard = None
        return await super().ask(method, url, headers=headers, body=body, answer_bytes=answer_bytes)

    def _made_connector(self, trust: Trust | None) -> aiohttp.TCPConnector:
        self._connector = _RecordingConnector(**self._connecting(trust), force_close=True)
        return self._connector


class _RecordingConnector(aiohttp.TCPConnector):
    heard: "_ResponseRecorder | None" = None
    """Of the request that is sent, from when its connection stands, TLS included."""

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        if self.heard is not None and status_in(self.heard.start) not in ASKING_AGAIN:
            raise aiohttp.ServerDisconnectedError
        self.heard = None
        connection = await super().connect(*args, **kwargs)
        if connection.transport is not None and connection.protocol is not None:
            self.heard = _ResponseRecorder(connection.protocol)
            connection.transport.set_protocol(self.heard)
        return connection


class _ResponseRecorder(asyncio.Protocol):
    """Passes everything on, and keeps the beginning of the response."""

    def __init__(self, onward: asyncio.Protocol) -> None:
        self._onward = onward
        self.start = b""

    def data_received(self, data: bytes) -> None:
        self.start += data[: HEARD_BYTES_MAX - len(self.start)]
        self._onward.data_received(data)

    def eof_received(self) -> bool | None:
        return self._onward.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._onward.connection_lost(exc)

    def pause_writing(self) -> None:
        self._onward.pause_writing()

    def resume_writing(self) -> None:
        self._onward.resume_writing()


def status_in(start: bytes) -> int | None:
    """Of an answer's first status line that is no interim one; None where that is not there yet."""
    found = _STATUS_LINE.search(start)
    return int(found[1]) if found else None
