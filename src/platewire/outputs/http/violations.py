"""Tolerant parsing of responses that violate HTTP after a valid status line.

Receivers answer 204 with a body, send more than `Content-Length`, or write a space into a header
name. aiohttp raises for such a response and hides even its status, though the receiver has
processed the request; browsers and curl accept most of them. Here a final status line counts,
whatever follows it:

    head   sanitized: the few headers that matter (`KEPT`), and one body length
    body   as far as it can be read
    after  the connection is closed, and connections to this receiver are no longer reused, because
           late bytes would precede the next response

An invalid status line is not a response. `odd` describes the violation.
"""

import asyncio
import functools
import re
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp.connector import Connection
from aiohttp.http_parser import RawResponseMessage
from aiohttp.streams import EMPTY_PAYLOAD

from platewire.limits import http_client
from platewire.limits.http_client import BESIDE_BYTES_MAX, Metered

KEPT = (b"content-type", b"retry-after")
"""No challenge and no redirect: a request repeated after a malformed response could act twice."""

EMPTY = frozenset({204, 205})
"""Statuses without a body. 304 has none either, but may announce its length."""

_INTERIM = rb"(?:HTTP/\d\.\d +1\d\d[^\n]*\n(?:[^\r\n]+\r?\n)*\r?\n)*"
_FINAL = re.compile(rb"(?:\r?\n)*" + _INTERIM + rb"(HTTP/\d\.\d +[2-9]\d\d(?: [^\r\n]*)?)\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")

Parsed = tuple[Any, bool, bytes]
"""What `feed_data` of aiohttp's parsers returns: answers with their bodies, upgraded, what is left
over."""


class ProtocolViolations:
    """HTTP violations of one receiver, shared by all connections to it."""

    odd = ""
    """The last violation. If set, late bytes could be parsed as the next response."""


def lenient(
    connector: http_client.Connector, violations: ProtocolViolations
) -> http_client.Connector:
    """Needs a running event loop; for sessions whose response class is `LenientResponse`."""
    return http_client.bounded(
        connector, functools.partial(_LenientProtocol, violations=violations)
    )


class LenientResponse(aiohttp.ClientResponse):
    """A response that is valid at least in its status line."""

    _parser: "_Parser | None" = None

    @property
    def odd(self) -> str:
        """The violation, as far as the response was read, or empty."""
        return self._parser.odd if self._parser is not None else ""

    @property
    def broke_off(self) -> bool:
        """Whether the response was truncated."""
        return self._parser is not None and self._parser.broke_off

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        protocol = connection.protocol
        self._parser = protocol.parser if isinstance(protocol, _LenientProtocol) else None
        try:
            return await super().start(connection)
        except (TimeoutError, aiohttp.ClientError, OSError):
            head = self._parser.head_so_far() if self._parser is not None else None
            if head is None:
                raise
            self._begin(head)
        return self

    def _begin(self, head: RawResponseMessage) -> None:
        """Like aiohttp's own `start`, without what may follow the head."""
        self.version, self.status, self.reason = head.version, head.code, head.reason
        self._headers, self._raw_headers = head.headers, head.raw_headers
        self.content = EMPTY_PAYLOAD
        self.close()  # The rest may still come, and would stand before the next answer.


class _LenientProtocol(Metered):
    """One connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, violations: ProtocolViolations) -> None:
        super().__init__(loop)
        self._violations = violations
        self.parser: _Parser | None = None
        """Parser of the response to the last request."""

    @property
    def should_close(self) -> bool:
        goes_on = self.parser is not None and self.parser.goes_on
        return goes_on or bool(self._violations.odd) or super().should_close

    def is_connected(self) -> bool:
        """Whether a request can go over it: also not where something came while nobody asked,
        which aiohttp would take for the answer."""
        return super().is_connected() and not self.should_close

    def set_response_params(self, **options: Any) -> None:
        strict = functools.partial(self._strict, options)
        self.parser = _Parser(strict, self._violations)
        self._parser = self.parser  # type: ignore[assignment]

    def _strict(self, options: dict[str, Any]) -> Any:
        """aiohttp's own parser, bound to this connection."""
        kept = self._parser
        super().set_response_params(**options)
        made, self._parser = self._parser, kept
        return made


