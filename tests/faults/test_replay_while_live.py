"""All of a log is sent again while new events flow: the live delivery does not notice.

`PLATEWIRE_REPLAY_EVENTS=1000000` makes it a long run.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from platewire.delivery.events.choice import choose
from platewire.delivery.replay import ReplayResult, replay
from platewire.model import Entry
from platewire.outputs.output import Output
from platewire.testing.check_eventlog import several
from platewire.testing.sample_events import passage_events
from tests.faults.real_log import Whole, whole

EVENTS = int(os.environ.get("PLATEWIRE_REPLAY_EVENTS", "3000"))
LIVE = 100
"""Passages that come until its middle."""


class Counting(Output):
    """Keeps of each event only its seq: there may be a million."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.unmarked = 0
        self.may_go_on = asyncio.Event()
        """Past the middle."""

    async def connect(self) -> None:
        pass

    async def send(self, entries: Sequence[Entry]) -> None:
        self.seqs += [entry.event.seq for entry in entries]
        self.unmarked += sum(not entry.event.replayed for entry in entries)
        await asyncio.sleep(0)  # as one that waits for an answer
        if len(self.seqs) >= EVENTS // 2:
            await self.may_go_on.wait()

    async def close(self) -> None:
        pass


@pytest.mark.timeout(3600)
async def test_the_live_delivery_does_not_notice(tmp_path: Path) -> None:
    async with whole(tmp_path, {"start": "now"}) as world:
        for first in range(1, EVENTS // 3 + 1, 1000):
            await world.log.append("gate", several(first, min(1000, EVENTS // 3 + 1 - first)))
        old = world.log.last_seq
        again = Counting()
        async with world.delivering():
            await begun(world)
            replaying = asyncio.create_task(all_of_it(world, again))
            new = await live(world, again, replaying)
            result = await replaying
        assert result.delivered == len(again.seqs) == old
        assert again.seqs == list(range(1, old + 1))
        assert again.unmarked == 0
        assert sorted(world.receiver.seqs) == new == list(range(old + 1, world.log.last_seq + 1))
        assert not any(entry.event.replayed for entry in world.receiver.got)
        assert await world.log.deliveries.cursor("gate") == world.log.last_seq
        assert await world.letters() == []


async def begun(world: Whole) -> None:
    async with asyncio.timeout(60):
        while await world.log.deliveries.cursor("gate") is None:  # noqa: ASYNC110 - a cursor tells nobody
            await asyncio.sleep(0.01)


async def all_of_it(world: Whole, again: Counting) -> ReplayResult:
    choice = await choose(world.log, world.settings, "all", 1, None)
    return await replay(
        world.log,
        again,
        choice,
        clock=world.clock,
        progress=lambda done, total: None,
    )


async def live(world: Whole, again: Counting, replaying: "asyncio.Task[ReplayResult]") -> list[int]:
    """Appends as long as the replay runs, each passage when the one before has arrived; the seqs.
    The replay is not let past its middle before so many have."""
    seqs: list[int] = []
    passages = 0
    while not replaying.done():
        entries = await world.log.append("gate", passage_events(10_000_000 + passages))
        seqs += [entry.event.seq for entry in entries]
        await world.receiver.until(*seqs[-len(entries) :])
        passages += 1
        if passages == LIVE:
            again.may_go_on.set()
    return seqs
