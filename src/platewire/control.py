"""What the page, the API and `platewire replay` may ask of a running server."""

from collections.abc import Callable, Mapping, Sequence

from platewire.delivery import Delivery
from platewire.errors import ConfigError
from platewire.replays import Borrowed, Replays
from platewire.transfers.builtin import AnyTransfer
from platewire.transfers.tcp_lines import JsonLinesTransfer
from platewire.transfers.tcp_listener import TcpSettings
from platewire.transfers.transfer import Transfer
from platewire.web.context import Job

RESUMES_BY_ITSELF = (
    'transfer "{name}": its receivers resume by themselves; one that wants events from seq N on '
    'sends {{"resume": N-1}} when it connects'
)


class Way:
    """One way out as the server runs it: its settings, the transfer and the loop around it."""

    def __init__(
        self,
        settings: AnyTransfer,
        build: Callable[[], Transfer],
        loop: Callable[[Transfer], Delivery],
    ) -> None:
        self.settings = settings
        self.build = build
        self.transfer = build()
        self.delivery = loop(self.transfer)

    def for_replay(self) -> Transfer:
        """One of its own, or, as an address can be listened on only once, the one that listens.

        ConfigError for a transfer whose receivers ask for old events themselves.
        """
        if isinstance(self.settings, JsonLinesTransfer):
            raise ConfigError(RESUMES_BY_ITSELF.format(name=self.settings.name))
        if isinstance(self.settings, TcpSettings):
            return Borrowed(self.transfer)
        return self.build()

    @property
    def address(self) -> str | None:
        """Where it listens, once it does; None for one that connects out."""
        address = getattr(self.transfer, "address", None)
        return None if address is None else f"{address[0]}:{address[1]}"


class Control:
    """Implements what `platewire.web` calls Actions."""

    def __init__(self, ways: Mapping[str, Way], replays: Replays) -> None:
        self._ways = ways
        self._replays = replays

    async def pause(self, transfer: str) -> None:
        await self._way(transfer).delivery.pause("paused by an operator")

    async def resume(self, transfer: str) -> None:
        await self._way(transfer).delivery.resume()

    async def replay(
        self, transfer: str, from_seq: int, to_seq: int | None, rate: float | None = None
    ) -> str:
        way = self._way(transfer)
        return self._replays.start(way.settings, way.for_replay(), from_seq, to_seq, rate)

    def jobs(self) -> Sequence[Job]:
        return self._replays.jobs()

    def _way(self, transfer: str) -> Way:
        if transfer not in self._ways:
            there = ", ".join(self._ways) or "none"
            raise ConfigError(f'there is no transfer "{transfer}"; there are: {there}')
        return self._ways[transfer]
