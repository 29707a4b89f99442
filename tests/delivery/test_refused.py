"""What fails for all alike is the other side's trouble; what fails alone is the event's."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar
from uuid import UUID

import pytest

from platewire.delivery.events.choice import choose
from platewire.delivery.replay import replay
from platewire.errors import Refused, Rejected, Unavailable
from platewire.eventlog.deliveries.records import DeadLetter, DeadQuery
from platewire.model import Entry
from platewire.runtime.status import State
from platewire.testing.sample_events import passage_events
from tests.support.delivering import Stage, Told

T = TypeVar("T")
DAY = 86_400.0


def not_found() -> Refused:
    return Refused("answered 404", status=404, answer="nothing here")


def unproved() -> Refused:
    return Refused("answered 401", status=401, least_wait=60.0)


Refusal = Callable[[], Exception]


class Road(Stage):
    """Passages of one event each."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(events=["new"], **settings)
        self._numbers: Iterator[int] = itertools.count(1)

    async def car(self) -> UUID:
        event = passage_events(next(self._numbers), start=self.clock.now())[0]
        await self.append(event)
        await self.settle()
        return event.passage

    def refuse(self, refusal: Refusal, *only: UUID) -> None:
        def refuses(entry: Entry) -> Exception | None:
            return refusal() if not only or entry.event.passage in only else None

        self.output.refuses = refuses

    async def pass_time(self, seconds: float, step: float = 1.0) -> None:
        for _ in range(int(seconds / step)):
            await self.clock.advance(step)
        await self.settle()

    async def turned(self, work: Awaitable[T]) -> T:
        """Turns the clock until the work is done."""
        task = asyncio.ensure_future(work)
        while not task.done():
            await self.clock.advance(1.0)
        return task.result()

    async def letters(self) -> list[DeadLetter]:
        return list(await self.log.deliveries.dead_letters("gate", DeadQuery(), 100))


@pytest.mark.parametrize("refusal", [not_found, unproved])
async def test_refused_for_all_nothing_is_given_up_and_it_is_red_after_three_tries(
    refusal: Refusal,
) -> None:
    road = Road()
    road.refuse(refusal)
    async with road.running():
        for _ in range(20):
            await road.car()
        await road.pass_time(300)
        assert len(road.output.attempts) >= 3
        assert (road.state(), road.line.message) == (State.FAILED, str(refusal()))
        await road.pass_time(2 * DAY, step=60)
        assert not await road.letters()
        road.output.refuses = lambda _: None
        await road.pass_time(90)
        assert road.state() is State.RUNNING
        assert sorted(road.output.seqs) == list(range(1, 21))
    assert not await road.letters()


async def test_a_wrong_password_is_tried_once_a_minute() -> None:
    road = Road()
    road.refuse(unproved)
    async with road.running():
        for _ in range(50):
            await road.car()
            await road.pass_time(10)
    times = [at for at, _ in road.output.attempts]
    pairs = list(itertools.pairwise(times))
    # Only the first is followed at once by another passage's: is it the event or everybody?
    assert all(later - earlier >= 60 for earlier, later in pairs[1:])
    assert 5 <= len(times) <= 12


async def test_a_wrong_password_found_while_connecting_is_tried_once_a_minute() -> None:
    road = Road()
    road.output.says_at_connect.extend(unproved() for _ in range(100))
    async with road.running():
        await road.car()
        await road.pass_time(600)
        assert road.state() is State.FAILED
    assert 5 <= road.output.connects <= 11


async def test_refused_alone_it_gets_one_more_try_and_is_rejected() -> None:
    road = Road()
    async with road.running():
        await road.car()
        await refused_next(road)
        assert len(road.output.attempts) == 2
        await road.car()
        (letter,) = await road.letters()
        assert (letter.outcome, letter.status, letter.attempts) == ("rejected", 404, 2)
        assert "answered 404; others were accepted meanwhile" in letter.reason
        assert road.state() is State.RUNNING
    assert road.output.seqs == [1, 3]


