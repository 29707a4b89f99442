"""A TCP server output without acknowledgements: each client gets events from its arrival on.

`send` returns when the operating system has taken the bytes for every client that keeps up. Where
`wait_for_client` is set, events wait in the log while no client is connected (see `audience`). The
subclass says who a client is, what the bytes of an event are, and what happens to a slow client.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from msgspec import Meta

from platewire.model import Entry
from platewire.outputs.output import Output, OutputContext
from platewire.outputs.tcp.audience import Audience, WaitForClient
from platewire.outputs.tcp.listener import Client, Listener
from platewire.outputs.tcp.settings import TcpSettings

MaxClients = Annotated[
    int,
    Meta(ge=1, le=1000, description=("Maximum clients; further connections are closed at once")),
]
MaxAgeSeconds = Annotated[
    Annotated[float, Meta(gt=0)] | None,
    Meta(
        description="Older events are recorded as expired instead of sent; limits what a "
        "reconnecting client gets",
    ),
]


class BroadcastSettings(TcpSettings, frozen=True, kw_only=True):
    """Settings of every broadcasting TCP server."""

    wait_for_client: WaitForClient = False


C = TypeVar("C", bound=Client)


class BroadcastOutput(Output, Generic[C]):
    """Implements `Output` except what is sent: `_encode` and `_write`."""

    batch = 32

    def __init__(
        self,
        settings: BroadcastSettings,
        context: OutputContext,
        make_client: Callable[[], C],
        *,
        remedy: str = "start the receiver",
    ) -> None:
        self.audience = Audience(
            settings.name,
            context.board,
            context.log,
            f'output "{settings.name}": no client connected to {settings.listen}; {remedy}',
            waits=settings.wait_for_client,
        )
        self.listener: Listener[C] = Listener(settings, context, make_client)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port where it listens."""
        return self.listener.address

    async def connect(self) -> None:
        """Listens. Once `send` has found no receiving client, returns only when there is one."""
        await self.listener.reopen()
        await self.audience.wait_if_missed(self._receiving())

    async def send(self, entries: Sequence[Entry]) -> None:
        """Raises NoClient if no client took the entries, and `wait_for_client` is set or they are
        tests."""
        self.listener.check()
        self.audience.require(self._receiving(), entries)
        encoded = [(entry, await self._encode(entry)) for entry in entries]
        clients = self._receiving()
        await self._write(clients, encoded)
        took = [client for client in clients if not client.leaving]
        self.audience.require(took, entries)
        if not took:
            self.listener.count(events_to_nobody=len(entries))

    async def close(self) -> None:
        await self.listener.close()

    def _receiving(self) -> list[C]:
        return [each for each in self.listener.clients if each.subscribed and not each.leaving]

    async def _encode(self, entry: Entry) -> bytes:
        raise NotImplementedError

    async def _write(self, clients: Sequence[C], encoded: Sequence[tuple[Entry, bytes]]) -> None:
        """Gives each client the events that happened after its `since`; drops who is too slow."""
        raise NotImplementedError
