"""Circuit breaker: is the event at fault, or is the receiver down? And the next backoff. Pure.

    closed     healthy; sends run concurrently
    suspect    one passage has failed since the last success. One send at a time, without a wait, of
               other passages: a success shows that the failed passage is at fault
    open       more than one passage failed, connecting failed, or the receiver asked for a wait.
               One probe at a time, after a backoff; no event is at fault

Times are in seconds of a monotonic clock.
"""

from collections.abc import Callable

from msgspec import structs

from platewire.delivery.order import Key
from platewire.outputs.output import PROBE_SECONDS
from platewire.runtime.backoff import Backoff

RETRY_AFTER_SECONDS_MAX = 3600.0
"""A receiver that asks for more is asked again after this much all the same."""

PROBES = Backoff(first_seconds=0.5, factor=2.0, longest_seconds=PROBE_SECONDS)
PARKED = Backoff(first_seconds=0.5, factor=2.0, longest_seconds=3600.0)
PARKED_SECONDS_MAX = 86_400.0
"""An event that has waited between attempts for so long is given up."""


class Circuit:
    def __init__(
        self, uniform: Callable[[], float], longest_seconds: float = PROBE_SECONDS
    ) -> None:
        """`longest_seconds`: between two probes."""
        self._uniform = uniform
        self._probes = structs.replace(PROBES, longest_seconds=longest_seconds)
        self._rounds = 0
        self._whole = False
        self.suspects: set[Key] = set()
        self.blocked_until = 0.0
        """Nothing is tried before."""
        self.again_at = 0.0
        """When the failed passage, or the connection alone, is tried again."""

    @property
    def closed(self) -> bool:
        return self._rounds == 0

    @property
    def open(self) -> bool:
        return self._whole or len(self.suspects) > 1

    def failed_whole(
        self, now: float, retry_after: float | None = None, least: float = 0.0
    ) -> None:
        """No connection, or nothing that one event could be blamed for. `least`: seconds before the
        next probe."""
        self._rounds += 1
        self._whole = True
        self._block(now, max(least, self._probes.delay(self._rounds, self._uniform)), retry_after)

    def failed(
        self,
        key: Key,
        now: float,
        retry_after: float | None,
        *,
        probe: bool,
        least: float = 0.0,
    ) -> None:
        """`probe`: the send began after the last success, so it tells something new."""
        if probe or self.closed:
            self._rounds += 1
        self.suspects.add(key)
        self._whole = self._whole or retry_after is not None
        if retry_after is not None or len(self.suspects) == 1:
            delay = self._probes.delay(self._rounds, self._uniform)
        else:
            delay = self._probes.delay(max(1, self._rounds - 1), self._uniform)
        delay = max(delay, least)
        if self.open:
            self._block(now, delay, retry_after)
        else:
            self.again_at = now + delay

    def _block(self, now: float, delay: float, retry_after: float | None) -> None:
        until = now + max(delay, min(retry_after or 0.0, RETRY_AFTER_SECONDS_MAX))
        self.blocked_until = max(self.blocked_until, until)
        self.again_at = self.blocked_until

    def succeeded(self) -> None:
        self._rounds = 0
        self._whole = False
        self.suspects.clear()
        self.blocked_until = self.again_at = 0.0

    def parked_delay(self, attempts: int, retry_after: float | None) -> float:
        """Seconds until a parked event is tried again after so many failed attempts."""
        least = min(retry_after or 0.0, RETRY_AFTER_SECONDS_MAX)
        return max(PARKED.delay(attempts, self._uniform), least)
