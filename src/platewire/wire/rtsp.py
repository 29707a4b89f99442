"""RTSP messages (RFC 2326) and the packets between them: bytes in, values out. No sockets.

Cameras send noise now and then: it is skipped up to the next packet or answer. Limits hold before
anything is kept.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

HEAD_BYTES_MAX = 64 * 2**10
"""Bytes of a message's header, at most: cameras send a few hundred; a bound on memory."""
BODY_BYTES_MAX = 2**20
"""Bytes of a message's body, at most: descriptions (SDP) have a few kB; a bound on memory."""
_PACKET = ord("$")
_BEGINS = re.compile(
    rb"RTSP/|(?:OPTIONS|DESCRIBE|SETUP|PLAY|PLAY_NOTIFY|PAUSE|TEARDOWN|RECORD|ANNOUNCE|REDIRECT"
    rb"|GET_PARAMETER|SET_PARAMETER) "
)
_NEXT = re.compile(rb"\$|RTSP/")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_PARAMETER = re.compile(r'([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,"]*))')
_LONGEST_BEGINNING = 16
"""Bytes that tell whether a text begins a message: the longest method and its space have 14."""


class NotRtspError(Exception):
    """The other side speaks something else, or without end."""


class Message(NamedTuple):
    """A request or an answer."""

    first: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def status(self) -> int | None:
        """Of an answer; None for a request."""
        words = self.first.split(maxsplit=2)
        is_answer = len(words) > 1 and words[0].startswith("RTSP/") and words[1].isdigit()
        return int(words[1]) if is_answer else None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def having(self, name: str, value: str | None) -> "Message":
        """With this header in the place of all of its name; None takes them out."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return self._replace(headers=kept if value is None else (*kept, (name, value)))

    def encoded(self) -> bytes:
        lines = [self.first, *(f"{name}: {value}" for name, value in self.headers), "", ""]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


class Splitter:
    """Fed with chunks of any size, gives whole messages, and runs of whole packets as bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[Message | bytes]:
        """NotRtspError for what is HTTP, or for a message that is longer than the limits."""
        self._buffer += chunk
        while self._buffer:
            piece = self._packets() if self._buffer[0] == _PACKET else self._message()
            if piece is None:
                return
            if piece:
                yield piece

    def _packets(self) -> bytes | None:
        """As many as are there; each is `$`, a channel, its length in two bytes, and that much."""
        buffer, end = self._buffer, 0
        while len(buffer) >= end + 4 and buffer[end] == _PACKET:
            following = end + 4 + int.from_bytes(buffer[end + 2 : end + 4])
            if following > len(buffer):
                break
            end = following
        return self._taken(end) if end else None

    def _message(self) -> Message | bytes | None:
        if not _BEGINS.match(self._buffer):
            return self._skipped()
        found = _HEAD_END.search(self._buffer, 0, HEAD_BYTES_MAX)
        if found is None:
            if len(self._buffer) >= HEAD_BYTES_MAX:
                raise NotRtspError(f"sends a header longer than {HEAD_BYTES_MAX:,} bytes")
            return None
        message = _parsed(bytes(self._buffer[: found.start()]))
        length = _length(message)
        if len(self._buffer) < found.end() + length:
            return None
        self._taken(found.end())
        return message._replace(body=self._taken(length))

    def _skipped(self) -> bytes | None:
        """Over noise, to where something may begin; b"" goes on, None waits for more."""
        if self._buffer.startswith(b"HTTP/"):
            raise NotRtspError("speaks HTTP")
        if len(self._buffer) < _LONGEST_BEGINNING and self._buffer[:1].isupper():
            return None
        found = _NEXT.search(self._buffer, 1)
        self._taken(found.start() if found else max(len(self._buffer) - 4, 1))
        return b""

    def _taken(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


def _parsed(head: bytes) -> Message:
    first, *lines = head.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")
    pairs = (line.partition(":") for line in lines if ":" in line)
    return Message(first.strip(), tuple((name.strip(), value.strip()) for name, _, value in pairs))


def _length(message: Message) -> int:
    stated = message.get("Content-Length") or "0"
    if not stated.isdigit() or int(stated) > BODY_BYTES_MAX:
        raise NotRtspError(f"states a length of {stated[:20]}")
    return int(stated)


# --- proving who one is --------------------------------------------------------------------------


def authorization(
    challenges: Sequence[str],
    user: str,
    password: str,
    method: str,
    uri: str,
    once: str,
    count: int = 1,
) -> str | None:
    """The header for one request: Digest where it is asked for, else Basic, else None.

    `once` is a text that was never used before (the cnonce of RFC 7616), `count` how many requests
    these challenges were answered for, this one among them.
    """
    for challenge in challenges:
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "digest":
            parameters = {
                key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(rest)
            }
            if answer := _digest(parameters, (user, password), method, uri, once, f"{count:08x}"):
                return answer
    if any(challenge.lower().startswith("basic") for challenge in challenges):
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return None


def _digest(
    parameters: dict[str, str], of: tuple[str, str], method: str, uri: str, once: str, count: str
) -> str | None:
    """RFC 7616, 3.4, and without `qop` RFC 2069; None for what is not known here."""
    hashed = _HASHES.get(parameters.get("algorithm", "MD5").upper())
    choices = [each.strip() for each in parameters.get("qop", "").split(",")]
    if hashed is None or (choices != [""] and "auth" not in choices):
        return None
    user, password = of
    realm, nonce = parameters.get("realm", ""), parameters.get("nonce", "")
    who, what = hashed(f"{user}:{realm}:{password}"), hashed(f"{method}:{uri}")
    fields = {"username": user, "realm": realm, "nonce": nonce, "uri": uri}
    more = ""
    if "auth" in choices:
        fields["response"] = hashed(f"{who}:{nonce}:{count}:{once}:auth:{what}")
        more = f', qop=auth, nc={count}, cnonce="{once}"'
    else:
        fields["response"] = hashed(f"{who}:{nonce}:{what}")
    fields |= {key: parameters[key] for key in ("opaque",) if key in parameters}
    more += f", algorithm={parameters['algorithm']}" if "algorithm" in parameters else ""
    return "Digest " + ", ".join(f'{key}="{value}"' for key, value in fields.items()) + more


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_HASHES = {"MD5": _md5, "SHA-256": _sha256}
