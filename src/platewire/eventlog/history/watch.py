"""Checks twice a second that the files of the log exist and are readable.

deleted, replaced, truncated    LogGone: no more events are stored, the server ends
readers see an older state      likewise: they read other files than the writer writes
a read fails                    reported on the board until one succeeds; the server continues
"""

import asyncio
from collections.abc import Awaitable, Callable

from platewire.errors import LogError, LogGone
from platewire.eventlog.history.guard import REMEDY, Guard
from platewire.runtime.clock import Clock
from platewire.runtime.status import Board, State

WATCH_SECONDS = 0.5
"""Seconds between two checks of the log's files: a lost disk is reported soon, and a check takes
microseconds."""


class Watch:
    """`read_last` reads the last seq from the database, `known_last` is that of the writer."""

    def __init__(
        self,
        guard: Guard,
        clock: Clock,
        board: Board,
        read_last: Callable[[], Awaitable[int]],
        known_last: Callable[[], int],
    ) -> None:
        self._guard = guard
        self._clock = clock
        self._board = board
        self._read_last = read_last
        self._known_last = known_last
        self.failure = ""
        """Why the log is not readable; empty if it is."""

    async def run(self) -> None:
        """Runs until it is canceled. Raises LogGone."""
        while True:
            await self._clock.sleep(WATCH_SECONDS)
            await asyncio.to_thread(self._guard.check)
            await self._look()

    async def _look(self) -> None:
        due = self._known_last()
        try:
            found = await self._read_last()
        except LogError as error:
            self.failure = str(error)
            self._board.fail("log", "log", State.WAITING, self.failure)
            return
        if found < due:
            raise LogGone(
                f"seq {due} was written, but the last event that can be read is seq {found}: "
                f"another program has changed the files. No more events are stored; {REMEDY}"
            )
        if self.failure:
            self.failure = ""
            self._board.say("log", "log", State.RUNNING)
