"""Common to TCP server outputs: listening, admission, backpressure and orderly disconnects.

What is sent, to whom and when is for the outputs to decide. The listener owns every task that
they start, so that nothing outlives `close`.

A client may half-close its connection and continue to read, as `nc -N` does. A client that has
closed for good looks the same at first, and is detected by the reset that its system sends: after
the next event, or after about a minute to a keep-alive probe. Half-closed clients are disconnected
first if the limit is reached. Over TLS, half-closing closes both directions.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Generic, TypeVar, cast

from platewire.errors import PlatewireError, Unavailable
from platewire.limits.acceptor import Acceptor, listening
from platewire.limits.slots import Slot, within
from platewire.outputs.output import OutputContext
from platewire.outputs.tcp.settings import TcpSettings
from platewire.outputs.tcp.transport import HalfClosed, encrypted, pause_beyond, tune
from platewire.runtime.status import Board

GRACE_SECONDS = 2.0
"""How long a client has to take what was already written for it, once its connection closes."""
PATIENCE_SECONDS = 1.0
"""How long full sockets may hold up a `send` before it goes on without their clients."""
HALF_CLOSED_LOOK_SECONDS = 1.0
"""Interval for checking half-closed clients, because their transport does not see a reset."""
CONFIRMED_LOOK_SECONDS = 0.005
"""The same while a `send` waits for an acknowledgement; a local network needs less."""

EVICTED = "waiting"
EVICTED_HALF_CLOSED = "half_closed"

DROPPED = {
    "noise": "invalid data for this protocol; check the port of the client",
    "late": "no subscription within a second; check that the client uses this protocol",
    "slow": "slow client: it does not keep up with the events; check the client or the network",
    "token": "invalid or missing token; set the token of this output in the client",
    "stalled": "stalled client: it accepts no data; check the client or the network",
    EVICTED: "closed without a subscription to admit other clients; check which clients connect",
    EVICTED_HALF_CLOSED: "closed half-open connection to admit another client; raise "
    "`max_clients`, or keep the client's sending direction open",
}
"""What a person is told, by the reason in the counter's name."""


C = TypeVar("C", bound="Client")


class Client(asyncio.Protocol):
    """One connection; subclasses implement the protocol.

    `writable` is set while this process buffers no more than the limit of `Listener`, `taken` while
    it buffers nothing for the client. They are the same unless a subclass keeps a queue.
    """

    transport: asyncio.Transport

    def __init__(self, listener: "Listener[Any]") -> None:
        self._listener = listener
        self.slot: Slot | None = None
        """Given by the acceptor, before the connection is made."""
        self.peer = "?"
        self.gone = False
        self.subscribed = False
        """It receives events, also after half-closing."""
        self._ended: HalfClosed | None = None
        self.writable = self.taken = asyncio.Event()
        self.writable.set()

    def served(self) -> None:
        """It has subscribed: from now on it keeps its slot."""
        self.subscribed = True
        if self.slot is not None and not self.half_closed:
            self.slot.served()

    @property
    def asks(self) -> bool:
        """Whether it has requested events."""
        return self.subscribed

    def opened(self) -> None:
        """The connection stands and the client may stay."""

    def closed(self) -> None:
        """The connection is gone."""

    def drop(self, reason: str) -> None:
        """Counts why, and closes the connection once the client has taken what was written."""
        if not self.leaving:
            self._listener.tell_dropped(self.peer, reason)
            self.close()

    @property
    def leaving(self) -> bool:
        """Whether it is closed or closing: nothing more is written to it."""
        return self.gone or self.transport.is_closing()

    @property
    def half_closed(self) -> bool:
        """Whether it has half-closed, and may have closed for good."""
        return self._ended is not None

    @property
    def settled(self) -> bool:
        """Whether all data is accepted by the system or, for a half-closed client, acknowledged by
        the client's system."""
        unsure = self._ended is not None and not self.leaving and self._ended.unsure
        return self.taken.is_set() and not unsure

    async def settle(self) -> None:
        """Returns once it is `settled` or closing."""
        await self.taken.wait()
        self._look()
        while not self.settled:
            await self._listener.clock.sleep(CONFIRMED_LOOK_SECONDS)
            self._look()

    def give_up_waiting(self) -> None:
        """Stops waiting for its pending acknowledgements."""
        if self._ended is not None and not self.leaving:
            self._ended.give_up_waiting()

    def eof_received(self) -> bool:
        """It has half-closed. True: it may continue to read."""
        if encrypted(self.transport) or not self.asks:
            self.close()
            return False
        self._ended = HalfClosed(self.transport)
        if self.slot is not None:
            self.slot.cut = (
                self.transport.abort
            )  # a transport that has read the FIN detects nothing more
            self.slot.waits()
        self._listener.ended(self)
        self._listener.spawn(self._watch())
        return True

    async def _watch(self) -> None:
        while not self.leaving:
            await self._listener.clock.sleep(HALF_CLOSED_LOOK_SECONDS)
            self._look()

    def _look(self) -> None:
        if self._ended is not None and not self.leaving:
            self._ended.look()

    def close(self) -> None:
        """Closes in order; after `GRACE_SECONDS` the connection is cut."""
        self.transport.close()
        self._listener.spawn(self._abort_later())

    async def _abort_later(self) -> None:
        await self._listener.clock.sleep(GRACE_SECONDS)
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one only by behavior
        self.peer = _host(self.transport)
        if self._listener.admit(self):
            tune(self.transport)
            pause_beyond(self.transport, self._listener.waiting_bytes)
            self.opened()
        else:
            self.gone = True
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.slot is not None:
            self.slot.leave()
        if not self.gone:
            self.gone = True
            self.writable.set()
            if self.slot is not None and self.slot.evicted:
                reason = EVICTED_HALF_CLOSED if self.half_closed else EVICTED
                self._listener.tell_dropped(self.peer, reason)
            if isinstance(exc, TimeoutError):  # what the system says of a dead or stalled peer
                self._listener.tell_dropped(self.peer, "stalled")
            self._listener.forget(self)
            self.closed()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()


