"""One kept HTTP connection to one receiver, for every way out that asks over HTTP.

Nothing is redirected unless the configuration names where to, nothing goes through a proxy, no
cookie is kept, and of an answer only as much is read as was asked for, for a bounded time. Every
failure is Unavailable, in words; what an answer means is for the caller and `http_answer` to say,
which addresses are good for `http_egress`.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from typing import cast

import aiohttp
from yarl import URL

import platewire
from platewire.errors import ConfigError, Unavailable
from platewire.secret import masked
from platewire.transfers import exchange, http_answer, http_auth, http_tls
from platewire.transfers.http_answer import Answer
from platewire.transfers.http_auth import NO_AUTH, Auth
from platewire.transfers.http_egress import STRICT, AddressRefused, Egress, Guard, GuardedResolver
from platewire.transfers.http_tls import Tls

ANSWER_BYTES_MAX = 16 * 1024
ANSWER_SECONDS = 5.0
"""Longest wait for the rest of such an answer, once its status is there."""
REDIRECTS_MAX = 5
SAME_AGAIN = frozenset({307, 308})
"""Redirects that ask for the same method and body (RFC 9110, 15.4)."""
NETWORK_ERRORS = (aiohttp.ClientError, OSError, asyncio.TimeoutError)
Trust = ssl.SSLContext | aiohttp.Fingerprint
UNCOMPRESSED = {"Accept-Encoding": "identity"}
"""A small answer could become a large one; nothing is unpacked."""
AGENT = {"User-Agent": f"platewire/{platewire.__version__}"}


def checked_url(
    transfer: str,
    text: str,
    tls: Tls,
    *,
    secrets_go_to: str = "`auth`",
    egress: Egress = STRICT,
) -> URL:
    """ConfigError where `text` is no HTTP address, holds secrets or names an address that is
    refused, or `tls` or `egress` cannot be used."""
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
    try:
        Guard(egress).check_literal(url.host or "")
    except AddressRefused as error:
        raise ConfigError(f"{where}: {http_answer.shown(text)} {error}") from error
    except ConfigError as error:
        raise ConfigError(f'transfer "{transfer}": {error}') from error
    return url


class HttpConnection:
    """`who` begins each message; `url` is where it knocks, and what it is asked for otherwise.

    `first_byte_seconds` bounds each silence of the receiver, None only the whole. ConfigError where
    a secret of `auth` is not there.
    """

    def __init__(
        self,
        url: URL,
        who: str,
        *,
        tls: Tls,
        auth: Auth = NO_AUTH,
        connect_seconds: float = 10,
        first_byte_seconds: float | None = None,
        total_seconds: float = 30,
        egress: Egress = STRICT,
    ) -> None:
        self._url = url
        self._who = who
        self._tls = tls
        self._auth = auth
        self._connect_seconds = connect_seconds
        self._first_byte_seconds = first_byte_seconds
        self._egress = egress
        self._guard = Guard(egress)
        self._total_seconds = total_seconds
        self._session: aiohttp.ClientSession | None = None
        self._proof()

    def _proof(self) -> tuple[dict[str, str], tuple[aiohttp.ClientMiddlewareType, ...]]:
        """Reads secrets, at the start and again whenever it is opened: they change."""
        try:
            return http_auth.headers(self._auth), http_auth.middlewares(self._auth)
        except ConfigError as error:
            raise ConfigError(f"{self._who}: {error}") from error

    async def open(self, headers: Mapping[str, str] = AGENT) -> None:
        """Opens and closes a connection, TLS included: tells a wrong address before any event.

        `headers` go with each request. ConfigError where `tls` or `auth` cannot be used.
        """
        await self.close()
        proof, middlewares = self._proof()
        trust = _trust(self._url, self._tls, self._who)
        await self._knock(trust)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=trust or True,
                resolver=GuardedResolver(self._guard),
                limit=0,  # Who asks says how many requests there are at a time.
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=self._total_seconds,
                sock_connect=self._connect_seconds,
                sock_read=self._first_byte_seconds,
            ),
            trust_env=False,
            auto_decompress=False,
            headers={**UNCOMPRESSED, **headers, **proof},
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
        body: bytes = b"",
        answer_bytes: int = ANSWER_BYTES_MAX,
    ) -> Answer:
        """What was answered, whatever it is; Unavailable where nothing was."""
        target = url or self._url
        for _ in range(REDIRECTS_MAX + 1):
            answer = await self._asked(method, target, headers, body, answer_bytes)
            onward = self._onward(answer, target)
            if onward is None:
                return answer
            target = onward
        raise Unavailable(
            f"{self._who} redirects in a circle, or more than {REDIRECTS_MAX} times, at last to "
            f"{http_answer.shown(str(target))}; set `url` to the final address"
        )

    async def _asked(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str] | None,
        body: bytes,
        answer_bytes: int,
    ) -> Answer:
        if self._session is None:
            raise Unavailable(f"{self._who} is not connected")
        exchange.tell_request(
            method, http_answer.shown(str(url)), {**self._session.headers, **(headers or {})}
        )
        try:
            async with self._session.request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                long = answer_bytes > ANSWER_BYTES_MAX
                patience = self._total_seconds if long else ANSWER_SECONDS
                text, cut = await _start(response, answer_bytes, patience)
                text = masked(text)
                exchange.tell_answer(response.status, text)
                return Answer(response.status, response.headers, text, cut)
        except aiohttp.SocketTimeoutError as error:
            silence = self._first_byte_seconds or self._total_seconds
            raise http_answer.failure(error, self._who, silence) from error
        except NETWORK_ERRORS as error:
            raise http_answer.failure(error, self._who, self._total_seconds) from error

    def _onward(self, answer: Answer, asked: URL) -> URL | None:
        """Where a redirect leads that may be followed; None for all else, which is the answer."""
        if answer.status not in SAME_AGAIN or "Location" not in answer.headers:
            return None
        try:
            onward = asked.join(URL(answer.headers["Location"]))
        except ValueError:
            return None
        if onward.host not in self._egress.redirect_hosts or onward.scheme != asked.scheme:
            return None
        try:
            self._guard.check_literal(onward.host or "")
        except AddressRefused as error:
            raise http_answer.failure(error, self._who, 0) from error
        return onward

    async def _knock(self, trust: Trust | None) -> None:
        pin = trust if isinstance(trust, aiohttp.Fingerprint) else None
        try:
            async with asyncio.timeout(self._connect_seconds):
                writer = await self._opened(http_tls.trusting_all() if pin else trust)
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

    async def _opened(self, trust: Trust | None) -> asyncio.StreamWriter:
        """To the first of the host's addresses that answers, each with its share of the time."""
        host, port = self._url.host or "", self._url.port or 0
        name = host if trust is not None else None
        addresses = await self._guard.addresses(host, port)
        failure: OSError = OSError("no address")
        for address in addresses:
            try:
                async with asyncio.timeout(self._connect_seconds / len(addresses)):
                    _, writer = await asyncio.open_connection(
                        address, port, ssl=trust, server_hostname=name
                    )
                return writer
            except OSError as error:
                failure = error
        raise failure


def _trust(url: URL, tls: Tls, who: str) -> Trust | None:
    try:
        return http_tls.trust(tls) if url.scheme == "https" else None
    except ConfigError as error:
        raise ConfigError(f"{who}: {error}") from error


async def _start(response: aiohttp.ClientResponse, limit: int, seconds: float) -> tuple[str, str]:
    """The first bytes, and why it is not all of them; the status stands, whatever becomes of the
    rest of the answer."""
    if response.content.at_eof():
        return "", ""
    read, cut = bytearray(), ""
    try:
        async with asyncio.timeout(seconds):
            while len(read) <= limit:
                if not (piece := await response.content.read(limit + 1 - len(read))):
                    break
                read += piece
    except TimeoutError:
        cut = f"did not end within {seconds:g} s"
    except NETWORK_ERRORS:
        cut = "broke off"
    if len(read) > limit:
        cut = f"is longer than {limit} bytes"
    if cut:
        response.close()
    return _decoded(bytes(read[:limit]), response.charset), cut


def _decoded(text: bytes, charset: str | None) -> str:
    try:
        return text.decode(charset or "utf-8", "replace")
    except LookupError:
        return text.decode("utf-8", "replace")
