"""What the web needs from the rest, as narrow protocols, and nothing else.

The web owns no truth: it reads the event log's tail, the database and the status board, and asks
the server to act. `server` puts the parts together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol
from uuid import UUID

from msgspec import Meta, Struct

from platewire.clock import Clock
from platewire.database.passage_search import Place, Wanted
from platewire.database.plate_pattern import PlatePattern
from platewire.database.queries import PassageRow
from platewire.database.search import Presence
from platewire.eventlog.letters import Attempt, DeadGroup, DeadLetter, DeadQuery, Parked, Trial
from platewire.lists.lists import Lists
from platewire.model import Entry, EventReader, Kind, Site
from platewire.status import Board
from platewire.web.settings import Access

STREAMS_MAX = 100
EXPORTS_MAX = 4


class Queries(Protocol):
    """What the web asks the database; nothing here changes anything."""

    async def events(
        self,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int,
        camera: str | None = None,
        kind: Kind | None = None,
        plate: PlatePattern | None = None,
    ) -> Sequence[Entry]:
        """With `after`: rising from there. Otherwise falling, from below `before` or the end."""
        ...

    async def event(self, seq: int) -> Entry | None: ...

    async def seq_at(self, moment: datetime) -> int:
        """The first event recorded at or after that; the next seq to be where there is none."""
        ...

    async def search(
        self, wanted: Wanted, *, after: Place | None = None, limit: int
    ) -> Sequence[PassageRow]:
        """Newest first; `after` is the place of the last row of the page before."""
        ...

    async def presence(self, wanted: Wanted) -> Presence:
        """How many such passages there are, and when."""
        ...

    async def plates(self, pattern: PlatePattern | None, *, seconds: float) -> Sequence[str] | None:
        """The texts that are meant; None for any, or for too many to be told one by one."""
        ...

    async def select(
        self, statement: str, values: Sequence[Any], *, seconds: float
    ) -> Sequence[tuple[Any, ...]]:
        """The rows of a statement over the views of the contract, which only reads."""
        ...

    async def passage(self, passage: UUID) -> Sequence[Entry]:
        """All kept events of the passage, revisions rising; empty when there are none."""
        ...


ReplayWhat = Literal["failed", "never_sent", "all"]


class Job(Struct, frozen=True, kw_only=True):
    """A replay that was asked for, and how far it has come."""

    id: Annotated[str, Meta(description="Name of the job")]
    transfer: Annotated[str, Meta(description="Transfer that the events are sent to again")]
    what: Annotated[ReplayWhat, Meta(description="Which events")] = "all"
    from_seq: Annotated[int, Meta(description="First event, by seq")]
    to_seq: Annotated[int, Meta(description="Last event, by seq")]
    at_seq: Annotated[int, Meta(description="Last event dealt with so far, by seq")]
    done: Annotated[int, Meta(description="How many events were looked at so far")] = 0
    total: Annotated[int, Meta(description="How many will be looked at")] = 0
    sent: Annotated[int, Meta(description="How many were delivered so far")] = 0
    rejected: Annotated[int, Meta(description="How many the other side refused, at the end")] = 0
    rate: Annotated[
        float | None, Meta(description="At most so many events a second; null: no limit")
    ] = None
    state: Annotated[
        Literal["running", "done", "failed", "canceled"], Meta(description="Whether it still runs")
    ]
    message: Annotated[str, Meta(description="Why it failed or what it waits for")] = ""
    started_at: Annotated[datetime | None, Meta(description="When it began, UTC")] = None
    ended_at: Annotated[datetime | None, Meta(description="When it ended, UTC")] = None


class Actions(Protocol):
    """What the web may ask the server to do. The transfer's name is known to exist; a ConfigError
    says why this transfer cannot do it."""

    async def pause(self, transfer: str) -> None: ...

    async def resume(self, transfer: str) -> None: ...

    async def replay(self, transfer: str, wish: "ReplayWish") -> str:
        """Starts sending again; the job's id."""
        ...

    def jobs(self) -> Sequence[Job]:
        """Newest first."""
        ...

    def cancel(self, job: str) -> Job | None:
        """The job as it is then; None where there is none of that name."""
        ...

    async def test(self, transfer: str, kinds: Sequence[Kind]) -> Sequence[Trial]:
        """Sends one test event of each kind, and tells what came of it."""
        ...

    async def parked(self, transfer: str) -> Sequence[Parked]: ...

    async def attempts(self, transfer: str, seq: int | None, limit: int) -> Sequence[Attempt]:
        """Newest first: those that failed, and the last that succeeded."""
        ...

    async def dead(self, transfer: str, query: DeadQuery, limit: int) -> Sequence[DeadLetter]: ...

    async def dead_groups(self, transfer: str) -> Sequence[DeadGroup]: ...

    async def requeue(self, transfer: str, query: DeadQuery) -> int:
        """How many will be sent again."""
        ...

    async def discard(self, transfer: str, query: DeadQuery, reason: str) -> int: ...


class ReplayWish(Struct, frozen=True, kw_only=True):
    """Which events to send again, and how fast."""

    what: ReplayWhat = "all"
    from_seq: int = 1
    to_seq: int | None = None
    failed_since: datetime | None = None
    rate: float | None = None


Snapshot = Callable[[str], Awaitable[bytes | None]]
"""Camera name to its latest picture as JPEG, or None when there is none yet."""


@dataclass(frozen=True, slots=True)
class WebContext:
    access: Access
    clock: Clock
    log: EventReader
    queries: Queries
    board: Board
    site: Site
    snapshot: Snapshot
    actions: Actions
    version: str = ""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server stops: open live streams end."""
    lists: Lists | None = None
    """None where the configuration names no list."""
    streams: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(STREAMS_MAX))
    """One is held by each open live stream."""
    exports: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(EXPORTS_MAX))
    """One is held by each export on its way."""
