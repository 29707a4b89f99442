"""Notices that the event loop is blocked, and ends what blocks it.

A thread counts its own turns since the loop had its last one. Both wait equally long between
turns, so on a slow machine both are slow; only a blocked loop lets the thread run ahead. What
blocks is interrupted by a signal: a check of a plug that waits for ever ends too. In other threads
than the main one, and on Windows, signals do not help: there it is noticed once the call returns.
"""

import asyncio
import contextlib
import signal
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Iterator

from platewire.testing.promises import NOT_BLOCKED

TURN_SECONDS = 0.01
"""Seconds of one turn of the thread; short, to see a block soon."""
TURNS_MISSED_MAX = 300
"""So many turns of the thread without one of the loop are a block: 3 s on an idle machine, far
above what a slow step of asyncio takes, far below the timeouts of most protocols."""


class Blocked(AssertionError):
    """Raised within the call that blocks."""


@contextlib.asynccontextmanager
async def loop_watched() -> AsyncIterator[None]:
    """AssertionError names the blocking call, if any, whatever else the body raises."""
    watch = _Watch()
    turning = asyncio.create_task(watch.turn())
    with watch.interrupting():
        try:
            yield
        except BaseException as error:
            watch.raise_if_blocked(error)
            raise
        finally:
            turning.cancel()
    watch.raise_if_blocked()


class _Watch:
    def __init__(self) -> None:
        self._blocked_at = ""
        self._turned = True
        self._over = threading.Event()
        self._thread = threading.get_ident()
        self._interrupts = threading.current_thread() is threading.main_thread() and hasattr(
            signal, "pthread_kill"
        )

    async def turn(self) -> None:
        """On the loop."""
        while True:
            self._turned = True
            await asyncio.sleep(TURN_SECONDS)

    @contextlib.contextmanager
    def interrupting(self) -> Iterator[None]:
        looking = threading.Thread(target=self._look, name="loop-watch", daemon=True)
        before = signal.signal(signal.SIGUSR2, self._interrupted) if self._interrupts else None
        looking.start()
        try:
            yield
        finally:
            self._over.set()
            looking.join()
            if self._interrupts:
                signal.signal(signal.SIGUSR2, before)

    def raise_if_blocked(self, cause: BaseException | None = None) -> None:
        if self._blocked_at:
            raise AssertionError(f"{NOT_BLOCKED}; it was blocked in {self._blocked_at}") from cause

    def _look(self) -> None:
        """On a thread of its own."""
        missed = 0
        while not self._over.wait(TURN_SECONDS):
            missed = 0 if self._turned else missed + 1
            self._turned = False
            if missed >= TURNS_MISSED_MAX:
                missed = 0
                self._blocked_at = self._blocked_at or self._place()
                if self._interrupts:
                    signal.pthread_kill(self._thread, signal.SIGUSR2)

    def _place(self) -> str:
        innermost = traceback.extract_stack(sys._current_frames().get(self._thread))[-1:]
        places = [f"{each.filename}:{each.lineno}, {each.line}" for each in innermost]
        return next(iter(places), "a call that has just returned")

    def _interrupted(self, *_: object) -> None:
        raise Blocked(f"{NOT_BLOCKED}; {self._blocked_at}")
