"""Replays as jobs: their progress, their end, and how a person ends them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from platewire.app.replays import Replays
from platewire.delivery.events.choice import What, choose
from platewire.errors import ConfigError, Rejected, Unavailable
from platewire.eventlog.deliveries.records import DeadQuery
from platewire.web.context import Job
from tests.support.delivering import Stage, Told


@contextlib.asynccontextmanager
async def replaying(stage: Stage) -> AsyncIterator[Replays]:
    leaving = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        yield Replays(group, stage.log, stage.clock, leaving)
        leaving.set()


async def start(
    replays: Replays,
    stage: Stage,
    output: Told,
    what: What = "all",
    rate: float | None = None,
) -> str:
    choice = await choose(stage.log, stage.settings, what, 1, None)
    return replays.start(stage.settings, output, choice, rate)


def newest(replays: Replays) -> Job:
    return replays.jobs()[0]


async def test_a_job_counts_and_ends() -> None:
    stage = Stage()
    await stage.passages(40)
    async with replaying(stage) as replays:
        again = Told(stage.clock)
        again.open.clear()
        await start(replays, stage, again, rate=1000)
        await stage.settle()
        job = newest(replays)
        assert (job.state, job.done, job.total, job.sent, job.rate) == ("running", 0, 120, 0, 1000)
        assert job.started_at == stage.clock.now()
        again.open.set()
        await stage.settle()
        await stage.clock.advance(1)
        job = newest(replays)
        assert (job.state, job.done, job.sent, job.at_seq) == ("done", 120, 120, 120)
        assert job.message == "120 sent, 0 rejected"
        assert job.ended_at is not None


async def test_canceled_it_sends_no_more() -> None:
    stage = Stage()
    await stage.passages(40)
    async with replaying(stage) as replays:
        again = Told(stage.clock)
        job = await start(replays, stage, again, rate=1)
        await stage.settle()
        await stage.clock.advance(10.5)
        canceled = replays.cancel(job)
        assert canceled is not None
        assert canceled.state == "canceled"
        await stage.settle()
        await stage.clock.advance(60)
        assert len(again.got) == 11
        assert newest(replays).sent == 11
        assert newest(replays).state == "canceled"
        assert again.closes == 1
        assert replays.cancel(job) == newest(replays), "ended twice is ended"
        assert replays.cancel("99") is None


async def test_canceled_while_the_other_side_is_away() -> None:
    stage = Stage()
    await stage.passages(1)
    async with replaying(stage) as replays:
        again = Told(stage.clock, *[Unavailable("down")] * 100)
        job = await start(replays, stage, again)
        await stage.settle()
        await stage.clock.advance(5)
        assert newest(replays).message == "down"
        replays.cancel(job)
        await stage.settle()
        assert again.closes == 1


async def test_what_failed_and_is_delivered_is_dead_no_more() -> None:
    stage = Stage()
    stage.output.refuses = lambda entry: Rejected("no") if entry.event.seq in (2, 5, 8) else None
    await stage.passages(3)
    async with stage.running(), replaying(stage) as replays:
        again = Told(stage.clock)
        again.refuses = lambda entry: Rejected("still no") if entry.event.seq == 5 else None
        await start(replays, stage, again, "failed")
        await stage.settle()
        job = newest(replays)
        assert (job.state, job.total, job.sent, job.rejected) == ("failed", 3, 2, 1)
        assert job.message == "2 sent, 1 rejected; seq 5: still no"
    assert [
        letter.seq for letter in await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
    ] == [5]


async def test_nothing_to_send_is_said_at_once() -> None:
    stage = Stage()
    async with replaying(stage) as replays:
        with pytest.raises(ConfigError, match="nothing to replay"):
            await start(replays, stage, Told(stage.clock))


async def test_it_ends_when_the_server_leaves() -> None:
    stage = Stage()
    await stage.passages(10)
    again = Told(stage.clock)
    async with replaying(stage) as replays:
        await start(replays, stage, again, rate=0.1)
        await stage.settle()
    assert again.closes == 1
