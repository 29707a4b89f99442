"""Runs the app under uvicorn inside our own task group.

Signals stay with the server. The socket is bound here, so that an address in use is a message and
not a traceback, and port 0 is known before the first request. Connections that take nothing are
cut off by TCP itself after DEAF_MS, where the system can; those that send no whole request head in
time, or too large a one, are closed here.
"""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from platewire.errors import ConfigError
from platewire.server_tls import ServerTls
from platewire.web.settings import Address

BACKLOG = 128
CONNECTIONS_MAX = 500
KEEP_ALIVE_SECONDS = 15
DEAF_MS = 30_000
CUT_OFF_SECONDS = 1.0
HEAD_BYTES_MAX = 32 * 1024
"""Of a request's first line and headers together."""
HEAD_SECONDS = 15.0


def bind(address: Address) -> socket.socket:
    """A bound socket; ConfigError says what stands in the way."""
    try:
        infos = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, place = infos[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ConfigError(_refusal(address, error)) from error
    try:
        _prepare(listener)
        listener.bind(place)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError(_refusal(address, error)) from error
    return listener


def _prepare(listener: socket.socket) -> None:
    listener.setblocking(False)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # inherited by accepted connections
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAF_MS)


def _refusal(address: Address, error: Exception) -> str:
    remedies = {
        errno.EADDRINUSE: "another program listens there: stop it or choose another port",
        errno.EACCES: "ports below 1024 need privileges: choose another port",
        errno.EADDRNOTAVAIL: "this machine has no such address: 0.0.0.0 stands for all it has",
    }
    number = error.errno if isinstance(error, OSError) else None
    remedy = remedies.get(number or 0, "check the address")
    return f"web.listen: cannot listen on {address}: {remedy} ({error})"


class _Protocol(HttpToolsProtocol):
    """uvicorn's, with a limit on the size of a request's head and on the time that it may take."""

    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if self._head_timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX + len(data):
                self._refuse(b"431 Request Header Fields Too Large")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._stop_waiting()
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._refuse, b"408 Request Timeout")

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: bytes) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\n\r\n")
            self.transport.close()


class _Config(uvicorn.Config):
    """Takes a ready TLS context, where uvicorn would make one of its own from files."""

    def __init__(self, app: ASGIApp, tls: ssl.SSLContext | None, **settings: Any) -> None:
        super().__init__(app, **settings)
        self._tls = tls

    def load(self) -> None:
        super().load()
        self.ssl = self._tls


class _Server(uvicorn.Server):
    """uvicorn without its hold on signals, telling when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()

    async def cut_off(self) -> None:
        """Drops what did not end in time; requests notice that their client is gone."""
        for server in getattr(self, "servers", ()):
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks = set(self.server_state.tasks)
        late = (await asyncio.wait(tasks, timeout=CUT_OFF_SECONDS))[1] if tasks else ()
        for task in late:
            task.cancel()


async def serve(
    app: ASGIApp,
    address: Address,
    *,
    stopping: asyncio.Event,
    tls: ServerTls | None = None,
    listening: Callable[[Address], None] = lambda _: None,
    limit_seconds: float = 3.0,
) -> None:
    """Serves until `stopping` is set, then lets open requests end for at most `limit_seconds`.

    `stopping` is the one in the app's WebContext, so that live streams end too. `listening` is
    called with the actual address once requests are answered. Raises ConfigError where the
    address cannot be had, or the certificate not be used. Being cancelled ends everything at once.
    """
    encrypted = tls.context("web") if tls else None
    listener = bind(address)
    actual = Address(address.host, listener.getsockname()[1])
    server = _Server(_config(app, encrypted, limit_seconds), lambda: listening(actual))
    try:
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(_ask_to_end(server, stopping), name="web-end")
            await server.serve([listener])
            asking.cancel()
    finally:
        stopping.set()
        await server.cut_off()
        listener.close()


async def _ask_to_end(server: uvicorn.Server, stopping: asyncio.Event) -> None:
    await stopping.wait()
    server.should_exit = True


def _config(app: ASGIApp, tls: ssl.SSLContext | None, limit_seconds: float) -> uvicorn.Config:
    return _Config(
        app,
        tls,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=cast("int", limit_seconds),  # whole seconds are not needed
    )
