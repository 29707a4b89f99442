"""Kills under load with third parties' programs at work, and what came of them in numbers."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from tests.database.postgresql.postgresql_server import connected
from tests.faults.foreign_opener import KINDS, openers
from tests.faults.four_ways import FourWays, Told, logged, noted, told


async def killed(world: FourWays, kills: int, load: float, chance: random.Random) -> None:
    """So many times while events come, then started once more, until all is delivered, and
    stopped; meanwhile four programs of others open the log read-write and close it."""
    with openers(world.folder / "log" / "platewire.db", world.folder, KINDS):
        for _ in range(kills):
            await world.start(load)
            # Any moment from the first appends on: the moment is what is being varied.
            await asyncio.sleep(chance.uniform(0.0, 2.0))
            world.kill()
    server = await world.start(0)
    await world.caught_up()
    assert await asyncio.to_thread(server.stop) == 0


Numbered = tuple[int, str]
"""Seq and id of an event."""


class Losses(NamedTuple):
    """What became of acknowledged events in the log, or at a receiver."""

    events: int
    """Different ones that it has."""
    lost: int
    numbers_twice: int
    """Numbers that stand for different events there, in the log and in what was acknowledged."""
    repeats: int
    """The same event once more, as may be after a kill."""


async def tallied(world: FourWays) -> dict[str, Losses]:
    """The log and each receiver, by name."""
    said = noted(world.folder)
    log = pairs(logged(world.folder))
    found = {"log": compared(said, log, log)}
    for name, path in world.files.items():
        found[name] = compared(said, log, pairs(told(path)))
    found["database"] = compared(said, log, await in_database(world))
    return found


async def in_database(world: FourWays) -> list[Numbered]:
    async with connected(world.postgresql, world.database) as connection:
        rows = await connection.fetch("SELECT node_seq, id::text FROM platewire.anpr_event")
    return [tuple(each) for each in rows]


def pairs(events: Iterable[Told]) -> list[Numbered]:
    return [(each.seq, each.id) for each in events]


def compared(said: set[Numbered], log: Iterable[Numbered], has: Sequence[Numbered]) -> Losses:
    owners: dict[int, set[str]] = defaultdict(set)
    for seq, event in chain(said, log, has):
        owners[seq].add(event)
    different = set(has)
    return Losses(
        events=len(different),
        lost=len(said - different),
        numbers_twice=sum(len(events) > 1 for events in owners.values()),
        repeats=len(has) - len(different),
    )
