"""Deliveries under random trouble, by seed: nothing lost, order kept, repeats keep their id.

Each run is one history: cameras append, the receiver fails in every way it can, the server is
killed and started again with what was on the disk up to 200 ms before. One judge looks at the
whole at the end.
"""

import asyncio
import random

import pytest
from msgspec import structs

from platewire.delivery import Delivery, loop
from platewire.eventlog.deliveries.records import DeadQuery
from platewire.model import Event
from platewire.testing.sample_events import passage_events
from tests.simulation.crashing_log import CrashingLog
from tests.simulation.events import interleaved
from tests.simulation.judge import judge, repeats
from tests.simulation.receiver import CALM, Receiver
from tests.support.delivering import Stage

PASSAGES = 12


@pytest.mark.parametrize("seed", range(40))
async def test_nothing_is_lost_and_order_is_kept(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "MEASURE_SECONDS", 3600.0)
    chance = random.Random(seed)
    stage = Stage(events=chance.choice(["all", "parking", "traffic", "lost_only"]))
    stage.log = log = CrashingLog(stage.clock)
    lanes, batch = chance.choice([(1, 1), (1, 3), (1, 8), (2, 1), (4, 1), (8, 1), (3, 4)])
    receiver = Receiver(stage.clock, chance, batch=batch, lanes=lanes)
    receiver.poison = set(chance.sample(range(1, PASSAGES * 4), 3))
    numbers = {event.passage_number for event in interleaved(random.Random(0), PASSAGES)}
    receiver.sick = set(chance.sample(sorted(numbers), chance.choice([0, 1, 3])))
    waiting = interleaved(chance, PASSAGES)
    order = chance.choice(["passage", "passage", "camera", "site"])
    lists = chance.choice([(), ("staff",)])
    stage.settings = structs.replace(stage.settings, order=order, lists=lists)
    crashes = 0
    while waiting:
        await _life(stage, log, receiver, chance, waiting)
        crashes += 1
    receiver.moods = CALM
    receiver.down_until = 0.0
    async with stage.running(_delivery(stage, receiver)):
        await _a_good_day(stage)
    await _ends(stage, receiver)
    assert repeats(receiver.got) <= (crashes + len(receiver.losses)) * lanes * max(batch, 4) * 4


async def _a_good_day(stage: Stage) -> None:
    """The receiver is well but for what it will never take, and other vehicles keep coming."""
    for number in range(1000, 1028):
        await stage.append(*passage_events(number))
        await stage.clock.advance(3 * 3600.0)
    await stage.settle()


async def _ends(stage: Stage, receiver: Receiver) -> None:
    assert receiver.wrongs == []
    await judge(stage.log, stage.settings, receiver.got)
    logged = await stage.log.read(0, 1000)
    assert len(logged) == PASSAGES * 4 + 28 * 3
    for letter in await stage.log.deliveries.dead_letters("gate", DeadQuery(), 1000):
        if letter.outcome == "rejected":
            assert letter.seq in receiver.poison
        else:
            assert letter.outcome == "exhausted"
            number = logged[letter.seq - 1].event.passage_number
            assert number in receiver.sick or stage.settings.order != "passage"
    arrived = {entry.event.passage_number for entry in receiver.got}
    assert not arrived & receiver.sick


async def _life(
    stage: Stage, log: CrashingLog, receiver: Receiver, chance: random.Random, waiting: list[Event]
) -> None:
    """From a start to a kill; the log is then as it was on the disk."""
    log.keep()
    task = asyncio.create_task(_delivery(stage, receiver).run())
    await stage.settle()
    for _ in range(chance.randint(1, 12)):
        for event in waiting[: (count := chance.randint(0, 3))]:
            await stage.append(event)
        del waiting[:count]
        if chance.random() < 0.1:
            receiver.down_until = stage.clock.monotonic() + chance.choice([3, 180, 10_800])
        await stage.settle()
        if chance.random() < 0.7:
            log.keep()
        await stage.clock.advance(chance.choice([0.0, 0.1, 1.0, 40.0]))
    task.cancel()
    await stage.settle()
    await stage.clock.advance(0.001)
    await asyncio.gather(task, return_exceptions=True)
    log.crash()


def _delivery(stage: Stage, receiver: Receiver) -> Delivery:
    return stage.delivery(receiver, grace_seconds=0.001)
