"""What is sent and what waits, as the parts of a delivery hand it to each other."""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from platewire.model import Entry
from platewire.transfers.exchange import Exchange

NO_LANE = -1


@dataclass(slots=True, eq=False)
class Item:
    """An event that waits."""

    seq: int
    entry: Entry | None
    """None where the log has to be asked for it."""
    requeued: bool = False
    kept: bool = False
    """There is a row for it."""
    settled: bool = False


@dataclass(slots=True, eq=False)
class Waiting:
    """A passage whose first item failed, or was given back by a person."""

    passage: UUID
    items: deque[Item] = field(default_factory=deque)
    attempts: int = 0
    waited_seconds: float = 0.0
    due: float = 0.0
    error: str = ""
    at_fault: bool = False
    """Parked, rather than on suspicion."""
    was_spared: bool = False
    """It failed together with others, and they came to life again."""
    in_flight: bool = False


@dataclass(slots=True, eq=False)
class Work:
    """One send. `left` is what is not dealt with yet."""

    left: list[Entry]
    lane: int = NO_LANE
    waiting: Waiting | None = None
    probe: bool = False
    started: float = 0.0
    """Monotonic seconds."""
    exchange: Exchange = field(default_factory=Exchange)

    @property
    def item(self) -> Item | None:
        return None if self.waiting is None else self.waiting.items[0]

    @property
    def number(self) -> int:
        """Which attempt at its first event this is, from 1."""
        return 1 if self.waiting is None else self.waiting.attempts + 1


class ToKeep(NamedTuple):
    waiting: Waiting
    item: Item
