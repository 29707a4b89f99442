"""A relay between FFmpeg and an RTSP camera: connects to the configured address only.

FFmpeg follows a camera's redirect to any host, sends the password there, and has no option against
it. So FFmpeg gets neither the password nor the camera's address: it connects to this relay on
loopback, which connects to the camera. The relay authenticates, and a redirect ends the connection
with an error. The address for FFmpeg contains a token, so that no other program on this machine can
connect.
"""

import contextlib
import errno
import secrets
import selectors
import socket
import ssl
import threading
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from platewire.runtime import client_tls
from platewire.runtime.status import printable
from platewire.runtime.system_error import in_words
from platewire.sources.network.address import Credentials, without_secrets
from platewire.wire.rtsp import Message, NotRtspError, Splitter, authorization

CHUNK_BYTES = 256 * 2**10
"""Bytes received at once: a large video frame in one call."""
PENDING_MAX = 32
"""Requests without an answer yet; FFmpeg has one or two."""
PORTS = {"rtsp": 554, "rtsps": 322}


class _Asked(NamedTuple):
    request: Message
    number: str | None
    """FFmpeg's own CSeq."""
    proved: bool


class _EndedError(Exception):
    """The relay has ended; `refusal` is the reason, if the operator should know it."""


class RtspRelay:
    """One connection. `open` connects, OSError if that fails; `close` ends it.

    `url` is for FFmpeg alone. `refusal` says, as the end of a sentence, why the camera is refused.
    """

    def __init__(self, camera: str, url: str, who: Credentials | None, open_seconds: float) -> None:
        self.refusal = ""
        self._parts = urlsplit(url)
        self._who = who
        self._open_seconds = open_seconds
        self._token = secrets.token_hex(16)
        self._base = _base(self._parts)
        self._challenges: list[str] = []
        self._proofs = 0
        """How many requests they were answered for."""
        self._pending: dict[str, _Asked] = {}
        self._number = 0
        self._thread = threading.Thread(target=self._run, name=f"rtsp-{camera}-relay", daemon=True)

    def open(self) -> None:
        self._camera = self._connected()
        # The camera's family, as FFmpeg opens its ports for UDP in that of the address it is given.
        family = self._camera.family
        host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
        self._listener = socket.create_server((host, 0), family=family)
        self._listener.settimeout(self._open_seconds)
        port = self._listener.getsockname()[1]
        self._own = f"rtsp://{_bracketed(host)}:{port}/{self._token}"
        self.url = self._own + self._parts._replace(scheme="", netloc="").geturl()
        self._ffmpeg: socket.socket | None = None
        self._thread.start()

    def close(self) -> None:
        self._hang_up()
        self._thread.join()
        for each in self._sockets:
            each.close()

    @property
    def _sockets(self) -> list[socket.socket]:
        there = (self._camera, self._listener, self._ffmpeg)
        return [each for each in there if each is not None]

    def _connected(self) -> socket.socket:
        address = (self._parts.hostname or "", _port(self._parts))
        plain = socket.create_connection(address, timeout=self._open_seconds)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            camera = self._encrypted(plain) if self._parts.scheme == "rtsps" else plain
        except BaseException:
            plain.close()
            raise
        camera.settimeout(None)  # FFmpeg watches for silence; hanging up wakes whoever waits.
        return camera

    def _encrypted(self, plain: socket.socket) -> ssl.SSLSocket:
        """As FFmpeg does it: whatever certificate a camera shows, as most sign their own."""
        context = client_tls.context(verify=False)
        return context.wrap_socket(plain, server_hostname=self._parts.hostname)

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            with contextlib.suppress(OSError, _EndedError):
                self._relay()
        except NotRtspError as error:
            self.refusal = f"does not speak RTSP ({error}) or sends no video; check `url`"
        finally:
            self._hang_up()

    def _relay(self) -> None:
        while self._ffmpeg is None:
            self._ffmpeg, asking, first = self._welcomed()
        for piece in first:
            self._ask(piece)
        answering = Splitter()
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._ffmpeg, selectors.EVENT_READ, (asking, self._ask))
            waiting.register(self._camera, selectors.EVENT_READ, (answering, self._answer))
            while True:
                for key, _ in waiting.select():
                    splitter, deal_with = key.data
                    for piece in splitter.feed(_received(key.fileobj)):
                        deal_with(piece)

    def _welcomed(self) -> tuple[socket.socket | None, Splitter, list[Message | bytes]]:
        """FFmpeg and its first words; None for who else comes in by its port."""
        guest, _ = self._listener.accept()
        guest.settimeout(self._open_seconds)
        asking = Splitter()
        pieces: list[Message | bytes] = []
        try:
            while not pieces:
                pieces = list(asking.feed(_received(guest)))
        except (OSError, _EndedError, NotRtspError):
            pieces = []
        if pieces and isinstance(pieces[0], Message) and self._own in pieces[0].first:
            guest.settimeout(None)
            return guest, asking, pieces
        guest.close()
        return None, asking, []

    def _hang_up(self) -> None:
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    # --- asking -----------------------------------------------------------------------------------

    def _ask(self, piece: Message | bytes) -> None:
        """FFmpeg's words to the camera, under the camera's address and with the password."""
        if isinstance(piece, bytes) or piece.status is not None:
            self._camera.sendall(piece if isinstance(piece, bytes) else piece.encoded())
            return
        request = piece._replace(first=piece.first.replace(self._own, self._base, 1))
        self._send(request, piece.get("CSeq"))

    def _send(self, request: Message, number: str | None) -> None:
        proof = self._proof(request)
        self._number += 1
        self._pending[str(self._number)] = _Asked(request, number, proved=proof is not None)
        while len(self._pending) > PENDING_MAX:
            del self._pending[next(iter(self._pending))]
        numbered = request.having("CSeq", str(self._number)).having("Authorization", proof)
        self._camera.sendall(numbered.encoded())

    def _proof(self, request: Message) -> str | None:
        if self._who is None or not self._challenges:
            return None
        method, uri = request.first.split()[:2]
        user, password = self._who
        self._proofs += 1
        once = secrets.token_hex(8)
        return authorization(self._challenges, user, password, method, uri, once, self._proofs)

    # --- answering --------------------------------------------------------------------------------

    def _answer(self, piece: Message | bytes) -> None:
        """The camera's words to FFmpeg, unless they lead elsewhere or ask who we are."""
        if isinstance(piece, Message):
            if piece.first.startswith("REDIRECT ") or 300 <= (piece.status or 0) < 400:
                self._refuse(self._elsewhere(piece))
            asked = self._pending.pop(piece.get("CSeq") or "", None)
            if piece.status == 401 and asked is not None and self._proved_again(piece, asked):
                return
            piece = self._for_ffmpeg(piece, asked)
        assert self._ffmpeg is not None  # noqa: S101 - nobody asks before it is there
        self._ffmpeg.sendall(piece.encoded() if isinstance(piece, Message) else piece)

    def _proved_again(self, answer: Message, asked: _Asked) -> bool:
        """A wrong password is sent once, as cameras lock accounts; an old nonce is made new."""
        challenges = answer.all("WWW-Authenticate")
        stale = any("stale=true" in each.lower().replace('"', "") for each in challenges)
        if self._who is None:
            return False
        if asked.proved and not stale:
            self._refuse("rejected the login: 401 Unauthorized; check `username` and `password`")
        self._challenges = challenges
        if self._proof(asked.request) is None:
            return False
        self._proofs = 0
        self._send(asked.request, asked.number)
        return True

    def _for_ffmpeg(self, answer: Message, asked: _Asked | None) -> Message:
        if asked is not None and asked.number is not None:
            answer = answer.having("CSeq", asked.number)
        transport = answer.get("Transport")
        if transport is not None and "server_port" in transport:
            # FFmpeg takes us for the camera; over UDP it has to know where that really is.
            fields = [each for each in transport.split(";") if not each.startswith("source=")]
            source = f"source={self._camera.getpeername()[0]}"
            answer = answer.having("Transport", ";".join([*fields, source]))
        return answer

    def _elsewhere(self, message: Message) -> str:
        place = message.get("Location") or "elsewhere"
        where = printable(without_secrets(_without_password(place)))[:200]
        return f"redirects to {where}, which is not followed; set `url` to the final URL"

    def _refuse(self, why: str) -> None:
        self.refusal = why
        raise _EndedError


def _received(one: Any) -> bytes:
    """What a socket has; ends the relay when the other side has gone."""
    chunk: bytes = one.recv(CHUNK_BYTES)
    while isinstance(one, ssl.SSLSocket) and one.pending():
        chunk += one.recv(one.pending())
    if not chunk:
        raise _EndedError
    return chunk


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _base(parts: SplitResult) -> str:
    return f"{parts.scheme}://{_bracketed(parts.hostname or '')}:{_port(parts)}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _without_password(place: str) -> str:
    scheme, slashes, rest = place.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{authority.rpartition('@')[2]}{slash}{path}" if slashes else place


def why_not_connected(error: OSError, open_seconds: float) -> str:
    """As the end of a sentence."""
    if error.errno == errno.ECONNREFUSED:
        return "refused the connection; check the port in `url` and that RTSP is enabled"
    if isinstance(error, TimeoutError):
        return (
            f"did not respond within {open_seconds:g} s; check that the camera is on, that `url` "
            "is correct and that no firewall blocks it"
        )
    return f"cannot be reached: {in_words(error)}; check `url` and the network"