class Listener(Generic[C]):
    """Accepts clients for one output, and runs their tasks.

    `waiting_bytes` may wait in this process for a client that is `writable`; 0: none, it is so
    only while the system has taken all.
    """

    def __init__(
        self,
        settings: TcpSettings,
        context: OutputContext,
        make_client: Callable[[], C],
        *,
        waiting_bytes: int = 0,
    ) -> None:
        self.clients: set[C] = set()
        self.waiting_bytes = waiting_bytes
        self._half_closed: set[Client] = set()
        self._settings = settings
        self.clock = context.clock
        self._board: Board = context.board
        self._networks = settings.networks()
        self._host, self._port = settings.host_and_port()
        self._tls = settings.tls.context(settings.owner) if settings.tls else None
        self._make_client = make_client
        self._slots = context.slots
        self._acceptor: Acceptor | None = None
        self._group: asyncio.TaskGroup | None = None
        self._owner: asyncio.Task[None] | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; the port is the real one also where 0 was asked for."""
        if self._acceptor is None:
            raise Unavailable(f'output "{self._settings.name}" is not listening yet')
        host, port = self._acceptor.sockets[0].getsockname()[:2]
        return host, port

    async def open(self) -> None:
        """Unavailable where the address cannot be had."""
        started = asyncio.Event()
        self._owner = asyncio.create_task(self._own(started), name=f"output {self._settings.name}")
        await started.wait()
        try:
            sockets = await listening(self._host, self._port)
        except (OSError, UnicodeError) as error:
            raise Unavailable(
                f'output "{self._settings.name}": cannot listen on {self._settings.listen}: '
                f"{error}; stop the program that uses this address, or change `listen`"
            ) from error
        self._acceptor = Acceptor(
            sockets,
            self._settings.entrance(self._slots),
            self._make,
            tls=self._tls,
            screen=self._screen,
            full=lambda: self.count(clients_refused=1, clients_refused_full=1),
        )
        self._changed()

    def _make(self, slot: Slot) -> C:
        client = self._make_client()
        client.slot = slot
        return client

    def _screen(self, address: str) -> bool:
        allowed = self._allowed(address)
        if not allowed:
            self.count(clients_refused=1, clients_refused_address=1)
        return allowed

    async def reopen(self) -> bool:
        """Opens unless it is open and well; False where nothing was to be done."""
        if self._acceptor is not None and self._owner is not None and not self._owner.done():
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
            raise Unavailable(f'output "{self._settings.name}": {failure}') from failure
        if failure is not None:
            raise failure

    async def close(self) -> None:
        """Lets clients take what was written for them, for two seconds, then cuts them off."""
        if self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None
        owner, self._owner = self._owner, None
        if owner is not None and not owner.done():
            for client in self.clients:
                client.close()
            await self._empty.wait()
            owner.cancel()
        if owner is not None:
            await asyncio.gather(owner, return_exceptions=True)

    async def laggards(self, clients: Iterable[C]) -> Sequence[C]:
        """Waits until these clients have accepted all data, or for a second; returns the others."""
        waiting = [client for client in clients if not client.settled]
        if waiting:
            await _first_of(self.clock.sleep(PATIENCE_SECONDS), _all_settled(waiting))
        for client in waiting:
            client.give_up_waiting()
        return [client for client in waiting if not client.taken.is_set()]

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs until it ends or the listener closes; a failure ends all and shows in `check`."""
        assert self._group is not None  # noqa: S101 - clients exist only once it was opened
        try:
            self._group.create_task(work)
        except RuntimeError:  # the group is ending, and takes the clients with it
            work.close()

    def count(self, **amounts: float) -> None:
        self._board.count("output", self._settings.name, **amounts)

    def tell_dropped(self, peer: str, reason: str) -> None:
        self.count(clients_dropped=1, **{f"clients_dropped_{reason}": 1})
        who = f'output "{self._settings.name}": client {peer}'
        message = f"{who} was disconnected: {DROPPED[reason]}"
        self._board.note("output", self._settings.name, message)

    def admit(self, client: Client) -> bool:
        if self._owner is None or self._owner.done():
            return False
        self.clients.add(client)  # type: ignore[arg-type] # made by make_client, so it is a C
        self._changed()
        return True

    def ended(self, client: Client) -> None:
        """From now on it counts as half-closed."""
        self._half_closed.add(client)
        self._changed()

    def forget(self, client: Client) -> None:
        self.clients.discard(client)
        self._half_closed.discard(client)
        self._changed()

    def _changed(self) -> None:
        half_closed = len(self._half_closed)
        self._board.gauge(
            "output",
            self._settings.name,
            clients=len(self.clients) - half_closed,
            clients_half_closed=half_closed,
        )
        if self.clients:
            self._empty.clear()
        else:
            self._empty.set()

    def _allowed(self, peer: str) -> bool:
        return not self._networks or within(peer, self._networks)

    async def _own(self, started: asyncio.Event) -> None:
        try:
            async with asyncio.TaskGroup() as self._group:
                started.set()
                await asyncio.Event().wait()
        finally:
            if self._acceptor is not None:
                self._acceptor.close()
            for client in self.clients:
                client.transport.abort()


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Cancels the others once one has finished."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def _all_settled(clients: Iterable[Client]) -> None:
    for client in clients:
        await client.settle()


def _host(transport: asyncio.Transport) -> str:
    name = transport.get_extra_info("peername")
    return str(name[0]) if name else "?"
