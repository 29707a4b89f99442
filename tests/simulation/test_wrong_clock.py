"""Histories by seed of an output with an age limit, on a computer whose clock is set at will.

Judged by true time, which only the test knows: nothing is tried that arrived longer ago than the
limit, whatever wall time said, and what arrives while all is well reaches the receiver.
"""

import os
import random
from datetime import timedelta

import pytest

from platewire.errors import Unavailable
from platewire.runtime.freshness import seen_at
from platewire.testing.sample_events import passage_events
from tests.support.delivering import Stage, Told

SEEDS = int(os.environ.get("PLATEWIRE_SIMULATION_SEEDS", "500"))
GROUP = 50
LIMIT_SECONDS = 5.0
LIVES = 3
STEPS = 8


class World:
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.stage = Stage(max_age_seconds=LIMIT_SECONDS, events=("new",))
        self.slept = 0.0
        """What true time is ahead of the monotonic clock."""
        self.arrived: dict[int, float] = {}
        self.tried = 0

    @property
    def true(self) -> float:
        return self.stage.clock.monotonic() + self.slept

    async def vehicle(self) -> None:
        number = len(self.arrived) + 1
        start = self.stage.clock.now()
        late = self.chance.choice([0.0, 0.0, 0.5, 4.0, 60.0])
        event = passage_events(number, start=start - _seconds(number + late))[0]
        clock = self.stage.clock
        seen = seen_at(clock.boot(), event.last_seen_at, clock)
        await self.stage.log.append("gate", [event], arrived={event.id: seen})
        self.arrived[number] = self.true - late

    async def step(self, receiver: Told) -> None:
        clock, chance = self.stage.clock, self.chance
        match chance.choice(["vehicle", "vehicle", "time", "time", "jump", "step", "down"]):
            case "vehicle":
                await self.vehicle()
            case "time":
                await clock.advance(chance.choice([0.1, 1.0, 4.0, 30.0]))
            case "jump":
                clock.jump(chance.choice([-1, 1]) * chance.choice([3.0, 33.0, 3600.0, 4e7]))
            case "step":
                clock.jump(chance.uniform(-1, 1))
            case "down":
                receiver.says.extend([Unavailable("away")] * chance.randint(1, 5))

    async def live(self) -> None:
        receiver = Told(self.stage.clock)
        async with self.stage.running(self.stage.delivery(receiver)):
            for _ in range(STEPS):
                await self.step(receiver)
            receiver.says.clear()
            await self.stage.clock.advance(120)
            await self.vehicle_of_now(receiver)
        for at, seqs in receiver.attempts:
            assert all(at + self.slept - self.arrived[seq] <= LIMIT_SECONDS + 0.01 for seq in seqs)
        self.tried += len(receiver.attempts)

    async def vehicle_of_now(self, receiver: Told) -> None:
        """However often the clock was set before."""
        number = len(self.arrived) + 1
        self.arrived[number] = self.true
        now = self.stage.clock.now()
        await self.stage.append(passage_events(number, start=now - _seconds(number))[0])
        await self.stage.settle()
        assert receiver.seqs[-1] == number

    def between_lives(self) -> None:
        off = self.chance.choice([0.0, 0.5, 600.0])
        if self.chance.random() < 0.5:
            self.stage.clock.reboot(off)
        else:
            self.stage.clock.suspend(off)
        self.slept += off


def _seconds(amount: float) -> timedelta:
    return timedelta(seconds=amount)


@pytest.mark.parametrize("first", range(0, SEEDS, GROUP))
@pytest.mark.timeout(900)
async def test_nothing_of_the_past_is_sent_by_any_clock(first: int) -> None:
    for seed in range(first, min(first + GROUP, SEEDS)):
        world = World(seed)
        try:
            for _ in range(LIVES):
                await world.live()
                world.between_lives()
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
        assert world.tried
