"""Looks every half a second whether the files under the log are still there, and can be read.

deleted, replaced, truncated    LogGone: nothing more is taken in, the server ends
readers see an older state      likewise: they read other files than the writer writes
a read fails                    told on the board until one succeeds; nothing ends
"""

import asyncio
from collections.abc import Awaitable, Callable

from platewire.errors import LogError, LogGone
from platewire.eventlog.history.guard import REMEDY, Guard
from platewire.runtime.clock import Clock
from platewire.runtime.status import Board, State

WATCH_SECONDS = 0.5
"""Seconds between two looks at the log's files: a lost disk is reported soon, the looks cost next
to nothing."""


class Watch:
    """`read_last` asks the database for its last seq, `known_last` gives that of the writer."""

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
        """Why the log cannot be read now; empty where it can."""

    async def run(self) -> None:
        """For ever. Raises LogGone."""
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
                f"event {due} was written, but who reads the database finds {found} as the last: "
                f"its files were changed by another program. No more events are stored; {REMEDY}"
            )
        if self.failure:
            self.failure = ""
            self._board.say("log", "log", State.RUNNING)
