"""Where time comes from: `now` for what is written down, `monotonic` for waiting.

Nothing else in platewire asks the operating system for the time, so that a test can turn the
clock by hand. Wall time may jump; whoever measures a span uses `monotonic`.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; their zero means nothing."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC, rounded down."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000
