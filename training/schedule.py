"""How long a run lasts, and the learning rate at each step of it. Plain Python, no PyTorch."""

import math
from typing import NamedTuple, Protocol

MOMENTUM = 0.9
"""Adam's first beta where a schedule does not vary it."""


class Budget(NamedTuple):
    """The end of a run, counted over all its parts: what is reached first ends it."""

    seconds: float = math.inf
    """Wall time, evaluations included."""
    steps: float = math.inf

    def progress(self, steps: int, seconds: float) -> float:
        """0 at the start, 1 at the end and after it."""
        return min(max(steps / self.steps, seconds / self.seconds), 1.0)

    def is_spent(self, steps: int, seconds: float) -> bool:
        return self.progress(steps, seconds) >= 1


class Pace(NamedTuple):
    """What the optimizer gets for one step."""

    rate: float
    """Share of the highest learning rate, 0 to 1."""
    momentum: float = MOMENTUM


class Schedule(Protocol):
    def at(self, progress: float, steps: int) -> Pace:
        """`progress` of the budget, 0 to 1, and steps done so far."""


class Cosine(NamedTuple):
    """A linear warm-up, then half a cosine from the highest rate down to `floor` of it."""

    floor: float
    warm_up_progress: float = 0.0
    """Share of the budget."""
    warm_up_steps: int = 0

    def at(self, progress: float, steps: int) -> Pace:
        rate = self.floor + (1 - self.floor) * falling(progress)
        if self.warm_up_progress:
            rate *= min(progress / self.warm_up_progress, 1)
        if self.warm_up_steps:
            rate *= min((steps + 1) / self.warm_up_steps, 1)
        return Pace(rate)


class OneCycle(NamedTuple):
    """Up and down along half cosines, momentum the other way round (Smith 2018), as PyTorch's
    `OneCycleLR` does it."""

    warm_up_progress: float = 0.15
    first: float = 1 / 25
    """Share of the highest rate at the start."""
    last: float = 1 / 25 / 10_000
    momentum: tuple[float, float] = (0.85, 0.95)
    """At the highest and at the lowest rate."""

    def at(self, progress: float, steps: int) -> Pace:
        """Depends on progress alone."""
        if progress < self.warm_up_progress:
            height, floor = 1 - falling(progress / self.warm_up_progress), self.first
        else:
            over = (progress - self.warm_up_progress) / (1 - self.warm_up_progress)
            height, floor = falling(over), self.last
        low, high = self.momentum
        return Pace(floor + (1 - floor) * height, high + (low - high) * height)


def falling(share: float) -> float:
    """Half a cosine: 1 at 0, 0 at 1."""
    return 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
