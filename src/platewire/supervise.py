"""Runs one loop for ever: run it, report how it ended, wait, run it again.

`Unavailable` is expected and answered with back-off; any other `PlatewireError` too, as a camera
or a transfer fails alone. A `LogError` is not caught, as nothing can be kept any more, nor is a
programmer's error: both end the server, visibly.
"""

from collections.abc import Awaitable, Callable

from platewire.backoff import Backoff
from platewire.clock import Clock
from platewire.errors import LogError, PlatewireError, Unavailable
from platewire.status import Board, State


async def run_for_ever(
    role: str,
    name: str,
    once: Callable[[], Awaitable[None]],
    *,
    clock: Clock,
    board: Board,
    backoff: Backoff,
    steady_seconds: float = 30.0,
) -> None:
    """Returns when `once` returns; a run longer than `steady_seconds` resets the back-off."""
    attempt = 0
    while True:
        board.say(role, name, State.STARTING)
        started = clock.monotonic()
        try:
            await once()
        except LogError:
            raise
        except PlatewireError as error:
            if clock.monotonic() - started > steady_seconds:
                attempt = 0
            attempt += 1
            board.fail(role, name, State.WAITING, str(error))
            board.count(role, name, failures=1)
            least = error.retry_after if isinstance(error, Unavailable) else None
            await clock.sleep(max(backoff.delay(attempt), least or 0.0))
        else:
            board.say(role, name, State.ENDED)
            return
