"""A gate on a clock that the test turns: its relay, its lists, its book, and cars to let in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import structs

from platewire.errors import LogError, Unavailable
from platewire.model import Decision, Entry, Event, Listed, ListHit
from platewire.status import Board, Line
from platewire.testing.check_transfer import SITE
from platewire.testing.clock import FakeClock
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events
from platewire.transfers.relay import RelaySender, RelayTransfer
from platewire.transfers.relay_http import HttpRelay
from platewire.transfers.transfer import TransferContext
from platewire.wire import native

STAFF = ListHit("staff", "exact", "allow", "BU 9042")
REFUSED = "refused"
LOST_ANSWER = "lost answer"


@dataclass
class FakeSwitch:
    """Takes `delays` seconds for each call in turn, then does what `fails` says: refuses before
    it is touched, or switches and does not answer."""

    clock: FakeClock
    pulse_seconds: float = 1.0
    delays: list[float] = field(default_factory=list)
    fails: list[str] = field(default_factory=list)
    """One for each call; empty: all goes well."""
    touched: bool = False
    on: bool = False
    openings: list[datetime] = field(default_factory=list)
    calls: int = 0
    after: Callable[[], None] = lambda: None

    async def knock(self) -> None:
        await self._wait()

    async def turn(self, *, on: bool) -> None:
        self.touched = False
        outcome = await self._wait()
        self.touched = True
        if on and not self.on:
            self.openings.append(self.clock.now())
        self.on = on
        self.after()
        if outcome == LOST_ANSWER:
            raise Unavailable("the relay did not answer")

    async def close(self) -> None:
        pass

    async def _wait(self) -> str:
        self.calls += 1
        await self.clock.sleep(self.delays.pop(0) if self.delays else 0.0)
        outcome = self.fails.pop(0) if self.fails else ""
        if outcome == REFUSED:
            raise Unavailable("the relay is not there")
        return outcome


@dataclass
class FakeLists:
    """Implements `AccessLists` in memory; `listed` is what it says of every plate."""

    clock: FakeClock
    listed: list[Listed] = field(default_factory=lambda: [Listed(STAFF)])
    delays: list[float] = field(default_factory=list)
    book: list[Decision] = field(default_factory=list)
    broken: str = ""

    async def look_up(self, plate: str, camera: str, at: datetime) -> Sequence[Listed]:
        await self.clock.sleep(self.delays.pop(0) if self.delays else 0.0)
        self._check("look_up")
        return list(self.listed)

    async def decide(self, decision: Decision) -> int:
        await self.clock.sleep(self.delays.pop(0) if self.delays else 0.0)
        self._check("decide")
        self.book.append(decision)
        return len(self.book) - 1

    async def settle(self, number: int, *, opened: bool, reason: str, detail: str) -> None:
        self.book[number] = structs.replace(
            self.book[number], opened=opened, reason=reason, detail=detail
        )

    async def unsettled(self, transfer: str) -> Sequence[int]:
        return [number for number, each in enumerate(self.book) if each.opened is None]

    async def last_opened(
        self, transfer: str, *, passage: UUID | None = None, plate: str | None = None
    ) -> datetime | None:
        found = (
            each.at
            for each in self.book
            if each.opened is not False
            and passage in (None, each.passage)
            and plate in (None, each.plate)
        )
        return max(found, default=None)

    def _check(self, what: str) -> None:
        if self.broken == what:
            raise LogError("lists.db: the disk reported an error")


class Gate:
    """A relay transfer and all around it. `restart` is what a crash leaves behind."""

    def __init__(self, **settings: object) -> None:
        self.clock = FakeClock()
        self.board = Board(self.clock)
        self.switch = FakeSwitch(self.clock)
        self.lists = FakeLists(self.clock)
        self.settings = RelayTransfer(
            name="barrier",
            relay=HttpRelay(url="http://relay.invalid/on"),
            min_confidence=0.5,
            **settings,  # type: ignore[arg-type]
        )
        self.sender = self._made()

    def restart(self) -> None:
        self.sender = self._made()

    def _made(self) -> RelaySender:
        context = TransferContext(self.clock, MemoryLog(self.clock), SITE, self.board, self.lists)
        return RelaySender(self.settings, context, self.switch)

    @property
    def line(self) -> Line:
        return self.board.line("transfer", "barrier")

    @property
    def reasons(self) -> list[str]:
        return [each.reason for each in self.lists.book]

    def car(self, number: int = 1, *, seen_ago: float = 0.0, **changes: object) -> Entry:
        """The `new` of a passage whose vehicle was seen so many seconds ago."""
        seen = self.clock.now() - timedelta(seconds=seen_ago)
        event = structs.replace(
            passage_events(number)[0],
            first_seen_at=seen,
            last_seen_at=seen,
            occurred_at=seen,
            **changes,
        )
        return entry_of(event)


def entry_of(event: Event) -> Entry:
    return Entry(event, native.encode(event))
