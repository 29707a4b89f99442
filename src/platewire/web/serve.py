"""Runs the app under uvicorn inside our own task group.

Signals stay with the server. The socket is bound here, so that an address in use is a message and
not a traceback, and port 0 is known before the first request. Connections that take nothing are
cut off by TCP itself after DEAF_MS, where the system can.
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from platewire.errors import ConfigError
from platewire.web.settings import Address

BACKLOG = 128
CONNECTIONS_MAX = 500
KEEP_ALIVE_SECONDS = 15
DEAF_MS = 30_000
CUT_OFF_SECONDS = 1.0


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
    listening: Callable[[Address], None] = lambda _: None,
    limit_seconds: float = 3.0,
) -> None:
    """Serves until `stopping` is set, then lets open requests end for at most `limit_seconds`.

    `stopping` is the one in the app's WebContext, so that live streams end too. `listening` is
    called with the actual address once requests are answered. Raises ConfigError where the
    address cannot be had. Being cancelled ends everything at once.
    """
    listener = bind(address)
    actual = Address(address.host, listener.getsockname()[1])
    server = _Server(_config(app, limit_seconds), lambda: listening(actual))
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


def _config(app: ASGIApp, limit_seconds: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
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
