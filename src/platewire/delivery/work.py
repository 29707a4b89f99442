"""What is sent and what waits, as the parts of a delivery hand it to each other."""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from platewire.delivery.order import Key
from platewire.model import Entry
from platewire.outputs.exchange import Exchange

NO_LANE = -1
"""The lane of an event that has none yet; real lanes count from 0."""


@dataclass(slots=True, eq=False)
class Item:
    """An event that waits."""

    seq: int
    passage: UUID
    entry: Entry | None
    """None where the log has to be asked for it."""
    attempts: int = 0
    """Those that failed."""
    requeued: bool = False
    kept: bool = False
    """There is a row for it."""
    settled: bool = False


@dataclass(slots=True, eq=False)
class Waiting:
    """Events sent in order, of which the first failed or was requeued."""

    key: Key
    items: deque[Item] = field(default_factory=deque)
    failed: int = 0
    """Attempts since one of its events was settled, or its failures were dismissed."""
    accepted: int = 0
    """Number of events accepted by the receiver when it last failed, as the schedule counts."""
    since: float = 0.0
    """When its first event began to wait, or its failures were dismissed."""
    waited_seconds: float = 0.0
    """Between attempts."""
    due: float = 0.0
    error: str = ""
    at_fault: bool = False
    """Parked, rather than on suspicion."""
    was_spared: bool = False
    """It failed together with others, and they came to life again."""
    refused: bool = False
    """The last failure was a refusal that others may get too."""
    last_try: bool = False
    """Others were accepted meanwhile: a further refusal is of this event."""
    in_flight: bool = False
    probing: bool = False
    """A probe is in flight: is its first event at fault, or does the receiver accept nothing?"""


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
        return 1 if self.item is None else self.item.attempts + 1


class UnsavedAttempt(NamedTuple):
    waiting: Waiting
    item: Item