class _Parser:
    """Parses one response like aiohttp, and continues where aiohttp gives up."""

    def __init__(self, strict: Callable[[], Any], violations: ProtocolViolations) -> None:
        self._strict = strict
        self._parser = strict()
        self._violations = violations
        self._heard = b""
        """Bytes of the head."""
        self._body: Any = None
        """Stream of the body, once the head is parsed."""
        self._broken = False
        """The head needs sanitizing."""
        self.odd = ""
        self.broke_off = False
        self.goes_on = False
        """More bytes follow, which would be parsed as the next response."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)

    def feed_data(self, data: bytes) -> Parsed:
        if self._body is not None:
            return self._read_on(data)
        known = len(self._heard)
        self._heard += data[: BESIDE_BYTES_MAX - known]
        if not self._broken:
            try:
                return self._begun(self._parser.feed_data(data))
            except Exception as error:
                self._breaks(error)
                if _FINAL.match(self._heard) is None:
                    raise
                self._broken, known = True, 0
        return self._begun_anew(known)

    def feed_eof(self) -> Any:
        try:
            return self._parser.feed_eof()
        except Exception:
            if self._body is None:
                raise
        self.odd = self.odd or "was cut off"
        self._end_body()
        return None

    def head_so_far(self) -> RawResponseMessage | None:
        """The head of a response that ended early; None without a status line."""
        final = _FINAL.match(self._heard)
        if final is None:
            return None
        self.odd = self.odd or "ends within its headers"
        self.broke_off = True
        head = cleaned(final[1], self._heard[final.end() :])
        return self._strict().feed_data(head)[0][0][0]  # type: ignore[no-any-return]

    def _begun(self, parsed: Parsed) -> Parsed:
        """Up to the answer; what comes behind it is nobody's."""
        messages, upgraded, left = parsed
        heard = []
        for message, body in messages:
            if self._body is not None:
                self.goes_on = True
                if not message.should_close:  # else it is a word of farewell
                    self._bad_manners("is followed by an unexpected second response")
                break
            heard.append((message, body))
            if message.code >= 200:
                self._body = body
            if message.code in EMPTY and _announces(message):
                self._bad_manners(f"announces a body, which status {message.code} must not have")
        return heard, upgraded, left

    def _begun_anew(self, known: int) -> Parsed:
        """Called until an unparsable head is complete, with the bytes behind it; the first `known`
        bytes do not contain its end."""
        final = _FINAL.match(self._heard)
        if final is None:
            return (), False, b""
        end = _HEAD_END.search(self._heard, max(final.end(1), known - len(b"\r\n\r")))
        if end is None:
            return (), False, b""
        self._parser = self._strict()
        head = cleaned(final[1], self._heard[final.end() : end.start() + 2])
        parsed = self._begun(self._parser.feed_data(head))
        self._read_on(self._heard[end.end() :])
        return parsed

    def _read_on(self, data: bytes) -> Parsed:
        try:
            return self._begun(self._parser.feed_data(data))
        except Exception as error:
            self._breaks(error)
            if self._body.is_eof() and not self._broken:
                raise  # the response is complete, and aiohttp closes
        self._end_body()
        return (), False, b""

    def _end_body(self) -> None:
        if not self._body.is_eof():
            self.broke_off = True
            self._body.feed_eof()

    def _breaks(self, error: Exception) -> None:
        words = (str(getattr(error, "message", error)).splitlines() or [""])[0].rstrip(":")
        self._bad_manners(f"violates HTTP ({words})")

    def _bad_manners(self, odd: str) -> None:
        self.odd = self._violations.odd = self.odd or odd


def _announces(message: RawResponseMessage) -> bool:
    return message.chunked or message.headers.get("Content-Length", "0") != "0"


def cleaned(status_line: bytes, fields: bytes) -> bytes:
    """A head that every parser accepts, from the fields of a malformed one."""
    split = (line.partition(b":") for line in fields.splitlines())
    named = [(name.strip().lower(), value.strip()) for name, _, value in split]
    kept = {name: value for name, value in reversed(named) if name in KEPT and value.isascii()}
    lines = [b": ".join(each) for each in kept.items()]
    lengths = {value for name, value in named if name == b"content-length" and value.isdigit()}
    if any(name == b"transfer-encoding" and b"chunked" in value.lower() for name, value in named):
        lines.append(b"transfer-encoding: chunked")
    elif len(lengths) == 1:
        lines.append(b"content-length: " + lengths.pop())
    return b"\r\n".join((status_line, *lines, b"connection: close", b"", b""))
