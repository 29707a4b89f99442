"""Histories by seed of a gate whose device switches and does not say so, and of kills at any step.

The book of decisions outlives a kill, as it does on the disk. What the device was told is counted
by the passage that the server was about to let in.
"""

import os
import random
from uuid import UUID

import pytest

from platewire.errors import Refused, Unavailable
from platewire.outputs.output import OutputContext
from platewire.outputs.relay.effect import Effect
from platewire.outputs.relay.http_switch import HttpRelay
from platewire.outputs.relay.relay import RelayOutput, RelaySettings
from platewire.runtime.status import Board
from platewire.testing.check_output import SITE
from platewire.testing.clock import FakeClock
from tests.outputs.relay.relay_world import FakeLists
from tests.simulation.server import Server
from tests.simulation.test_server import ROAD_SECONDS, STEP_SECONDS, roads

SEEDS = int(os.environ.get("PLATEWIRE_SIMULATION_SEEDS", "500")) // 5
GROUP = 25
HABITS = {"confirms": 5, "acts and is mute": 2, "acts and hangs up": 1, "is away": 1, "refuses": 1}
"""And how often a device has each."""


class Device:
    """Implements `Switch`. Keeps for which passage it was switched on."""

    pulse_seconds = 1.0

    def __init__(self, clock: FakeClock, chance: random.Random, lists: FakeLists) -> None:
        self._clock = clock
        self._chance = chance
        self._lists = lists
        self.effect = Effect.NONE
        self.is_calm = False
        self.on = False
        self.pulses: list[UUID] = []

    async def knock(self) -> None:
        pass

    async def turn(self, *, on: bool) -> None:
        self.effect = Effect.NONE
        habit = "confirms" if self.is_calm else self._habit()
        await self._clock.sleep(self._chance.choice([0.0, 0.0, 0.1, 1.0]))
        if habit == "is away":
            raise Unavailable("nobody is there")
        if habit == "refuses":
            raise Refused("403")
        self._switch(on=on)
        if habit == "acts and is mute":
            await self._clock.sleep(self._chance.choice([4.0, 6.0, 10.0]))
        if habit != "confirms":
            raise Unavailable("it did not answer")
        self.effect = Effect.DONE

    def _habit(self) -> str:
        (habit,) = self._chance.choices(list(HABITS), list(HABITS.values()))
        return habit

    def _switch(self, *, on: bool) -> None:
        self.effect = Effect.UNKNOWN
        if on:
            self.pulses.append(self._lists.book[-1].passage)
        self.on = on

    async def close(self) -> None:
        pass


class Gate:
    """Settings and receiver of a delivery, as `Way`; the sender is another one in each life."""

    def __init__(self, clock: FakeClock, chance: random.Random) -> None:
        self.settings = RelaySettings(
            name="barrier",
            relay=HttpRelay(url="http://relay.invalid/on"),
            min_confidence=0.5,
            start="beginning",
        )
        self.lists = FakeLists(clock)
        self.device = Device(clock, chance, self.lists)
        self._clock = clock

    def begin_life(self, server: Server) -> None:
        context = OutputContext(self._clock, server.log, SITE, Board(self._clock), self.lists)
        self.receiver = RelayOutput(self.settings, context, self.device)


@pytest.mark.parametrize("first", range(0, SEEDS, GROUP))
@pytest.mark.timeout(900)
async def test_one_passage_one_pulse(first: int) -> None:
    pulses = 0
    for seed in range(first, min(first + GROUP, SEEDS)):
        random.seed(seed)
        try:
            pulses += await lived(random.Random(seed))
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
    assert pulses > GROUP, "else nothing was tried"


async def lived(chance: random.Random) -> int:
    """How often the gate was opened."""
    clock = FakeClock()
    server = Server(clock, roads(chance))
    gate = Gate(clock, chance)
    server.gates = [gate]
    began = clock.monotonic()
    while clock.monotonic() - began < ROAD_SECONDS:
        gate.begin_life(server)
        async with server.running():
            await a_while(server, chance, began)
        await clock.advance(chance.choice([0.0, 0.5, 3.0, 8.0]))
    gate.device.is_calm = True
    gate.begin_life(server)
    async with server.running(watching=False):
        await clock.advance(60)
    assert not gate.device.on, "a gate was left open"
    assert len(set(gate.device.pulses)) == len(gate.device.pulses), "opened twice for one passage"
    judge_book(gate)
    return len(gate.device.pulses)


def judge_book(gate: Gate) -> None:
    """What is written down is what happened, as far as the device said so."""
    outcomes: dict[UUID, set[str | None]] = {}
    for decision in gate.lists.book:
        outcomes.setdefault(decision.passage, set()).add(decision.outcome)
    assert all(None not in each for each in outcomes.values()), "a decision was never settled"
    for passage, each in outcomes.items():
        if passage in gate.device.pulses:
            assert each & {"opened", "unknown"}, "it opened, and the book says no"
        else:
            assert "opened" not in each, "it never opened, and the book says yes"


async def a_while(server: Server, chance: random.Random, began: float) -> None:
    """Until a kill: vehicles come, the clock jumps."""
    clock = server.clock
    for _ in range(chance.randint(2, 60)):
        seconds = clock.monotonic() - began
        for camera in server.cameras:
            server.sources[camera.name].put(camera.frame(seconds, clock.now()))
        if chance.random() < 0.02:
            clock.jump(chance.choice([-3600.0, -2.0, 2.0, 3600.0, 4e7]))
        await clock.advance(STEP_SECONDS)
