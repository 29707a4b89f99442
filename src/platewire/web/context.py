"""What the web needs from the other parts, as narrow protocols.

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

from platewire.database.queries import PassageRow
from platewire.database.search.filters import SearchFilters
from platewire.database.search.passage_search import PageCursor
from platewire.database.search.plate_pattern import PlatePattern
from platewire.database.search.plate_search import Presence
from platewire.eventlog.deliveries.records import (
    Attempt,
    DeadGroup,
    DeadLetter,
    DeadQuery,
    EventTestResult,
    Parked,
)
from platewire.limits.shares import Shares
from platewire.lists.lists import Lists
from platewire.model import Entry, EventReader, Kind, Site
from platewire.runtime.clock import Clock
from platewire.runtime.status import Board
from platewire.web.session import EndedSessions
from platewire.web.settings import Access

STREAMS_MAX = 100
"""Live streams at a time; each holds a connection and reads the log."""
EXPORTS_MAX = 4
"""Exports at a time; each reads the disk for long and may hold a file."""


class Queries(Protocol):
    """Read-only queries of the web to the database."""

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
        self, filters: SearchFilters, *, after: PageCursor | None = None, limit: int
    ) -> Sequence[PassageRow]:
        """Newest first; `after` is the place of the last row of the page before."""
        ...

    async def presence(self, filters: SearchFilters) -> Presence:
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
    """A replay and its progress."""

    id: Annotated[str, Meta(description="Name of the job")]
    output: Annotated[str, Meta(description="Output that the events are replayed to")]
    what: Annotated[ReplayWhat, Meta(description="Which events are replayed")] = "all"
    from_seq: Annotated[int, Meta(description="First event, by seq")]
    to_seq: Annotated[int, Meta(description="Last event, by seq")]
    at_seq: Annotated[int, Meta(description="Last processed event, by seq")]
    done: Annotated[int, Meta(description="Number of events processed so far")] = 0
    total: Annotated[int, Meta(description="Number of events to process")] = 0
    sent: Annotated[int, Meta(description="Number of events delivered so far")] = 0
    rejected: Annotated[
        int, Meta(description=("Number of events rejected by the receiver, at the end"))
    ] = 0
    rate: Annotated[float | None, Meta(description="Maximum events per second; null: no limit")] = (
        None
    )
    state: Annotated[
        Literal["running", "done", "failed", "canceled"], Meta(description="Whether it is running")
    ]
    message: Annotated[str, Meta(description="Why it failed or what it waits for")] = ""
    started_at: Annotated[datetime | None, Meta(description="Start time, UTC")] = None
    ended_at: Annotated[datetime | None, Meta(description="End time, UTC")] = None


class Actions(Protocol):
    """Actions that the web may request from the server. The output's name is known to exist; raises
    ConfigError with the reason if this output does not support the action.
    """

    async def pause(self, output: str) -> None: ...

    async def resume(self, output: str) -> None: ...

    async def restart(self, role: str, name: str) -> None:
        """Begins one part anew: a camera, an output, recognition or a task of the server."""
        ...

    async def replay(self, output: str, wish: "ReplayRequest") -> str:
        """Starts sending again; the job's id."""
        ...

    def jobs(self) -> Sequence[Job]:
        """Newest first."""
        ...

    def cancel(self, job: str) -> Job | None:
        """The job as it is then; None where there is none of that name."""
        ...

    async def test(self, output: str, kinds: Sequence[Kind]) -> Sequence[EventTestResult]:
        """Sends one test event of each kind, by default of all that the output sends, and returns
        the results. ConfigError for a kind that it does not send."""
        ...

    async def parked(self, output: str) -> Sequence[Parked]: ...

    async def attempts(self, output: str, seq: int | None, limit: int) -> Sequence[Attempt]:
        """Newest first: those that failed, and the last that succeeded."""
        ...

    async def dead(self, output: str, query: DeadQuery, limit: int) -> Sequence[DeadLetter]: ...

    async def dead_groups(self, output: str) -> Sequence[DeadGroup]: ...

    async def requeue(self, output: str, query: DeadQuery) -> int:
        """How many will be sent again."""
        ...

    async def discard(self, output: str, query: DeadQuery, reason: str) -> int: ...


class ReplayRequest(Struct, frozen=True, kw_only=True):
    """Which events to replay, and how fast."""

    what: ReplayWhat = "all"
    from_seq: int = 1
    to_seq: int | None = None
    failed_since: datetime | None = None
    rate: float | None = None


Snapshot = Callable[[str], Awaitable[bytes | None]]
"""Camera name to its latest frame as JPEG, or None before the first frame."""


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
    """None if the configuration has no lists."""
    streams: Shares = field(default_factory=lambda: Shares(STREAMS_MAX))
    """Held by each open live stream."""
    exports: Shares = field(default_factory=lambda: Shares(EXPORTS_MAX))
    """Held by each running export."""
    ended: EndedSessions = field(default_factory=EndedSessions)
    """Sessions that were logged out."""
