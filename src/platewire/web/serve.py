"""Runs the app under uvicorn in our own task group.

Signals stay with the server. The socket is bound here, so that an address in use is a message and
not a traceback, and port 0 is known before the first request. Connections that take nothing are
cut off by TCP itself after DEAF_MS, where the system can; those that send no whole request head in
time, or too large a one, `limits.http_server` closes.
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

from platewire.errors import ConfigError
from platewire.limits.acceptor import BACKLOG, Acceptor
from platewire.limits.http_server import KEEP_ALIVE_SECONDS, BoundedProtocol
from platewire.limits.slots import SPARE, Entrance, Slot, Slots
from platewire.runtime.server_tls import ServerTls
from platewire.runtime.system_error import in_words
from platewire.web.settings import Address

CONNECTIONS_MAX = 500
"""Maximum concurrent requests; with up to about 100 kB of memory each, they use 50 MB."""
DEAF_MS = 30_000
"""Milliseconds after which TCP drops a connection whose client confirms nothing (RFC 5482)."""
CUT_OFF_SECONDS = 1.0
"""Seconds for requests to notice that their client is gone; then they are canceled."""


def bind(address: Address, setting: str = "web.listen") -> socket.socket:
    """A bound socket; ConfigError says what stands in the way."""
    try:
        infos = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, bound = infos[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ConfigError(_refusal(setting, address, error)) from error
    try:
        _prepare(listener)
        listener.bind(bound)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError(_refusal(setting, address, error)) from error
    return listener


def _prepare(listener: socket.socket) -> None:
    listener.setblocking(False)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # inherited by accepted connections
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAF_MS)


def _refusal(setting: str, address: Address, error: Exception) -> str:
    remedies = {
        errno.EADDRINUSE: "address already in use; stop the other program or choose another port",
        errno.EACCES: "ports below 1024 require privileges; choose another port",
        errno.EADDRNOTAVAIL: (
            "this computer does not have this address; use 0.0.0.0 for all of its addresses"
        ),
    }
    number = error.errno if isinstance(error, OSError) else None
    remedy = remedies.get(number or 0) or f"{in_words(error)}; check the address"
    return f"{setting}: cannot listen on {address}: {remedy}"


class _Config(uvicorn.Config):
    """Uses a ready TLS context, where uvicorn would create its own from files."""

    def __init__(self, app: ASGIApp, tls: ssl.SSLContext | None, **settings: Any) -> None:
        super().__init__(app, **settings)
        self._tls = tls

    def load(self) -> None:
        super().load()
        self.ssl = self._tls


class _Server(uvicorn.Server):
    """uvicorn without signal handlers, with a notification when it listens."""

    def __init__(
        self, config: uvicorn.Config, entrance: Entrance, listening: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._entrance = entrance
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn's, but that connections come in by slots and not as many as there are."""
        await self.lifespan.startup()
        tls = self.config.ssl if isinstance(self.config.ssl, ssl.SSLContext) else None
        self._acceptor = Acceptor(sockets or (), self._entrance, self._protocol, tls=tls)
        self.servers = [cast("asyncio.Server", self._acceptor)]
        self.started = True
        self._listening()

    def _protocol(self, slot: Slot) -> BoundedProtocol:
        made = BoundedProtocol(self.config, self.server_state, self.lifespan.state)
        made.slot = slot
        return made

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
    setting: str = "web.listen",
    stopping: asyncio.Event,
    tls: ServerTls | None = None,
    listening: Callable[[Address], None] = lambda _: None,
    limit_seconds: float = 3.0,
    slots: Slots | None = None,
    trusted_proxies: tuple[str, ...] = (),
) -> None:
    """Serves until `stopping` is set, then lets open requests end for at most `limit_seconds`.

    `stopping` is the one in the app's WebContext, so that live streams end too. `listening` is
    called with the actual address once requests are answered. Raises ConfigError where the
    address cannot be had, or the certificate not be used. Being canceled ends everything at once.
    A trusted proxy names in X-Forwarded-For whose request it is, and may hold all connections.
    """
    encrypted = tls.context("web") if tls else None
    listener = bind(address, setting)
    actual = Address(address.host, listener.getsockname()[1])
    entrance = (slots or Slots()).entrance(CONNECTIONS_MAX, exempt=trusted_proxies, spare=SPARE)
    config = _config(app, encrypted, limit_seconds, trusted_proxies)
    server = _Server(config, entrance, lambda: listening(actual))
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


def _config(
    app: ASGIApp, tls: ssl.SSLContext | None, limit_seconds: float, proxies: tuple[str, ...]
) -> uvicorn.Config:
    return _Config(
        app,
        tls,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=cast("int", limit_seconds),  # whole seconds are not needed
    )
