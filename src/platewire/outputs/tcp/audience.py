"""Whether a client is connected, for listening outputs whose events wait for one.

A `send` that finds nobody is Unavailable; the `connect` that follows then waits for somebody to
come, so that a receiver that returns is served at once and not after a back-off. Where events do
not wait, a receiver gets what happens from its arrival on, and nothing of before.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from platewire.errors import Unavailable
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
"""Instead of a sequence number: whatever comes may be sent, as events wait for a receiver
anyway."""


def happened_after(since: int, entry: Entry) -> bool:
    """Whether it came into the log after that `seq`, or is sent because a person asked for it."""
    event = entry.event
    return event.seq > since or event.replayed or event.test


class Audience:
    """`nobody` is the message while no client is connected, with the remedy. `waits` is whether
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
        """Up to which `seq` a client that comes now gets nothing."""
        return ALL if self._waits else self._log.last_seq

    def came(self) -> None:
        """Somebody can be sent to from now on."""
        self._came.set()

    async def wait_if_missed(self, present: Sequence[object]) -> None:
        """Once nobody was found, returns only when somebody is there."""
        if self._missed and not present:
            self._board.say("output", self._output, State.WAITING, self._nobody)
            await self._came.wait()
        self._missed = False

    def require(self, present: Sequence[object]) -> None:
        """Unavailable where nobody is there who is waited for."""
        if self._waits and not present:
            self._missed = True
            self._came.clear()
            raise Unavailable(self._nobody)
