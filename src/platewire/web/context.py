"""What the web needs from the rest, as narrow protocols, and nothing else.

The web owns no truth: it reads the event log's tail, the database and the status board, and asks
the server to act. `server` puts the parts together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol
from uuid import UUID

from msgspec import Meta, Struct

from platewire.clock import Clock
from platewire.database.passage_search import Place, Wanted
from platewire.database.plate_pattern import PlatePattern
from platewire.database.queries import PassageRow
from platewire.database.search import Presence
from platewire.lists.lists import Lists
from platewire.model import Entry, EventReader, Kind, Site
from platewire.status import Board
from platewire.web.settings import Access

STREAMS_MAX = 100


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

    async def search(
        self, wanted: Wanted, *, after: Place | None = None, limit: int
    ) -> Sequence[PassageRow]:
        """Newest first; `after` is the place of the last row of the page before."""
        ...

    async def presence(self, wanted: Wanted) -> Presence:
        """How many such passages there are, and when."""
        ...

    async def passage(self, passage: UUID) -> Sequence[Entry]:
        """All kept events of the passage, revisions rising; empty when there are none."""
        ...


class Job(Struct, frozen=True, kw_only=True):
    """A replay that was asked for, and how far it has come."""

    id: Annotated[str, Meta(description="Name of the job")]
    transfer: Annotated[str, Meta(description="Transfer that the events are sent to again")]
    from_seq: Annotated[int, Meta(description="First event, by seq")]
    to_seq: Annotated[int, Meta(description="Last event, by seq")]
    at_seq: Annotated[int, Meta(description="Last event dealt with so far, by seq")]
    state: Annotated[
        Literal["running", "done", "failed"], Meta(description="Whether it still runs")
    ]
    message: Annotated[str, Meta(description="Why it failed or what it waits for")] = ""


class Progress(Protocol):
    """A replay as the server keeps it; the fields are those of `Job`."""

    @property
    def id(self) -> str: ...
    @property
    def transfer(self) -> str: ...
    @property
    def from_seq(self) -> int: ...
    @property
    def to_seq(self) -> int: ...
    @property
    def at_seq(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def message(self) -> str: ...


class Actions(Protocol):
    """What the web may ask the server to do. The transfer's name is known to exist; a ConfigError
    says why this transfer cannot do it."""

    async def pause(self, transfer: str) -> None: ...

    async def resume(self, transfer: str) -> None: ...

    async def replay(
        self, transfer: str, from_seq: int, to_seq: int | None, rate: float | None = None
    ) -> str:
        """Starts sending again from `from_seq` to `to_seq` (or the present end), at most `rate`
        events a second; the job's id."""
        ...

    def jobs(self) -> Sequence[Progress]:
        """Newest first."""
        ...


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
