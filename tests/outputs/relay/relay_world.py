"""A gate on a clock that the test turns: its relay, its lists, its book, and cars to let in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import structs

from platewire.access import AS_OPENED, Decision, ListMatch, Opening, Outcome
from platewire.errors import LogError, Unavailable
from platewire.model import BootTime, Entry, Event, ListHit
from platewire.outputs.output import OutputContext
from platewire.outputs.relay.effect import Effect
from platewire.outputs.relay.http_switch import HttpRelay
from platewire.outputs.relay.relay import RelayOutput, RelaySettings
from platewire.runtime.status import Board, PartStatus
from platewire.testing.check_output import SITE
from platewire.testing.clock import FakeClock
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events
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
    effect: Effect = Effect.NONE
    on: bool = False
    openings: list[datetime] = field(default_factory=list)
    calls: int = 0
    after: Callable[[], None] = lambda: None

    async def knock(self) -> None:
        await self._wait()

    async def turn(self, *, on: bool) -> None:
        self.effect = Effect.NONE
        outcome = await self._wait()
        if on and not self.on:
            self.openings.append(self.clock.now())
        self.on = on
        self.effect = Effect.UNKNOWN if outcome == LOST_ANSWER else Effect.DONE
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
    listed: list[ListMatch] = field(default_factory=lambda: [ListMatch(STAFF)])
    delays: list[float] = field(default_factory=list)
    book: list[Decision] = field(default_factory=list)
    made: list[BootTime] = field(default_factory=list)
    broken: str = ""

    async def look_up(
        self, plate: str, camera: str, at: datetime, *, partial: bool = False
    ) -> Sequence[ListMatch]:
        await self.clock.sleep(self.delays.pop(0) if self.delays else 0.0)
        self._check("look_up")
        return list(self.listed)

    async def decide(self, decision: Decision, made: BootTime) -> int:
        await self.clock.sleep(self.delays.pop(0) if self.delays else 0.0)
        self._check("decide")
        self.book.append(decision)
        self.made.append(made)
        return len(self.book) - 1

    async def settle(self, number: int, *, outcome: Outcome, reason: str, detail: str) -> None:
        self.book[number] = structs.replace(
            self.book[number],
            opened=AS_OPENED.get(outcome),
            outcome=outcome,
            reason=reason,
            detail=detail,
        )

    async def forget(self, number: int) -> None:
        raise AssertionError("a relay knows what came of its decisions")

    async def unsettled(self, output: str) -> Sequence[int]:
        return [number for number, each in enumerate(self.book) if each.outcome is None]

    async def last_opened(
        self, output: str, *, passage: UUID | None = None, plate: str | None = None
    ) -> Opening | None:
        found = [
            Opening(each.at, made, is_sure=each.outcome == "opened")
            for each, made in zip(self.book, self.made, strict=True)
            if each.outcome != "not_opened"
            and passage in (None, each.passage)
            and plate in (None, each.plate)
        ]
        return found[-1] if found else None

    def _check(self, what: str) -> None:
        if self.broken == what:
            raise LogError("lists.db: the disk reported an error")


class Gate:
    """A relay output and all around it. `restart` is what a crash leaves behind."""

    def __init__(self, *, idempotent: bool = False, **settings: object) -> None:
        self.clock = FakeClock()
        self.board = Board(self.clock)
        self.switch = FakeSwitch(self.clock)
        self.lists = FakeLists(self.clock)
        self.settings = RelaySettings(
            name="barrier",
            relay=HttpRelay(url="http://relay.invalid/on", idempotent=idempotent),
            min_confidence=0.5,
            **settings,  # type: ignore[arg-type]
        )
        self.site = SITE
        self.sender = self._made()

    def restart(self) -> None:
        self.sender = self._made()

    def _made(self) -> RelayOutput:
        context = OutputContext(
            self.clock, MemoryLog(self.clock), self.site, self.board, self.lists
        )
        return RelayOutput(self.settings, context, self.switch)

    @property
    def line(self) -> PartStatus:
        return self.board.line("output", "barrier")

    @property
    def outcomes(self) -> list[str | None]:
        return [each.outcome for each in self.lists.book]

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
        return entry_of(
            event, BootTime(self.clock.boot().boot, self.clock.boot().seconds - seen_ago)
        )


def entry_of(event: Event, arrived: BootTime | None = None) -> Entry:
    return Entry(event, native.encode(event), arrived)
