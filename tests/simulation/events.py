"""What the cameras of a simulation append."""

import random

from platewire.model import Event
from platewire.testing.sample_events import passage_events


def interleaved(chance: random.Random, passages: int, updates: int = 2) -> list[Event]:
    """Events of several passages, mixed, but in order within each."""
    queues = [list(passage_events(number, updates=updates)) for number in range(1, passages + 1)]
    happenings: list[Event] = []
    while any(queues):
        happenings.append(chance.choice([queue for queue in queues if queue]).pop(0))
    return happenings
