"""One kept HTTP connection to one receiver, for every way out that asks over HTTP.

Nothing is redirected, nothing goes through a proxy, no cookie is kept, and of an answer only as
much is read as was asked for. Every failure is Unavailable, in words; what an answer means is for
the caller and `http_answer` to say.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping, Sequence
from typing import cast

import aiohttp
from yarl import URL

import platewire
from platewire.errors import ConfigError, Unavailable
from platewire.transfers import http_answer, http_tls
from platewire.transfers.http_answer import Answer
from platewire.transfers.http_tls import Tls

ANSWER_BYTES_MAX = 16 * 1024
NETWORK_ERRORS = (aiohttp.ClientError, OSError, asyncio.TimeoutError)
Trust = ssl.SSLContext | aiohttp.Fingerprint
AGENT = {"User-Agent": f"platewire/{platewire.__version__}"}


def checked_url(transfer: str, text: str, tls: Tls, *, secrets_go_to: str = "`auth`") -> URL:
    """ConfigError where `text` is no HTTP address or holds secrets, or `tls` cannot be used."""
    try:
        url = URL(text)
        usable = url.scheme in ("http", "https") and bool(url.host) and url.port
    except ValueError:
        usable = False
    where = f'transfer "{transfer}": `url`'
    if not usable:
        seen = http_answer.shown(text)
        raise ConfigError(f"{where} is {seen}; it must be like https://host:port/path")
    if url.user or url.password:
        raise ConfigError(f"{where} holds a user or password; put them into {secrets_go_to}")
    if url.scheme == "http" and tls != Tls():
        raise ConfigError(f"{where} begins with http://, so `tls` would have no effect")
    _trust(url, tls, f'transfer "{transfer}"')
    return url


class HttpConnection:
    """`who` begins each message; `url` is where it knocks, and what it is asked for otherwise."""

    def __init__(
        self, url: URL, who: str, *, connect_seconds: float = 10, total_seconds: float = 30
    ) -> None:
        self._url = url
        self._who = who
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._session: aiohttp.ClientSession | None = None

    async def open(
        self,
        tls: Tls,
        headers: Mapping[str, str] = AGENT,
        middlewares: Sequence[aiohttp.ClientMiddlewareType] = (),
    ) -> None:
        """Opens and closes a connection, TLS included: tells a wrong address before any event.

        ConfigError where `tls` cannot be used.
        """
        await self.close()
        trust = _trust(self._url, tls, self._who)
        await self._knock(trust)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=self._total_seconds, sock_connect=self._connect_seconds
            ),
            headers=headers,
            middlewares=middlewares,
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(
        self,
        method: str = "POST",
        url: URL | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        answer_bytes: int = ANSWER_BYTES_MAX,
    ) -> Answer:
        """What was answered, whatever it is; Unavailable where nothing was."""
        if self._session is None:
            raise Unavailable(f"{self._who} is not connected")
        try:
            async with self._session.request(
                method, url or self._url, data=body, headers=headers, allow_redirects=False
            ) as response:
                text = await _start(response, answer_bytes)
                return Answer(response.status, response.headers, text)
        except NETWORK_ERRORS as error:
            raise http_answer.failure(error, self._who, self._total_seconds) from error

    async def _knock(self, trust: Trust | None) -> None:
        pin = trust if isinstance(trust, aiohttp.Fingerprint) else None
        context = http_tls.trusting_all() if pin else trust
        try:
            async with asyncio.timeout(self._connect_seconds):
                _, writer = await asyncio.open_connection(
                    self._url.host, self._url.port, ssl=context
                )
                try:
                    if pin is not None:
                        pin.check(cast(asyncio.Transport, writer.transport))
                finally:
                    writer.close()
        except NETWORK_ERRORS as error:
            raise http_answer.failure(error, self._who, self._connect_seconds) from error
        with contextlib.suppress(*NETWORK_ERRORS):
            async with asyncio.timeout(self._connect_seconds):
                await writer.wait_closed()


def _trust(url: URL, tls: Tls, who: str) -> Trust | None:
    try:
        return http_tls.trust(tls) if url.scheme == "https" else None
    except ConfigError as error:
        raise ConfigError(f"{who}: {error}") from error


async def _start(response: aiohttp.ClientResponse, limit: int) -> str:
    """The first bytes; the status stands, whatever becomes of the rest of the answer."""
    read = bytearray()
    with contextlib.suppress(*NETWORK_ERRORS):
        while len(read) < limit:
            if not (piece := await response.content.read(limit - len(read))):
                break
            read += piece
    if not response.content.at_eof():
        response.close()
    return read.decode("utf-8", "replace")
