"""Where time comes from: `now` for what is written down, `monotonic` for waiting, `boot` for ages.

Nothing else in platewire asks the operating system for the time, so that a test can turn the
clock by hand. Wall time may jump; whoever measures a span uses `monotonic`, and `boot` where the
span may outlast this process or the computer may sleep in it.
"""

import asyncio
import ctypes
import functools
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from platewire.model import BootTime

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Linux makes one at each boot."""
TIMEX_BYTES = 1024
"""More than `struct timex` takes anywhere (208 bytes on 64-bit Linux)."""
TIME_ERROR = 5
"""What `adjtimex` answers while the clock is not synchronized."""


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; their zero means nothing."""
        ...

    def boot(self) -> BootTime:
        """Now, on a clock that goes on while the computer sleeps, and that nobody can set."""
        ...

    def synchronized(self) -> bool:
        """Whether the operating system says that wall time is kept right from outside (NTP)."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def __init__(self) -> None:
        self._boot, self._seconds = _boot_clock()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def boot(self) -> BootTime:
        return BootTime(self._boot, self._seconds())

    def synchronized(self) -> bool:
        """False too where the system does not say: other than Linux, or forbidden in a container.

        The kernel's own flag is asked, as chrony, ntpd and systemd-timesyncd all tell it, and as
        setting the clock by hand clears it. The file /run/systemd/timesync/synchronized stays.
        """
        try:
            answer: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
        except (AttributeError, OSError, TypeError):
            return False
        return 0 <= answer < TIME_ERROR

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC, rounded down."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def _boot_clock() -> tuple[str, Callable[[], float]]:
    """Which boot this is, and a clock of its seconds.

    Elsewhere than on Linux each process counts as a boot of its own, from 0, by the best clock that
    goes on in sleep: macOS's CLOCK_MONOTONIC, Windows' time.monotonic.
    """
    if hasattr(time, "CLOCK_BOOTTIME") and BOOT_ID.exists():
        return BOOT_ID.read_text("ascii").strip(), lambda: time.clock_gettime(time.CLOCK_BOOTTIME)
    seconds: Callable[[], float] = time.monotonic
    if hasattr(time, "CLOCK_MONOTONIC"):
        seconds = functools.partial(time.clock_gettime, time.CLOCK_MONOTONIC)
    begun = seconds()
    return str(uuid.uuid4()), lambda: seconds() - begun
