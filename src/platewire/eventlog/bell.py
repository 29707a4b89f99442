"""Wakes everyone who waits for entries after some seq, once per commit.

One future serves all waiters: ringing is constant work however many deliveries there are.
"""

import asyncio


class Bell:
    """Lives on one event loop. `last_seq` is the last durable seq that was rung."""

    def __init__(self, last_seq: int = 0) -> None:
        self.last_seq = last_seq
        self._next: asyncio.Future[None] | None = None
        self._broken: Exception | None = None

    def ring(self, last_seq: int) -> None:
        self.last_seq = last_seq
        if self._next is not None and not self._next.done():
            self._next.set_result(None)

    def break_with(self, error: Exception) -> None:
        """Whoever waits, now or later, gets the error: nothing will ever come."""
        self._broken = error
        if self._next is not None and not self._next.done():
            self._next.set_result(None)

    async def wait(self, after: int) -> int:
        """Returns the last seq as soon as it is greater than `after`."""
        while self.last_seq <= after:
            if self._broken is not None:
                raise self._broken
            if self._next is None or self._next.done():
                self._next = asyncio.get_running_loop().create_future()
            # Shielded, as a waiter that is canceled must not take the future from the others.
            await asyncio.shield(self._next)
        return self.last_seq
