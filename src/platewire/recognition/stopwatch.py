"""Optional timing of the stages of reading.

An engine names its stages (`detect`, `rectify`, `read`, `vehicle`) and wraps each in `stage(watch,
"detect")`. Without a stopwatch that is an empty context: no clock is looked at.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

UNTIMED: AbstractContextManager[None] = contextlib.nullcontext()


class Stopwatch:
    """Sums up the time of each stage of one frame. Belongs to one thread at a time.

    `monotonic` gives seconds that never go back, as `Clock.monotonic` does.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begun = self._monotonic()
        try:
            yield
        finally:
            spent = self._monotonic() - begun
            self.seconds[name] = self.seconds.get(name, 0.0) + spent


def stage(watch: Stopwatch | None, name: str) -> AbstractContextManager[None]:
    """Times what stands inside as one stage; a stage that comes several times is added up."""
    return UNTIMED if watch is None else watch.stage(name)
