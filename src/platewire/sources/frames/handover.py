"""Bounded handover of frames between the thread that reads a camera and the event loop.

One producer, one consumer. Two policies for a slow consumer: a live camera keeps the newest item
and counts the replaced ones; a recording makes the producer wait. Closing wakes both sides.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")

RELEASE_SECONDS = 2.0
"""How long closing waits for a reading thread; after that the thread ends by its own time-outs."""


class Closed(Exception):
    """The consumer is gone; the producer should release the camera and return."""


class Handover(Generic[T]):
    """Created on the event loop of the consumer. `give` and `end` may be called from any thread."""

    def __init__(
        self,
        *,
        newest_wins: bool,
        capacity: int = 1,
        on_dropped: Callable[[], None] = lambda: None,
    ) -> None:
        self._newest_wins = newest_wins
        self._capacity = capacity
        self._on_dropped = on_dropped
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._arrived = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._error: BaseException | None = None
        self._ended = False
        self._closed = False

    def give(self, item: T) -> None:
        """Raises Closed once the taker has gone. Blocks while full, unless the newest wins."""
        with self._changed:
            while not self._closed and len(self._items) >= self._capacity:
                if self._newest_wins:
                    self._items.popleft()
                    self._on_dropped()
                else:
                    self._changed.wait()
            if self._closed:
                raise Closed
            self._items.append(item)
        self._wake()

    def pause(self, seconds: float) -> None:
        """Blocks the giving thread for that long. Raises Closed once the taker has gone."""
        with self._changed:
            if not self._closed:
                self._changed.wait(seconds)
            if self._closed:
                raise Closed

    def end(self, error: BaseException | None = None) -> None:
        """No more items will come; the taker gets those left, then `error` or None."""
        with self._changed:
            self._ended, self._error = True, error
        self._wake()

    async def take(self) -> T | None:
        """The next item; None at the end. Raises the error that the giver ended with."""
        while True:
            with self._changed:
                if self._items:
                    self._changed.notify_all()
                    return self._items.popleft()
                if self._ended:
                    break
                self._arrived.clear()
            await self._arrived.wait()
        if self._error is not None:
            raise self._error
        return None

    def close(self) -> None:
        """The taker leaves: items are discarded and the giver's next `give` raises Closed."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        return self._closed

    def _wake(self) -> None:
        _on_loop(self._loop, self._arrived.set)


def _on_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """A thread that outlives its event loop has nobody left to tell."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


async def taken_from_thread(
    name: str, read: Callable[[Handover[T]], None], handover: Handover[T]
) -> AsyncGenerator[T, None]:
    """Runs blocking `read` on a thread of that name and yields what it gives.

    Ends, or raises, as `read` does. Closing waits up to `RELEASE_SECONDS` for the thread.
    """
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()

    def run() -> None:
        try:
            read(handover)
        except Closed:
            pass
        except BaseException as error:
            # Whatever it is belongs to the task that takes: the thread has nobody to tell.
            handover.end(error)
        else:
            handover.end()
        finally:
            _on_loop(loop, gone.set)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        while (item := await handover.take()) is not None:
            yield item
    finally:
        handover.close()
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                await gone.wait()
            thread.join()  # at its last line
        except TimeoutError:
            pass  # blocked in the network; it returns at its own time-out and gives nothing more


async def taken_from_task(
    name: str, read: Callable[[Handover[T]], Coroutine[Any, Any, None]], handover: Handover[T]
) -> AsyncGenerator[T, None]:
    """Runs the coroutine `read` beside the taker and yields what it gives.

    A TaskGroup cannot be held open across a `yield`, so the task is owned here by hand: it is
    canceled and awaited before this generator ends, however it ends.
    """

    async def run() -> None:
        try:
            await read(handover)
        except Closed:
            pass
        except Exception as error:
            handover.end(error)
        else:
            handover.end()

    task = asyncio.create_task(run(), name=name)
    try:
        while (item := await handover.take()) is not None:
            yield item
    finally:
        handover.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
