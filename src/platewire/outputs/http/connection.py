"""One persistent HTTP connection to one receiver, for every output over HTTP.

Redirects are followed only to configured hosts, a proxy is used only if configured, cookies are not
stored, and a response is read up to a limit of bytes and time. Every failure is Unavailable, with a
message; `http.response` and the caller decide what a response means, `http.egress` which addresses
are allowed.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from typing import Any, ClassVar, cast
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

import platewire
from platewire.errors import ConfigError, Unavailable
from platewire.outputs import exchange
from platewire.outputs.http import auth as http_auth
from platewire.outputs.http import proxy as http_proxy
from platewire.outputs.http import response as http_response
from platewire.outputs.http import tls as http_tls
from platewire.outputs.http import violations as http_violations
from platewire.outputs.http.auth import NO_AUTH, Auth
from platewire.outputs.http.egress import STRICT, AddressRefused, Egress, Guard, GuardedResolver
from platewire.outputs.http.response import HttpResponse
from platewire.outputs.http.tls import Tls
from platewire.outputs.http.violations import LenientResponse, ProtocolViolations
from platewire.runtime.secret import masked

ANSWER_BYTES_MAX = 16 * 1024
"""Bytes of an answer that are read, at most: receivers confirm in a few words; more is not waited
for."""
ANSWER_SECONDS = 5.0
"""Longest wait for the rest of such an answer, once its status is there."""
LOOK_UP_SECONDS = 2.0
"""For names that the proxy resolves anyway: networks with a proxy often have no external DNS."""
REDIRECTS_MAX = 5
"""Redirects that are followed for one request; more are taken for a circle."""
SAME_AGAIN = frozenset({307, 308})
"""Redirects that ask for the same method and body (RFC 9110, 15.4)."""
NETWORK_ERRORS = (aiohttp.ClientError, OSError, asyncio.TimeoutError)
Trust = ssl.SSLContext | aiohttp.Fingerprint
UNCOMPRESSED = {"Accept-Encoding": "identity"}
"""A small answer could become a large one; nothing is unpacked."""
AGENT = {"User-Agent": f"platewire/{platewire.__version__}"}


def checked_url(
    output: str,
    text: str,
    tls: Tls,
    *,
    secrets_go_to: str = "`auth`",
    egress: Egress = STRICT,
    role: str = "output",
) -> URL:
    """ConfigError where `text` is no HTTP address, holds secrets or names an address that is
    refused, or `tls` or `egress` cannot be used."""
    try:
        url = URL(text.replace(" ", "%20"))  # a space in a query would become `+`
        usable = url.scheme in ("http", "https") and bool(url.host) and url.port
    except ValueError:
        usable = False
    who = f'{role} "{output}"'
    where = f"{who}: `url`"
    if not usable:
        seen = http_response.without_secrets(text)
        raise ConfigError(f"{where} is {seen}; write it like https://host:port/path")
    if url.user or url.password:
        raise ConfigError(f"{where} contains a user or password; move them to {secrets_go_to}")
    if url.scheme == "http" and tls != Tls():
        raise ConfigError(
            f"{where} starts with http://, so `tls` has no effect; use https:// or remove `tls`"
        )
    _trust(url, tls, who)
    try:
        Guard(egress).check_literal(url.host or "")
        if egress.proxy is not None:
            Guard(egress).check_literal(http_proxy.address(egress.proxy).host or "")
    except AddressRefused as error:
        raise ConfigError(f"{where}: {http_response.without_secrets(text)} {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{who}: {error}") from error
    return url


def with_query(url: URL, values: Mapping[str, str]) -> URL:
    """Encodes spaces as `%20`: URL parsers such as Qt's do not decode `+`."""
    return URL(
        f"{url.with_query(None)}?{urlencode(values, quote_via=quote, safe='')}", encoded=True
    )


class _BrokenOff(aiohttp.ClientError):
    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


