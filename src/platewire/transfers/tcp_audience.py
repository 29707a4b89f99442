"""Whether anybody is there to be sent to, for listening transfers whose events wait for a receiver.

A `send` that finds nobody is Unavailable; the `connect` that follows then waits for somebody to
come, so that a receiver that returns is served at once and not after a back-off.
"""

import asyncio
from collections.abc import Sequence

from platewire.errors import Unavailable
from platewire.status import Board, State


class Audience:
    """`nobody` is what people are told while nobody is there; it names the remedy."""

    def __init__(self, transfer: str, board: Board, nobody: str) -> None:
        self._transfer = transfer
        self._board = board
        self._nobody = nobody
        self._missed = False
        self._came = asyncio.Event()

    def came(self) -> None:
        """Somebody can be sent to from now on."""
        self._came.set()

    async def wait_if_missed(self, present: Sequence[object]) -> None:
        """Once nobody was found, returns only when somebody is there."""
        if self._missed and not present:
            self._board.say("transfer", self._transfer, State.WAITING, self._nobody)
            await self._came.wait()
        self._missed = False

    def require(self, present: Sequence[object]) -> None:
        """Unavailable where nobody is there."""
        if not present:
            self._missed = True
            self._came.clear()
            raise Unavailable(self._nobody)
