"""Clocks: the system's, and the one that tests turn."""

import asyncio
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from platewire.clock import SystemClock, milliseconds
from platewire.testing.clock import FakeClock


async def test_the_systems_time_is_aware_and_its_span_does_not_go_back() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    before = clock.monotonic()
    await clock.sleep(0)
    assert clock.monotonic() >= before


@given(st.datetimes(timezones=st.just(UTC)))
def test_milliseconds_round_down(moment: datetime) -> None:
    back = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds(moment))
    assert back <= moment < back + timedelta(milliseconds=1)


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=10))
async def test_sleepers_wake_in_the_order_of_their_times(spans: list[float]) -> None:
    clock, woken = FakeClock(), list[float]()

    async def sleeper(span: float) -> None:
        await clock.sleep(span)
        woken.append(span)
        assert clock.monotonic() >= span

    async with asyncio.TaskGroup() as group:
        for span in spans:
            group.create_task(sleeper(span))
        await clock.settle()
        assert clock.sleeping == len(spans)
        await clock.advance(100)
    assert woken == sorted(spans)
    assert clock.sleeping == 0


async def test_who_sleeps_again_wakes_again_in_the_same_turn() -> None:
    clock, beats = FakeClock(), list[float]()

    async def beat() -> None:
        while True:
            await clock.sleep(1)
            beats.append(clock.monotonic())

    task = asyncio.ensure_future(beat())
    await clock.settle()
    await clock.advance(5)
    assert beats == [1, 2, 3, 4, 5]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert clock.sleeping == 0


async def test_a_jump_moves_wall_time_alone() -> None:
    clock = FakeClock()
    begun = clock.now()
    clock.jump(-3600)
    await clock.advance(10)
    assert clock.now() - begun == timedelta(seconds=-3590)
    assert clock.monotonic() == 10


async def test_no_time_passes_in_a_sleep_of_nothing() -> None:
    clock = FakeClock()
    await clock.sleep(0)
    await clock.sleep(-1)
    assert clock.monotonic() == 0
