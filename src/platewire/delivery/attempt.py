"""One attempt at sending, and how long to wait after it failed; the same for live and replay."""

from collections.abc import Awaitable, Callable, Sequence

from platewire.delivery.circuit import PROBES, RETRY_AFTER_SECONDS_MAX
from platewire.errors import PlatewireError, Rejected, Unavailable
from platewire.model import Entry
from platewire.transfers.transfer import Transfer


def asked_wait(error: BaseException) -> float | None:
    """The seconds that the other side asked for, if it did."""
    return error.retry_after if isinstance(error, Unavailable) else None


class Attempts:
    """Counts failures since the last success."""

    def __init__(self, uniform: Callable[[], float]) -> None:
        self._uniform = uniform
        self._failed = 0

    def forget(self) -> None:
        self._failed = 0

    def failed(self, error: PlatewireError) -> float:
        """Seconds to wait before the next attempt."""
        self._failed += 1
        least = min(asked_wait(error) or 0.0, RETRY_AFTER_SECONDS_MAX)
        return max(PROBES.delay(self._failed, self._uniform), least)


async def send_each(
    transfer: Transfer,
    entries: Sequence[Entry],
    *,
    delivered: Callable[[Sequence[Entry]], Awaitable[None]],
    rejected: Callable[[Entry, Rejected], Awaitable[None]],
) -> None:
    """Sends all at once, or one by one where one of them is rejected; tells of each in order.

    Unavailable and Paused come through; what was told before them is dealt with.
    """
    try:
        await transfer.send(entries)
    except Rejected as error:
        if len(entries) == 1:
            await rejected(entries[0], error)
            return
    else:
        await delivered(entries)
        return
    for entry in entries:
        await send_each(transfer, [entry], delivered=delivered, rejected=rejected)
