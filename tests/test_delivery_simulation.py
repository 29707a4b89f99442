"""Deliveries under random trouble, by seed: nothing lost, order kept, repeats keep their id.

Each run is one history: cameras append, the receiver fails in every way it can, the server is
killed and started again with a cursor up to 200 ms old. One judge looks at the whole at the end.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import pytest

from platewire.delivery import Delivery
from platewire.errors import Rejected, Unavailable
from platewire.eventlog.letters import DeadQuery
from platewire.model import Entry, Event
from platewire.testing.sample_events import passage_events
from tests.delivering import Stage

PASSAGES = 12


class Receiver:
    """Keeps what reached it, also where the sender never hears of that."""

    def __init__(self, stage: Stage, chance: random.Random, batch: int) -> None:
        self._stage = stage
        self._chance = chance
        self.batch = batch
        self.poison: set[int] = set()
        self.fails = True
        self.got: list[Entry] = []

    async def connect(self) -> None:
        if self.fails and self._chance.random() < 0.2:
            raise Unavailable("connection refused")

    async def send(self, entries: Sequence[Entry]) -> None:
        trouble = self._chance.random() if self.fails else 1.0
        if trouble < 0.2:
            raise Unavailable("503", retry_after=self._chance.choice([None, 0.1, 30.0]))
        if trouble < 0.3:
            await self._stage.clock.sleep(self._chance.uniform(0, 20))
        for entry in entries:
            if entry.event.seq in self.poison:
                raise Rejected("422", status=422)
            self.got.append(entry)
            if 0.3 < trouble < 0.4:
                raise Unavailable("the answer was lost")

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("seed", range(40))
async def test_nothing_is_lost_and_order_is_kept(seed: int) -> None:
    chance = random.Random(seed)
    stage = Stage(events=chance.choice(["all", "parking", "traffic", "lost_only"]))
    receiver = Receiver(stage, chance, batch=chance.choice([1, 1, 3, 8]))
    receiver.poison = set(chance.sample(range(1, PASSAGES * 4), 3))
    waiting = _happenings(chance)
    while waiting:
        cursor = await _life(stage, receiver, chance, waiting)
        if cursor is not None:
            await stage.log.set_cursor("gate", cursor)
    receiver.fails = False
    async with stage.running(_delivery(stage, receiver)):
        await stage.clock.advance(120)
        await stage.settle()
    await _judge(stage, receiver)


def _happenings(chance: random.Random) -> list[Event]:
    """Events of several passages, interleaved but in order within each."""
    queues = [list(passage_events(number, updates=2)) for number in range(1, PASSAGES + 1)]
    happenings: list[Event] = []
    while any(queues):
        happenings.append(chance.choice([queue for queue in queues if queue]).pop(0))
    return happenings


async def _life(
    stage: Stage, receiver: Receiver, chance: random.Random, waiting: list[Event]
) -> int | None:
    """From a start to a kill; gives the cursor that was on the disk at the end."""
    on_disk = await stage.log.cursor("gate")
    task = asyncio.create_task(_delivery(stage, receiver).run())
    await stage.settle()
    for _ in range(chance.randint(1, 12)):
        for event in waiting[: (count := chance.randint(0, 3))]:
            await stage.append(event)
        del waiting[:count]
        await stage.settle()
        if chance.random() < 0.7:
            on_disk = await stage.log.cursor("gate")
        await stage.clock.advance(chance.choice([0.0, 0.1, 1.0, 40.0]))
    task.cancel()
    await stage.settle()
    await stage.clock.advance(0.001)
    await asyncio.gather(task, return_exceptions=True)
    return on_disk


def _delivery(stage: Stage, receiver: Receiver) -> Delivery:
    return stage.delivery(receiver, grace_seconds=0.001)


async def _judge(stage: Stage, receiver: Receiver) -> None:
    logged = await stage.log.read(0, 1000)
    assert len(logged) == PASSAGES * 4
    wanted = {entry.event.seq for entry in logged if stage.settings.selects(entry)}
    kept = {row.seq for row in await stage.log.dead("gate", DeadQuery(), 1000)}
    arrived = {entry.event.seq for entry in receiver.got}
    assert arrived | kept == wanted, "lost, or sent though nobody asked"
    assert kept == wanted & receiver.poison, "rejected without need, or poison delivered"
    assert await stage.log.cursor("gate") == len(logged)
    by_seq = {entry.event.seq: entry for entry in logged}
    assert all(entry == by_seq[entry.event.seq] for entry in receiver.got), "changed on the way"
    first_arrivals: dict[UUID, list[int]] = defaultdict(list)
    for entry in receiver.got:
        revisions = first_arrivals[entry.event.passage]
        if entry.event.revision not in revisions:
            revisions.append(entry.event.revision)
    for revisions in first_arrivals.values():
        assert revisions == sorted(revisions), "out of order within a passage"