async def _sent_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """aiohttp repeats a GET or PUT by itself if the connection breaks off before the answer: the
    receiver would get an event twice, in one attempt. It does not repeat after other errors."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _BrokenOff(error) from error


class HttpConnection:
    """`who` begins each message; `url` is where it checks the connection, and the default of
    requests.

    `first_byte_seconds` bounds each silence of the receiver, None only the whole. ConfigError where
    a secret of `auth` is not there.
    """

    through_proxies: ClassVar[bool] = True

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
        self._proxy = http_proxy.address(egress.proxy) if egress.proxy is not None else None
        if self._proxy is not None and not self.through_proxies:
            raise ConfigError(
                f"{who}: `egress.proxy` is not supported by outputs that open a gate, because a "
                "proxy may retry a request; remove it, and connect to the device directly"
            )
        self._total_seconds = total_seconds
        self._proxy_headers: Mapping[str, str] = {}
        self._violations = ProtocolViolations()
        self._session: aiohttp.ClientSession | None = None
        self._proof()

    def _proof(self) -> tuple[dict[str, str], tuple[aiohttp.ClientMiddlewareType, ...]]:
        """Reads secrets, at the start and again whenever it is opened: they change."""
        try:
            if self._egress.proxy is not None:
                self._proxy_headers = http_proxy.headers(self._egress.proxy)
            return http_auth.headers(self._auth), http_auth.middlewares(self._auth)
        except ConfigError as error:
            raise ConfigError(f"{self._who}: {error}") from error

    async def open(self, headers: Mapping[str, str] = AGENT) -> None:
        """Opens and closes a connection, TLS included, so that a wrong address is reported before
        any event. With a proxy, the connection is that to the proxy.

        `headers` go with each request. ConfigError where `tls` or `auth` cannot be used.
        """
        await self.close()
        proof, middlewares = self._proof()
        trust = _trust(self._url, self._tls, self._who)
        await self._check_behind_proxy(self._url)
        await self._knock(None if self._proxy else trust)
        self._session = aiohttp.ClientSession(
            connector=http_violations.lenient(self._made_connector(trust), self._violations),
            response_class=LenientResponse,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=self._total_seconds,
                sock_connect=self._connect_seconds,
                sock_read=self._first_byte_seconds,
            ),
            trust_env=False,
            auto_decompress=False,
            headers={**UNCOMPRESSED, **headers, **proof},
            middlewares=(_sent_once, *middlewares),
        )

    def _made_connector(self, trust: Trust | None) -> aiohttp.TCPConnector:
        # Some proxies close the connection after a request without announcing it.
        once = self._proxy is not None and self._url.scheme == "http"
        return aiohttp.TCPConnector(**self._connecting(trust), force_close=once)

    def _connecting(self, trust: Trust | None) -> dict[str, Any]:
        return {
            "ssl": trust or True,
            "resolver": GuardedResolver(self._guard),
            "limit": 0,  # Who asks says how many requests there are at a time.
        }

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
    ) -> HttpResponse:
        """What was answered, whatever it is; Unavailable where nothing was."""
        target = url or self._url
        for _ in range(REDIRECTS_MAX + 1):
            answer = await self._asked(method, target, headers, body, answer_bytes)
            onward = self._onward(answer, target)
            if onward is None:
                return answer
            await self._check_behind_proxy(onward)
            target = onward
        raise Unavailable(
            f"{self._who} redirects in a loop, or more than {REDIRECTS_MAX} times, last to "
            f"{http_response.without_secrets(str(target))}; set `url` to the final URL"
        )

    async def _asked(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str] | None,
        body: bytes,
        answer_bytes: int,
    ) -> HttpResponse:
        if self._session is None:
            raise Unavailable(f"{self._who} is not connected")
        if url.scheme == "http":  # the proxy receives the request itself
            headers = {**(headers or {}), **self._proxy_headers}
        exchange.tell_request(
            method,
            http_response.without_secrets(str(url)),
            {**self._session.headers, **(headers or {})},
        )
        try:
            async with self._session.request(
                method,
                url,
                data=body or None,
                headers=headers,
                allow_redirects=False,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers or None,
            ) as response:
                long = answer_bytes > ANSWER_BYTES_MAX
                patience = self._total_seconds if long else ANSWER_SECONDS
                text, cut = await _start(response, answer_bytes, patience)
                lenient = cast(LenientResponse, response)
                text, cut = masked(text), cut or lenient.odd
                exchange.tell_answer(response.status, text)
                return HttpResponse(response.status, response.headers, text, cut, lenient.broke_off)
        except aiohttp.SocketTimeoutError as error:
            silence = self._first_byte_seconds or self._total_seconds
            raise http_response.failure(error, self._who, silence) from error
        except _BrokenOff as error:
            raise http_response.failure(error.cause, self._who, self._total_seconds) from error
        except NETWORK_ERRORS as error:
            raise http_response.failure(error, self._who, self._total_seconds) from error

    def _onward(self, answer: HttpResponse, requested_url: URL) -> URL | None:
        """Where a redirect leads that may be followed; None for all else, which is the answer."""
        if answer.status not in SAME_AGAIN or "Location" not in answer.headers:
            return None
        try:
            onward = requested_url.join(URL(answer.headers["Location"]))
        except ValueError:
            return None
        if onward.host not in self._egress.redirect_hosts or onward.scheme != requested_url.scheme:
            return None
        try:
            self._guard.check_literal(onward.host or "")
        except AddressRefused as error:
            raise http_response.failure(error, self._who, 0) from error
        return onward

    async def _check_behind_proxy(self, url: URL) -> None:
        """The proxy resolves the name itself; refuse here what this computer can resolve."""
        if self._proxy is None:
            return
        try:
            await self._guard.check_name(url.host or "", url.port or 0, LOOK_UP_SECONDS)
        except AddressRefused as error:
            raise http_response.failure(error, self._who, 0) from error

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
            raise http_response.failure(error, self._who, self._connect_seconds) from error
        with contextlib.suppress(*NETWORK_ERRORS):
            async with asyncio.timeout(self._connect_seconds):
                await writer.wait_closed()

    async def _opened(self, trust: Trust | None) -> asyncio.StreamWriter:
        """To the first of the host's addresses that answers, each with its share of the time."""
        url = self._proxy or self._url
        host, port = url.host or "", url.port or 0
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
        cut = "was cut off"
    if len(read) > limit:
        cut = f"exceeds {limit} bytes"
    if cut:
        response.close()
    return _decoded(bytes(read[:limit]), response.charset), cut


def _decoded(text: bytes, charset: str | None) -> str:
    try:
        return text.decode(charset or "utf-8", "replace")
    except (LookupError, UnicodeError):  # it is none, or one that replaces nothing
        return text.decode("utf-8", "replace")
