"""What the page, the API and `platewire replay` may ask of a running server."""

from collections.abc import Callable, Mapping, Sequence

from platewire.clock import Clock
from platewire.delivery import Delivery
from platewire.delivery.choice import choose
from platewire.delivery.trial import try_out
from platewire.errors import ConfigError
from platewire.eventlog.letters import Attempt, DeadGroup, DeadLetter, DeadQuery, Parked, Trial
from platewire.eventlog.log import EventLog
from platewire.model import Kind, Site
from platewire.replays import Borrowed, Replays
from platewire.transfers.builtin import AnyTransfer
from platewire.transfers.tcp_lines import JsonLinesTransfer
from platewire.transfers.tcp_listener import TcpSettings
from platewire.transfers.transfer import Transfer
from platewire.web.context import Job, ReplayWish

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

    def for_test(self) -> Transfer:
        """As for a replay; one that listens sends test events to whoever is connected."""
        if isinstance(self.settings, JsonLinesTransfer | TcpSettings):
            return Borrowed(self.transfer)
        return self.build()

    @property
    def address(self) -> str | None:
        """Where it listens, once it does; None for one that connects out."""
        address = getattr(self.transfer, "address", None)
        return None if address is None else f"{address[0]}:{address[1]}"


class Control:
    """Implements what `platewire.web` calls Actions."""

    def __init__(
        self, ways: Mapping[str, Way], replays: Replays, log: EventLog, site: Site, clock: Clock
    ) -> None:
        self._ways = ways
        self._replays = replays
        self._log = log
        self._site = site
        self._clock = clock

    async def pause(self, transfer: str) -> None:
        await self._way(transfer).delivery.pause("paused by an operator")

    async def resume(self, transfer: str) -> None:
        await self._way(transfer).delivery.resume()

    # --- sending again, and trying out ------------------------------------------------------------

    async def replay(self, transfer: str, wish: ReplayWish) -> str:
        way = self._way(transfer)
        choice = await choose(
            self._log, way.settings, wish.what, wish.from_seq, wish.to_seq, wish.failed_since
        )
        return self._replays.start(way.settings, way.for_replay(), choice, wish.rate)

    def jobs(self) -> Sequence[Job]:
        return self._replays.jobs()

    def cancel(self, job: str) -> Job | None:
        return self._replays.cancel(job)

    async def test(self, transfer: str, kinds: Sequence[Kind]) -> Sequence[Trial]:
        way = self._way(transfer)
        return await try_out(way.settings, way.for_test(), kinds, self._site, self._clock)

    # --- what waits, and what was given up --------------------------------------------------------

    async def parked(self, transfer: str) -> Sequence[Parked]:
        return await self._log.parked(self._way(transfer).settings.name)

    async def attempts(self, transfer: str, seq: int | None, limit: int) -> Sequence[Attempt]:
        failed = await self._log.attempts(transfer, seq, limit)
        done = [
            each
            for each in self._way(transfer).delivery.successes()
            if seq is None or each.seq == seq
        ]
        return sorted([*failed, *done], key=lambda each: each.at, reverse=True)[:limit]

    async def dead(self, transfer: str, query: DeadQuery, limit: int) -> Sequence[DeadLetter]:
        return await self._log.dead(transfer, query, limit)

    async def dead_groups(self, transfer: str) -> Sequence[DeadGroup]:
        return await self._log.dead_groups(transfer)

    async def requeue(self, transfer: str, query: DeadQuery) -> int:
        way = self._way(transfer)
        rows = await self._log.requeue(transfer, query, self._clock.now())
        way.delivery.requeue(rows)
        return len(rows)

    async def discard(self, transfer: str, query: DeadQuery, reason: str) -> int:
        return await self._log.discard(transfer, query, reason, self._clock.now())

    def _way(self, transfer: str) -> Way:
        if transfer not in self._ways:
            there = ", ".join(self._ways) or "none"
            raise ConfigError(f'there is no transfer "{transfer}"; there are: {there}')
        return self._ways[transfer]
