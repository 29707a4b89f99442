"""The plug of this room: the append-only, durable log of events.

An append is durable before it is reported: the call returns, and readers see the entries, only
after the flush. One call is one transaction: its events, their pictures and the open passages of
the camera are stored together or not at all.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

from platewire.eventlog.deliveries.book import DeliveryBook
from platewire.model import BootTime, Entry, Event, EventReader, Picture

NOW: Mapping[UUID, BootTime | None] = MappingProxyType({})
"""Of no event it is known that it came earlier."""


class EventLog(EventReader, Protocol):
    """See `EventReader` for reading and waiting, `DeliveryBook` for what outputs keep here."""

    async def append(
        self,
        camera: str,
        events: Sequence[Event],
        pictures: Sequence[Picture] = (),
        open_passages: bytes | None = None,
        arrived: Mapping[UUID, BootTime | None] = NOW,
    ) -> Sequence[Entry]:
        """Numbers and keeps the events of one camera, in order; `seq` and `recorded_at` are set.

        `arrived` says by event id since when what it tells of is known here, None where nobody
        knows; events that it does not name came just now.

        `open_passages` replaces what `open_passages()` gives for this camera; with no events it
        is kept soon, without a flush of its own. Raises LogWaits (LogFull where there is no space)
        when it cannot be kept just now: the same call may be repeated. LogError otherwise.
        """
        ...

    async def open_passages(self, camera: str) -> bytes | None:
        """The camera's open passages as last kept."""
        ...

    async def cameras_with_open_passages(self) -> Sequence[str]: ...

    @property
    def last_passage_number(self) -> int:
        """The largest passage number in the log; 0 when there is none."""
        ...

    @property
    def deliveries(self) -> DeliveryBook:
        """What the log keeps for each output, in the same file."""
        ...

    async def close(self) -> None:
        """Flushes everything, the delivery book too."""
        ...
