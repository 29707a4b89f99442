"""Sending old entries again beside the live delivery."""

import asyncio
from typing import Any

import pytest
from msgspec import structs

from platewire.delivery import ReplayResult, replay
from platewire.delivery.events.choice import choose
from platewire.errors import Paused, Rejected, Unavailable
from platewire.eventlog.deliveries.records import DeadQuery
from platewire.testing.sample_events import passage_events
from platewire.wire import native
from tests.support.delivering import Says, Stage, Told


class Again:
    """A replay on a stage, with the progress it reported."""

    def __init__(self, stage: Stage, *says: Says, batch: int = 1) -> None:
        self.stage = stage
        self.output = Told(stage.clock, *says, batch=batch)
        self.progress: list[tuple[int, int]] = []

    async def run(self, from_seq: int, to_seq: int | None = None, **more: Any) -> ReplayResult:
        return await replay(
            self.stage.log,
            self.output,
            await choose(self.stage.log, self.stage.settings, "all", from_seq, to_seq),
            clock=self.stage.clock,
            progress=lambda done, total: self.progress.append((done, total)),
            uniform=lambda: 1.0,
            **more,
        )


async def filled(passages: int = 3, **settings: Any) -> Stage:
    stage = Stage(**settings)
    for number in range(1, passages + 1):
        await stage.append(*passage_events(number))
    return stage


async def test_sends_the_same_events_marked() -> None:
    stage = await filled()
    again = Again(stage)
    result = await again.run(4)
    logged = await stage.log.read(3, 100)
    assert again.output.seqs == [4, 5, 6, 7, 8, 9]
    for sent, entry in zip(again.output.got, logged, strict=True):
        assert sent.event == structs.replace(entry.event, replayed=True)
        assert native.decode(sent.body) == sent.event
    assert result == ReplayResult(first_seq=4, last_seq=9, delivered=6, rejected=0, reasons=())
    assert again.progress == [(6, 6)]
    assert again.output.closes == 1


async def test_never_disturbs_the_live_cursor() -> None:
    stage = await filled(start="now")
    async with stage.running():
        again = Again(stage)
        await again.run(1, 5)
        assert again.output.seqs == [1, 2, 3, 4, 5]
        assert await stage.log.deliveries.cursor("gate") == 9
        assert stage.output.seqs == []
        assert stage.line.counters["delivered"] == 0


async def test_the_same_filters_but_any_age() -> None:
    stage = await filled(events="lost_only", max_age_seconds=1)
    stage.clock.jump(86_400)
    again = Again(stage, batch=2)
    assert (await again.run(1)).delivered == 3
    assert [seqs for _, seqs in again.output.attempts] == [[3, 6], [9]]


async def test_what_comes_while_it_runs_is_left_to_the_live_delivery() -> None:
    stage = await filled(1)
    again = Again(stage)
    again.output.open.clear()
    task = asyncio.create_task(again.run(1))
    await stage.settle()
    await stage.append(*passage_events(8))
    again.output.open.set()
    await task
    assert again.output.seqs == [1, 2, 3]


async def test_no_faster_than_the_rate() -> None:
    stage = await filled()
    again = Again(stage)
    task = asyncio.create_task(again.run(1, rate=2))
    await stage.settle()
    await stage.clock.advance(10)
    await task
    assert [at for at, _ in again.output.attempts] == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]


async def test_retries_like_the_live_delivery() -> None:
    stage = await filled(1)
    down = Unavailable("down")
    again = Again(stage, None, down, down)
    task = asyncio.create_task(again.run(1))
    await stage.settle()
    await stage.clock.advance(5)
    await task
    assert again.output.seqs == [1, 2, 3]
    assert [at for at, _ in again.output.attempts] == [0, 0, 0.5, 1.5, 1.5]
    assert again.output.connects == 3


async def test_what_is_rejected_is_told_and_passed() -> None:
    stage = await filled()
    again = Again(stage, batch=9)
    again.output.refuses = lambda entry: (
        Rejected("not this one") if entry.event.seq in (2, 7) else None
    )
    result = await again.run(1)
    assert (result.delivered, result.rejected) == (7, 2)
    assert result.reasons == ("seq 2: not this one", "seq 7: not this one")
    assert await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10) == []


async def test_a_pause_ends_it() -> None:
    stage = await filled()
    again = Again(stage, None, Paused("410 Gone"))
    with pytest.raises(Paused, match="410 Gone"):
        await again.run(1)
    assert again.output.closes == 1
    assert await stage.log.deliveries.pause_reason("gate") is None


async def test_begins_where_retention_has_left_something() -> None:
    stage = await filled()
    stage.log.drop_before(6)
    again = Again(stage)
    result = await again.run(1)
    assert (result.first_seq, again.output.seqs) == (6, [6, 7, 8, 9])


@pytest.mark.parametrize(("first", "last"), [(10, None), (5, 4), (100, 200)])
async def test_nothing_to_send(first: int, last: int | None) -> None:
    again = Again(await filled())
    result = await again.run(first, last)
    assert result.delivered == 0
    assert again.output.got == []


async def test_retention_that_overtakes_it_ends_it() -> None:
    stage = await filled(30)
    again = Again(stage)
    again.output.open.clear()
    task = asyncio.create_task(again.run(1))
    await stage.settle()
    stage.log.drop_before(91)
    again.output.open.set()
    assert (await task).delivered == 64
    assert again.progress[-1] == (90, 90)
