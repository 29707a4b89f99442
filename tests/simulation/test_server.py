"""Hundreds of histories of a whole server, by seed: cameras, kills, bad receivers, one judge.

`PLATEWIRE_SIMULATION_SEEDS=10000` makes it a long run; a seed that fails fails again.
"""

import os
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import pytest

from platewire.eventlog.deliveries.records import DeadQuery
from platewire.model import Event, Kind
from platewire.testing.clock import FakeClock
from tests.simulation.judge import judge, repeats
from tests.simulation.receiver import CALM, Receiver
from tests.simulation.server import Server, Way
from tests.simulation.traffic import Camera, vehicles

SEEDS = int(os.environ.get("PLATEWIRE_SIMULATION_SEEDS", "500"))
GROUP = 25
"""Seeds of one test."""
ROAD_SECONDS = 30.0
STEP_SECONDS = 0.25
EVERY = 1_000_000


@pytest.mark.parametrize("first", range(0, SEEDS, GROUP))
@pytest.mark.timeout(900)
async def test_nothing_lost_nothing_invented(first: int) -> None:
    for seed in range(first, min(first + GROUP, SEEDS)):
        await history(seed)


@pytest.mark.parametrize("seed", [1, 5])
async def test_a_seed_gives_the_same_history_again(seed: int) -> None:
    """Else a seed that failed could not be looked into."""
    first, again = await history(seed), await history(seed)
    assert len(first.told) > 1
    assert first == again


class History(NamedTuple):
    """What was logged, and what reached each receiver, in order."""

    told: list[Event]
    got: list[list[bytes]]


async def history(seed: int) -> History:
    random.seed(seed)  # for the waits of cameras, which draw from the one that all share
    try:
        return await lived(random.Random(seed))
    except Exception as error:
        error.add_note(f"seed {seed}")
        raise


async def lived(chance: random.Random) -> History:
    clock = FakeClock()
    server = Server(clock, roads(chance))
    server.ways = [way(chance, clock, index) for index in range(chance.randint(1, 3))]
    began, lives = clock.monotonic(), 0
    while clock.monotonic() - began < ROAD_SECONDS:
        async with server.running():
            await a_while(server, chance, began)
        lives += 1
        await clock.advance(chance.choice([0.0, 0.5, 3.0, 8.0]))
    for each in server.ways:
        each.receiver.moods, each.receiver.down_until = CALM, 0.0
        each.receiver.turns_away_until = 0.0
    async with server.running():
        await clock.advance(20)
    async with server.running(watching=False):
        for _ in range(30):
            await clock.advance(3 * 3600.0)
        await clock.settle()
        logged = [entry.event for entry in await server.log.read(0, EVERY)]
        whole(logged, server.cameras)
        for each in server.ways:
            await judge(server.log, each.settings, each.receiver.got)
            await only_poison_is_rejected(server, each)
            assert each.receiver.wrongs == []
            assert repeats(each.receiver.got) <= bound(each.receiver, lives, len(logged))
    return History(logged, [[entry.body for entry in each.receiver.got] for each in server.ways])


async def only_poison_is_rejected(server: Server, way: Way) -> None:
    """Who is turned away as everybody is has done nothing wrong."""
    dead = await server.log.deliveries.dead_letters(way.settings.name, DeadQuery(), EVERY)
    rejected = {letter.seq for letter in dead if letter.outcome == "rejected"}
    assert rejected <= way.receiver.poison, f"rejected for nothing: {sorted(rejected)}"


def roads(chance: random.Random) -> list[Camera]:
    return [
        Camera(name, chance, vehicles(chance, chance.randint(1, 6), ROAD_SECONDS * 0.8))
        for name in ("gate", "yard")[: chance.randint(1, 2)]
    ]


def way(chance: random.Random, clock: FakeClock, index: int) -> Way:
    lanes, batch = chance.choice([(1, 1), (1, 4), (4, 1), (8, 1), (3, 4)])
    events = chance.choice(["all", "parking", "traffic", "lost_only"])
    receiver = Receiver(clock, chance, batch=batch, lanes=lanes)
    receiver.poison = {chance.randint(1, 30)} if chance.random() < 0.3 else set()
    return Way({"name": f"way-{index}", "events": events}, receiver)


async def a_while(server: Server, chance: random.Random, began: float) -> None:
    """Until a kill: frames, cuts, a full disk, a clock that jumps, receivers that go down or turn
    everybody away."""
    clock = server.clock
    for _ in range(chance.randint(2, 60)):
        seconds = clock.monotonic() - began
        for camera in server.cameras:
            if chance.random() < 0.95:
                server.sources[camera.name].put(camera.frame(seconds, clock.now()))
        if chance.random() < 0.02:
            server.sources[chance.choice(server.cameras).name].put(None)
        if chance.random() < 0.02:
            clock.jump(chance.choice([-4e7, -3600.0, -2.0, 2.0, 3600.0, 4e7]))
        if chance.random() < 0.03:
            chance.choice(server.ways).receiver.down_until = clock.monotonic() + chance.choice(
                [3.0, 180.0, 10_800.0]
            )
        if chance.random() < 0.03:
            chance.choice(server.ways).receiver.turns_away_until = (
                clock.monotonic() + chance.choice([1.0, 5.0, 600.0])
            )
        server.log.full = chance.random() < 0.03
        await clock.advance(STEP_SECONDS)
        if chance.random() < 0.5:
            server.log.keep()
    server.log.full = False


def whole(events: Sequence[Event], cameras: Sequence[Camera]) -> None:
    """The invariants of the log itself."""
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    said = {camera.name: camera.said for camera in cameras}
    passages: dict[UUID, list[Event]] = defaultdict(list)
    for event in events:
        passages[event.passage].append(event)
        assert event.plate.text in said[event.camera], "a text that nobody read and no plate bears"
    for own in passages.values():
        assert [event.revision for event in own] == list(range(len(own)))
        assert (own[0].kind, own[-1].kind) == (Kind.NEW, Kind.LOST)
        assert all(event.kind is Kind.UPDATED for event in own[1:-1])
        assert len({(event.camera, event.passage_number) for event in own}) == 1
    assert len({own[0].passage_number for own in passages.values()}) == len(passages)


def bound(receiver: Receiver, lives: int, logged: int) -> int:
    """What may come twice: at each kill what was on its way or not committed, and whatever the
    receiver took without saying so."""
    in_flight = receiver.lanes * max(receiver.batch, 4) * 4
    return (lives + 1) * min(in_flight, logged) + len(receiver.losses) * in_flight
