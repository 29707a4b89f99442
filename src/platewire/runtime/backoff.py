"""From the number of failed attempts to the seconds before the next one."""

import random
from collections.abc import Callable

from msgspec import Struct


class Backoff(Struct, frozen=True):
    """Exponential, jitter in the upper half: attempt 1 waits 0.5 to 1 times `first_seconds`."""

    first_seconds: float = 1.0
    factor: float = 2.0
    longest_seconds: float = 60.0

    def delay(self, attempt: int, uniform: Callable[[], float] = random.random) -> float:
        """Seconds to wait after failed attempt number `attempt` (from 1)."""
        exponent = min(attempt - 1, 64)
        span = min(self.first_seconds * self.factor**exponent, self.longest_seconds)
        return span * (0.5 + 0.5 * uniform())
