"""One attempt at sending, and how long to wait after it failed; the same for live and replay."""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import structs

from platewire.delivery.circuit import PROBES, RETRY_AFTER_SECONDS_MAX
from platewire.errors import PlatewireError, Refused, Rejected, Unavailable
from platewire.model import Entry
from platewire.outputs.output import PROBE_SECONDS, Output


def retry_after_of(error: BaseException) -> float | None:
    """The seconds that the other side asked for, if it did."""
    return error.retry_after if isinstance(error, Unavailable) else None


def least_wait(error: BaseException) -> float:
    """The seconds that are to pass at least before this output tries again: accounts get locked
    where wrong passwords come often."""
    return error.least_wait if isinstance(error, Refused) else 0.0


class Attempts:
    """Counts failures since the last success."""

    def __init__(
        self, uniform: Callable[[], float], longest_seconds: float = PROBE_SECONDS
    ) -> None:
        self._uniform = uniform
        self._probes = structs.replace(PROBES, longest_seconds=longest_seconds)
        self._failed = 0

    def forget(self) -> None:
        self._failed = 0

    def failed(self, error: PlatewireError) -> float:
        """Seconds to wait before the next attempt."""
        self._failed += 1
        retry_after = min(retry_after_of(error) or 0.0, RETRY_AFTER_SECONDS_MAX)
        least = max(retry_after, least_wait(error))
        return max(self._probes.delay(self._failed, self._uniform), least)


async def send_each(
    output: Output,
    entries: Sequence[Entry],
    *,
    delivered: Callable[[Sequence[Entry]], Awaitable[None]],
    rejected: Callable[[Entry, Rejected], Awaitable[None]],
) -> None:
    """Sends all at once, or one by one where one of them is rejected; tells of each in order.

    Unavailable and Paused come through; what was told before them is dealt with.
    """
    try:
        await output.send(entries)
    except Rejected as error:
        if len(entries) == 1:
            await rejected(entries[0], error)
            return
    else:
        await delivered(entries)
        return
    for entry in entries:
        await send_each(output, [entry], delivered=delivered, rejected=rejected)
