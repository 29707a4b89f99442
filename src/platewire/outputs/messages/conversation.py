"""Runs blocking protocol code of the standard library against one server, on its own thread.

The connection goes to an address that `http_egress` has checked. The socket timeout limits each
reply, `total_seconds` the whole: on timeout or cancellation the socket is shut down under the
thread, which ends it. The protocol is the caller's.
"""

import asyncio
import contextlib
import errno
import hashlib
import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, TypeVar

import aiohttp
from msgspec import Meta, structs

from platewire.errors import ConfigError, Unavailable
from platewire.outputs.http import tls as http_tls
from platewire.outputs.http.egress import STRICT, AddressRefused, Egress, Guard
from platewire.outputs.http.over_http import EgressSetting, TlsSetting
from platewire.outputs.http.tls import Tls
from platewire.outputs.output import OutputSettings
from platewire.runtime.secret import masked
from platewire.runtime.system_error import in_words

ANSWER_BYTES_MAX = 16 * 1024
"""Of one reply, over all its lines."""

T = TypeVar("T")


class AnswerTooLong(OSError):
    """The reply exceeds `ANSWER_BYTES_MAX`."""


class Connections:
    """The connections of one session, to be shut down from another thread. A duplicate of each
    socket is kept, because TLS detaches the original."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self._copy = control.dup()
        self._open = [self._copy]
        self._is_cut = False

    @contextlib.contextmanager
    def also(self, data: socket.socket) -> Iterator[None]:
        """Registers another connection for the duration of the context, until before its FIN."""
        with contextlib.closing(data.dup()) as copy:
            self._open.append(copy)
            try:
                if self._is_cut:
                    raise ConnectionAbortedError(errno.ECONNABORTED, "the session was aborted")
                yield
            finally:
                self._open.remove(copy)

    def cut(self) -> None:
        self._is_cut = True
        for each in list(self._open):
            with contextlib.suppress(OSError):
                # Not TLS's own shutdown: the thread may be in the middle of a write.
                socket.socket.shutdown(each, socket.SHUT_RDWR)

    def close(self) -> None:
        self.control.close()
        self._copy.close()


class Conversation:
    """One session at a time with the server at `host`. `who` begins each message."""

    def __init__(
        self,
        who: str,
        host: str,
        port: int,
        *,
        egress: Egress,
        connect_seconds: float,
        answer_seconds: float,
        total_seconds: float,
    ) -> None:
        self._who = who
        self._host = host
        self._port = port
        self._connect_seconds = connect_seconds
        self._answer_seconds = answer_seconds
        self._total_seconds = total_seconds
        self._guard = _guard(who, host, egress)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"platewire-to-{host}")

    async def hold(self, talk: Callable[[Connections], T]) -> T:
        """Returns the result of `talk`; Unavailable if the server is unreachable or too slow.

        `talk` raises OSError for connection failures; other exceptions are passed on.
        """
        try:
            line = Connections(await self._dialled())
        except OSError as error:
            raise self.failure(error, self._connect_seconds) from error
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._on_thread(talk, line)
        except TimeoutError as error:
            raise self.failure(error, self._total_seconds) from error
        finally:
            line.close()

    async def _on_thread(self, talk: Callable[[Connections], T], line: Connections) -> T:
        def run() -> T:
            try:
                return talk(line)
            except OSError as error:
                raise self.failure(error, self._answer_seconds) from error

        talking = asyncio.get_running_loop().run_in_executor(self._thread, run)
        try:
            return await asyncio.shield(talking)
        except asyncio.CancelledError:
            line.cut()
            await asyncio.wait([talking])
            talking.exception()  # retrieved, so that asyncio does not warn
            raise

    async def _dialled(self) -> socket.socket:
        """Connects to the first address that answers, each with its share of the time."""
        async with asyncio.timeout(self._connect_seconds):
            addresses = await self._guard.addresses(self._host, self._port)
        failure = OSError("no address")
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            dialled = socket.socket(family, socket.SOCK_STREAM)
            dialled.setblocking(False)
            try:
                async with asyncio.timeout(self._connect_seconds / len(addresses)):
                    await asyncio.get_running_loop().sock_connect(dialled, (address, self._port))
            except OSError as error:
                dialled.close()
                failure = error
            except BaseException:
                dialled.close()
                raise
            else:
                dialled.settimeout(self._answer_seconds)
                return dialled
        raise failure

    def close(self) -> None:
        self._thread.shutdown(wait=False)

    def failure(self, error: OSError, seconds: float) -> Unavailable:
        return Unavailable(masked(f"{self._who} {_why(error, seconds)}"))


class ConversationSettings(OutputSettings, frozen=True, kw_only=True):
    """Common settings of outputs to a server that speaks a protocol other than HTTP."""

    host: Annotated[
        str, Meta(min_length=1, description="Name or address of the server", examples=["192.0.2.7"])
    ]
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: Annotated[float, Meta(gt=0, description="Timeout for connecting")] = 10
    answer_seconds: Annotated[
        float, Meta(gt=0, description="Timeout for each reply of the server")
    ] = 30
    total_seconds: Annotated[float, Meta(gt=0, description="Timeout for the whole attempt")] = 60

    def conversation(self, who: str, port: int) -> Conversation:
        """ConfigError for an invalid `egress` or a forbidden address."""
        return Conversation(
            who,
            self.host,
            port,
            egress=self.egress,
            connect_seconds=self.connect_seconds,
            answer_seconds=self.answer_seconds,
            total_seconds=self.total_seconds,
        )


class Trust:
    """Trusted certificates, from `tls`; ConfigError if it is invalid."""

    def __init__(self, who: str, tls: Tls) -> None:
        try:
            trusted = http_tls.trust(tls)
        except ConfigError as error:
            raise ConfigError(f"{who}: {error}") from error
        self.context: ssl.SSLContext
        if isinstance(trusted, aiohttp.Fingerprint):
            self.context, self._pin = http_tls.trusting_all(), trusted.fingerprint
        else:
            self.context, self._pin = trusted, b""

    def secured(self, plain: socket.socket, host: str) -> ssl.SSLSocket:
        """Performs the handshake; the plain socket is detached."""
        talking = self.context.wrap_socket(plain, server_hostname=host)
        try:
            self.check(talking)
        except OSError:
            talking.close()
            raise
        return talking

    def check(self, talking: socket.socket | None) -> None:
        """Call after the handshake, before sending a secret; SSLCertVerificationError if the
        certificate is not the pinned one."""
        if not self._pin or not isinstance(talking, ssl.SSLSocket):
            return
        fingerprint = hashlib.sha256(talking.getpeercert(binary_form=True) or b"").digest()
        if fingerprint != self._pin:
            raise ssl.SSLCertVerificationError(
                f"has a certificate with SHA-256 {fingerprint.hex()}, not the one in "
                "`tls.certificate_sha256`; if it was renewed, update that setting"
            )


def _guard(who: str, host: str, egress: Egress) -> Guard:
    if structs.replace(egress, allow_addresses=()) != STRICT:
        raise ConfigError(
            f"{who}: only `allow_addresses` of `egress` is supported here; remove the other "
            "settings, which are for HTTP"
        )
    try:
        guard = Guard(egress)
        guard.check_literal(host)
    except AddressRefused as error:
        raise ConfigError(f"{who} {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{who}: {error}") from error
    return guard


def _why(error: OSError, seconds: float) -> str:
    match error:
        case AddressRefused():
            return str(error)
        case AnswerTooLong():
            return f"sent a reply of more than {ANSWER_BYTES_MAX} bytes; check `port`"
        case TimeoutError():
            return f"did not answer within {seconds:g} s; check the server, or raise the timeout"
        case socket.gaierror():
            return "cannot be reached: host name not found; check `host` and the DNS"
        case ssl.SSLCertVerificationError():
            return _certificate(error)
        case ssl.SSLError():
            return (
                f"failed the TLS handshake ({error.reason or error}); check `port`, "
                "`encryption` and `tls`"
            )
        case ConnectionResetError() | BrokenPipeError():
            return "closed the connection; check the server's log"
        case _:
            return f"cannot be reached: {in_words(error)}; check `host` and `port`"


def _certificate(error: ssl.SSLCertVerificationError) -> str:
    if not (reason := getattr(error, "verify_message", "")):
        return str(error.args[-1])
    return (
        f"has an untrusted certificate: {reason}; set `host` to a name in the certificate, or "
        "`tls.ca_file` to its CA"
    )
