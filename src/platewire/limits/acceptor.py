"""Accepts connections from listening sockets, as many as there are slots for.

One for each turn of the event loop, so that a crowd at the door keeps nobody inside waiting. A
connection has its slot before its TLS handshake, which has its time. Where the process has no
descriptor left, the crowd waits in the system's queue.
"""

import asyncio
import errno
import logging
import os
import socket
import ssl
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from platewire.limits.slots import Entrance, Slot, cutting

HANDSHAKE_SECONDS = 10.0
"""Of TLS, from accepting to its end; across the world it takes one."""
PAUSE_SECONDS = 0.1
"""Before accepting goes on where the system had no descriptor or no memory."""
BACKLOG = 1024
"""Connections that the system may hold before they are accepted; it cuts this to its own limit."""
SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

diagnostics = logging.getLogger(__name__)


class Acceptor:
    """`make` builds the protocol of a connection, which gives the slot back when it is lost.

    `screen` turns an address away before anything is spent on it; `full` is told of each that found
    no slot.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        entrance: Entrance,
        make: Callable[[Slot], asyncio.BaseProtocol],
        *,
        tls: ssl.SSLContext | None = None,
        screen: Callable[[str], bool] = lambda _: True,
        full: Callable[[], None] = lambda: None,
    ) -> None:
        self.sockets = sockets
        self._entrance = entrance
        self._make = make
        self._tls = tls
        self._screen = screen
        self._full = full
        self._tasks: set[asyncio.Task[None]] = set()
        self._beginning: set[Callable[[], None]] = set()
        """What cuts the connections off whose handshake goes on."""
        self._accepting = [self._start(self._accept_for_ever(each)) for each in sockets]

    def close(self) -> None:
        """Accepts nothing more; connections that stand go on."""
        self._entrance.close()
        for task in self._accepting:
            task.cancel()
        for cut in self._beginning:
            cut()
        for each in self.sockets:
            each.close()

    async def wait_closed(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept_for_ever(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, name = await loop.sock_accept(listener)
            except OSError as error:  # a client that has gone already is an error, too
                if error.errno in SCARCE:
                    diagnostics.warning("connections cannot be accepted, retrying: %s", error)
                    await asyncio.sleep(PAUSE_SECONDS)
                continue
            self._admit(connection, str(name[0]) if name else "?")

    def _admit(self, connection: socket.socket, address: str) -> None:
        if not self._screen(address):
            connection.close()
            return
        cut = cutting(connection)
        slot = self._entrance.admit(address, cut)
        if slot is None:
            connection.close()
            self._full()
            return
        self._start(self._begin(connection, slot, cut))

    async def _begin(self, connection: socket.socket, slot: Slot, cut: Callable[[], None]) -> None:
        """Whatever becomes of it, the transport closes the socket: it is only cut off here."""
        loop = asyncio.get_running_loop()
        limit = HANDSHAKE_SECONDS if self._tls else None
        self._beginning.add(cut)
        try:
            await loop.connect_accepted_socket(
                lambda: self._make(slot), connection, ssl=self._tls, ssl_handshake_timeout=limit
            )
        except OSError:  # a failed handshake is one, too
            slot.leave()
            cut()
        finally:
            self._beginning.discard(cut)


async def listening(host: str | None, port: int) -> list[socket.socket]:
    """Sockets on each address of the host, None for all interfaces. OSError or UnicodeError."""
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(infos):
            sockets.append(_listening(socket.socket(family, kind, protocol), address))
    except BaseException:
        for each in sockets:
            each.close()
        raise
    return sockets


def _listening(listener: socket.socket, address: tuple[Any, ...]) -> socket.socket:
    try:
        listener.setblocking(False)
        if os.name == "posix":  # elsewhere it would let two listen on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listener.family == socket.AF_INET6:  # IPv4 has a socket of its own
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener
