"""What the TCP ways out share: listening, who may come in, and letting go of clients in order.

What is sent, to whom and when is for the transfers to decide. The listener owns every task that
they start, so that nothing outlives `close`.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Coroutine, Iterable
from typing import Annotated, Any, Generic, TypeVar, cast

from msgspec import Meta

from platewire.clock import Clock
from platewire.errors import ConfigError, PlatewireError, Unavailable
from platewire.secret import Secret, reveal
from platewire.server_tls import ServerTls
from platewire.status import Board
from platewire.transfers.transfer import TransferContext, TransferSettings

GRACE_SECONDS = 2.0
"""How long a client has to take what was already written for it, once its connection closes."""
BACKLOG = 1024
PATIENCE_SECONDS = 1.0
"""How long full sockets may hold up a `send` before it goes on without their clients."""
KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
"""A silent peer is probed after 30 s and given up 30 s later, where the system can do so."""
STALL_SECONDS = 120.0
"""A peer that takes nothing for so long, while something waits for it, is given up (Linux)."""

Listen = Annotated[
    str,
    Meta(
        pattern=r"^(\[[0-9a-fA-F:.%]+\]|[^\s:\[\]]*):\d{1,5}$",
        description="Address and port to listen on, as `host:port` or `[ipv6]:port`; an empty "
        "host means all interfaces",
    ),
]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DROPPED = {
    "noise": "it sent what this protocol does not know; is it meant for another port?",
    "late": "it did not subscribe within a second; is it a client of this protocol?",
    "slow": "it does not keep up with the events; look at the client or the network",
    "token": "it did not send the token of this transfer; set it in the client",
    "stalled": "it takes nothing any more; look at the client or the network",
}
"""What a person is told, by the reason in the counter's name."""


class TcpSettings(TransferSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every TCP way out can be told."""

    listen: Listen
    max_clients: Annotated[int, Meta(ge=1, description="One more is accepted and closed at once")]
    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses or networks that may connect, such as `10.1.0.0/16`; empty "
            "means all"
        ),
    ] = ()

    tls: Annotated[
        ServerTls | None,
        Meta(description="Encrypt, and if asked for let in only clients with a certificate"),
    ] = None

    @property
    def owner(self) -> str:
        """How messages call it."""
        return f'transfer "{self.name}"'

    def revealed(self, setting: str, secret: Secret | None) -> str | None:
        """The secret's text; ConfigError names the transfer and the setting."""
        try:
            return None if secret is None else reveal(secret)
        except ConfigError as error:
            raise ConfigError(f"{self.owner}: {setting}: {error}") from error

    def networks(self) -> tuple[Network, ...]:
        """`allow` as values; ConfigError names an entry that is no address."""
        try:
            return tuple(ipaddress.ip_network(entry) for entry in self.allow)
        except ValueError as error:
            raise ConfigError(
                f'transfer "{self.name}": allow: {error}; write addresses or networks such as '
                "10.1.2.3 or 10.1.0.0/16"
            ) from error

    def host_and_port(self) -> tuple[str | None, int]:
        """`listen` in two; ConfigError where the port cannot be one."""
        host, _, port = self.listen.rpartition(":")
        if int(port) > 65535:
            raise ConfigError(
                f'transfer "{self.name}": listen: port {port} does not exist; the last is 65535'
            )
        return host.strip("[]") or None, int(port)


C = TypeVar("C", bound="Client")


class Client(asyncio.Protocol):
    """One connection; subclasses say what its bytes mean.

    `writable` is set while the transport takes bytes without letting them pile up.
    """

    transport: asyncio.Transport

    def __init__(self, listener: "Listener[Any]") -> None:
        self._listener = listener
        self.peer = "?"
        self.gone = False
        self.writable = asyncio.Event()
        self.writable.set()

    def opened(self) -> None:
        """The connection stands and the client may stay."""

    def closed(self) -> None:
        """The connection is gone."""

    def drop(self, reason: str) -> None:
        """Counts why, and closes the connection once the client has taken what was written."""
        if not (self.gone or self.transport.is_closing()):
            self._listener.tell_dropped(self.peer, reason)
            self.close()

    def eof_received(self) -> None:
        self.close()

    def close(self) -> None:
        """Closes in order; after `GRACE_SECONDS` the connection is cut."""
        self.transport.close()
        self._listener.spawn(self._abort_later())

    async def _abort_later(self) -> None:
        await self._listener.clock.sleep(GRACE_SECONDS)
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one only by behaviour
        self.peer = _host(self.transport)
        if self._listener.admit(self):
            _tune(self.transport)
            self.opened()
        else:
            self.gone = True
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.gone:
            self.gone = True
            self.writable.set()
            if isinstance(exc, TimeoutError):  # what the system says of a dead or stalled peer
                self._listener.tell_dropped(self.peer, "stalled")
            self._listener.forget(self)
            self.closed()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()


class Listener(Generic[C]):
    """Accepts clients for one transfer, and runs the tasks that belong to them."""

    def __init__(
        self, settings: TcpSettings, context: TransferContext, make_client: Callable[[], C]
    ) -> None:
        self.clients: set[C] = set()
        self._settings = settings
        self.clock = context.clock
        self._board: Board = context.board
        self._networks = settings.networks()
        self._host, self._port = settings.host_and_port()
        self._tls = settings.tls.context(settings.owner) if settings.tls else None
        self._make_client = make_client
        self._server: asyncio.Server | None = None
        self._group: asyncio.TaskGroup | None = None
        self._owner: asyncio.Task[None] | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; the port is the real one also where 0 was asked for."""
        if self._server is None:
            raise Unavailable(f'transfer "{self._settings.name}" does not listen yet')
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    async def open(self) -> None:
        """Unavailable where the address cannot be had."""
        started = asyncio.Event()
        self._owner = asyncio.create_task(
            self._own(started), name=f"transfer {self._settings.name}"
        )
        await started.wait()
        try:
            self._server = await asyncio.get_running_loop().create_server(
                self._make_client, self._host, self._port, backlog=BACKLOG, ssl=self._tls
            )
        except (OSError, UnicodeError) as error:
            raise Unavailable(
                f'transfer "{self._settings.name}": cannot listen on {self._settings.listen}: '
                f"{error}; stop the program that uses this address, or set another `listen`"
            ) from error
        self._board.gauge("transfer", self._settings.name, clients=0)

    async def reopen(self) -> bool:
        """Opens unless it is open and well; False where nothing was to be done."""
        if self._server is not None and self._owner is not None and not self._owner.done():
            return False
        await self.close()
        await self.open()
        return True

    def check(self) -> None:
        """Raises what ended the tasks of this listener, Unavailable where a retry may help."""
        if self._owner is None or not self._owner.done():
            return
        failure = self._owner.exception()
        while isinstance(failure, BaseExceptionGroup):
            failure = failure.exceptions[0]
        if isinstance(failure, PlatewireError):
            raise Unavailable(f'transfer "{self._settings.name}": {failure}') from failure
        if failure is not None:
            raise failure

    async def close(self) -> None:
        """Lets clients take what was written for them, for two seconds, then cuts them off."""
        if self._server is not None:
            self._server.close()
            self._server = None
        owner, self._owner = self._owner, None
        if owner is not None and not owner.done():
            for client in self.clients:
                client.close()
            await self._empty.wait()
            owner.cancel()
        if owner is not None:
            await asyncio.gather(owner, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs until it ends or the listener closes; a failure ends all and shows in `check`."""
        assert self._group is not None  # noqa: S101 - clients exist only once it was opened
        try:
            self._group.create_task(work)
        except RuntimeError:  # the group is ending, and takes the clients with it
            work.close()

    def count(self, **amounts: float) -> None:
        self._board.count("transfer", self._settings.name, **amounts)

    def tell_dropped(self, peer: str, reason: str) -> None:
        self.count(clients_dropped=1, **{f"clients_dropped_{reason}": 1})
        who = f'transfer "{self._settings.name}": client {peer}'
        told = f"{who} was disconnected: {DROPPED[reason]}"
        self._board.note("transfer", self._settings.name, told)

    def admit(self, client: Client) -> bool:
        if self._owner is None or self._owner.done():
            return False
        if not self._allowed(client.peer):
            self.count(clients_refused=1, clients_refused_address=1)
            return False
        if len(self.clients) >= self._settings.max_clients:
            self.count(clients_refused=1, clients_refused_full=1)
            return False
        self.clients.add(client)  # type: ignore[arg-type] # made by make_client, so it is a C
        self._changed()
        return True

    def forget(self, client: Client) -> None:
        self.clients.discard(client)
        self._changed()

    def _changed(self) -> None:
        self._board.gauge("transfer", self._settings.name, clients=len(self.clients))
        if self.clients:
            self._empty.clear()
        else:
            self._empty.set()

    def _allowed(self, peer: str) -> bool:
        if not self._networks:
            return True
        address = ipaddress.ip_address(peer)
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

    async def _own(self, started: asyncio.Event) -> None:
        try:
            async with asyncio.TaskGroup() as self._group:
                started.set()
                await asyncio.Event().wait()
        finally:
            if self._server is not None:
                self._server.close()
            for client in self.clients:
                client.transport.abort()


async def all_set(events: Iterable[asyncio.Event], clock: Clock, seconds: float) -> None:
    """Returns once all are set, or after that time."""
    waiting = [event for event in events if not event.is_set()]
    if not waiting:
        return
    async with asyncio.TaskGroup() as group:
        timer = group.create_task(clock.sleep(seconds))
        others = group.create_task(_each(waiting))
        await asyncio.wait({timer, others}, return_when=asyncio.FIRST_COMPLETED)
        timer.cancel()
        others.cancel()


async def _each(events: Iterable[asyncio.Event]) -> None:
    for event in events:
        await event.wait()


def _host(transport: asyncio.Transport) -> str:
    name = transport.get_extra_info("peername")
    return str(name[0]) if name else "?"


def _tune(transport: asyncio.Transport) -> None:
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (*KEEPALIVE, ("TCP_USER_TIMEOUT", int(STALL_SECONDS * 1000))):
        if (option := getattr(socket, name, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
