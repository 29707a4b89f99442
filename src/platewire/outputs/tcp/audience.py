"""Whether a client is connected to a listening output, and whether events wait for one.

If events wait, a `send` without a client raises NoClient, and the next `connect` returns when a
client connects, so that it is served at once and not after the backoff. If they do not wait, a
client gets the events from its connection on. Test events without a client always raise NoClient.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from platewire.errors import NoClient
from platewire.model import Entry, EventReader
from platewire.runtime.status import Board, State

WaitForClient = Annotated[
    bool,
    Meta(
        description="While no client is connected, events wait in the log for up to "
        "`max_age_seconds`, and the next client gets them first; a gate controller "
        "would take them for arrivals. false: a client gets only events from its "
        "subscription on, and misses those while it is disconnected"
    ),
]
ALL = -1
"""Instead of a sequence number: all events may be sent, because they wait for a client."""


def happened_after(since: int, entry: Entry) -> bool:
    """Whether the event was stored after that `seq`, or is a replay or test started by a person."""
    event = entry.event
    return event.seq > since or event.replayed or event.test


class Audience:
    """`nobody` is the message while no client is connected, with the remedy; `waits` says whether
    events wait for one.
    """

    def __init__(
        self, output: str, board: Board, log: EventReader, nobody: str, *, waits: bool
    ) -> None:
        self._output = output
        self._board = board
        self._log = log
        self._nobody = nobody
        self._waits = waits
        self._missed = False
        self._came = asyncio.Event()

    @property
    def past(self) -> int:
        """Last `seq` that a client which connects now does not get."""
        return ALL if self._waits else self._log.last_seq

    def came(self) -> None:
        """Call it when a client can receive events."""
        self._came.set()

    async def wait_if_missed(self, present: Sequence[object]) -> None:
        """After a `send` without a client, returns only when one is connected."""
        if self._missed and not present:
            self._board.say("output", self._output, State.WAITING, self._nobody)
            await self._came.wait()
        self._missed = False

    def require(self, present: Sequence[object], entries: Sequence[Entry]) -> None:
        """Raises NoClient if no client is present, and the entries wait for one or are tests."""
        if self._waits and not present:
            self._missed = True
            self._came.clear()
            raise NoClient(self._nobody)
        require_for_tests(present, entries, self._nobody)


def require_for_tests(present: Sequence[object], entries: Sequence[Entry], nobody: str) -> None:
    """Raises NoClient with the message `nobody` if a test event has no client to go to."""
    if not present and any(entry.event.test for entry in entries):
        raise NoClient(nobody)