async def refused_next(road: Road) -> UUID:
    """A passage that is refused from its first attempt on."""
    number = next(road._numbers)
    event = passage_events(number, start=road.clock.now())[0]
    road.refuse(not_found, event.passage)
    await road.append(event)
    await road.settle()
    return event.passage


@pytest.mark.parametrize("refusal", [not_found, unproved])
async def test_alone_in_the_queue_it_is_held_for_a_day_and_then_given_up(
    refusal: Refusal,
) -> None:
    road = Road()
    road.refuse(refusal)
    async with road.running():
        await road.car()
        await road.pass_time(0.9 * DAY, step=60)
        assert not await road.letters()
        assert road.state() is State.FAILED
        await road.pass_time(0.2 * DAY, step=60)
        (letter,) = await road.letters()
        assert letter.outcome == "exhausted"
    assert await road.log.deliveries.cursor("gate") == 1


async def test_three_passages_rejected_in_a_row_are_red_with_the_remedy() -> None:
    road = Road()
    road.refuse(lambda: Rejected("answered 422", status=422))
    async with road.running():
        await road.car()
        await road.car()
        assert road.state() is State.RUNNING
        await road.car()
        assert road.state() is State.FAILED
        assert "platewire outputs replay gate --what failed" in road.line.message
        assert len(await road.letters()) == 3
        road.output.refuses = lambda _: None
        await road.car()
        assert road.state() is State.RUNNING


async def test_one_passage_rejected_three_times_is_not_red() -> None:
    stage = Stage()
    stage.output.refuses = lambda _: Rejected("answered 422", status=422)
    async with stage.running():
        await stage.passages(1)
        await stage.settle()
        assert stage.line.counters["rejected"] == 3
        assert stage.state() is State.RUNNING


async def test_what_opens_something_keeps_its_age_limit_while_all_are_refused() -> None:
    road = Road(max_age_seconds=10.0)
    road.refuse(unproved)
    async with road.running():
        for _ in range(3):
            await road.car()
        await road.pass_time(130)
        road.output.refuses = lambda _: None
        await road.pass_time(130)
        assert {each.outcome for each in await road.letters()} == {"expired"}
    assert not road.output.got


async def test_a_replay_does_not_stand_still_at_one_that_is_refused_alone() -> None:
    road = Road()
    refused = [await road.car() for _ in range(5)][2]
    output = Told(road.clock)
    output.refuses = lambda each: not_found() if each.event.passage == refused else None
    running = replay(
        *(road.log, output, await choose(road.log, road.settings, "all", 1, None)),
        clock=road.clock,
        progress=lambda *_: None,
    )
    result = await road.turned(running)
    assert (result.delivered, result.rejected) == (4, 1)
    assert "answered 404" in result.reasons[0]


async def test_a_replay_waits_where_all_are_refused() -> None:
    road = Road()
    for _ in range(2):
        await road.car()
    output = Told(road.clock, *(unproved() for _ in range(4)))
    running = replay(
        *(road.log, output, await choose(road.log, road.settings, "all", 1, None)),
        clock=road.clock,
        progress=lambda *_: None,
    )
    result = await road.turned(running)
    assert (result.delivered, result.rejected) == (2, 0)
    times = [at for at, _ in output.attempts[:5]]
    assert all(later - earlier >= 60 for earlier, later in itertools.pairwise(times))


async def test_another_trouble_meanwhile_holds_it_too() -> None:
    road = Road()
    async with road.running():
        first = await refused_next(road)
        road.output.refuses = lambda _: Unavailable("away")
        await road.car()
        await road.pass_time(10)
        assert not await road.letters()
        road.refuse(not_found, first)
        await road.pass_time(120)
        await road.car()
        await road.pass_time(10)
        (letter,) = await road.letters()
        assert letter.outcome == "rejected"
