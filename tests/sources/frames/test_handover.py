"""Hand-over between threads: bounds, policies, ends, and what closing releases."""

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.errors import Unavailable
from platewire.sources.frames.handover import Closed, Handover, taken_from_task, taken_from_thread
from tests.sources.cameras import threads_of


class Count:
    def __init__(self) -> None:
        self.value = 0

    def one(self) -> None:
        self.value += 1


@given(st.lists(st.integers(), min_size=1, max_size=20))
async def test_the_newest_wins_and_the_rest_is_counted(items: list[int]) -> None:
    dropped = Count()
    handover = Handover[int](newest_wins=True, on_dropped=dropped.one)
    for item in items:
        handover.give(item)
    assert await handover.take() == items[-1]
    assert dropped.value == len(items) - 1


@given(st.lists(st.integers(), max_size=30), st.integers(1, 4))
async def test_a_recording_is_handed_over_whole_and_in_order(
    items: list[int], capacity: int
) -> None:
    handover = Handover[int](newest_wins=False, capacity=capacity)

    def read(to: Handover[int]) -> None:
        for item in items:
            to.give(item)

    assert [item async for item in taken_from_thread("items", read, handover)] == items


async def test_a_recording_waits_for_the_taker() -> None:
    handover = Handover[int](newest_wins=False, capacity=2)
    given_items: list[int] = []

    def read(to: Handover[int]) -> None:
        for item in range(100):
            to.give(item)
            given_items.append(item)

    taken = taken_from_thread("items", read, handover)
    assert await anext(taken) == 0
    await taken.aclose()
    assert len(given_items) <= 3


async def test_closing_ends_the_thread() -> None:
    ended = threading.Event()

    def read(to: Handover[int]) -> None:
        try:
            while True:
                to.give(1)
        finally:
            ended.set()

    for newest_wins in (True, False):
        ended.clear()
        taken = taken_from_thread("endless", read, Handover[int](newest_wins=newest_wins))
        assert await anext(taken) == 1
        await taken.aclose()
        assert ended.is_set()


async def test_closing_does_not_wait_for_ever_for_a_blocked_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platewire.sources.frames.handover.RELEASE_SECONDS", 0.05)
    release = threading.Event()

    def read(to: Handover[int]) -> None:
        to.give(1)
        release.wait()
        to.give(2)

    taken = taken_from_thread("blocked", read, Handover[int](newest_wins=True))
    await anext(taken)
    await taken.aclose()
    assert threads_of("blocked")
    release.set()


async def test_an_error_comes_after_what_was_given_before() -> None:
    def read(to: Handover[int]) -> None:
        to.give(1)
        raise Unavailable("cut off")

    taken = taken_from_thread("failing", read, Handover[int](newest_wins=False))
    assert await anext(taken) == 1
    with pytest.raises(Unavailable, match="cut off"):
        await anext(taken)


async def test_a_task_is_canceled_when_the_taker_leaves() -> None:
    canceled = Count()

    async def read(to: Handover[int]) -> None:
        to.give(1)
        try:
            await asyncio.Event().wait()
        finally:
            canceled.one()

    taken = taken_from_task("waiting", read, Handover[int](newest_wins=True))
    assert await anext(taken) == 1
    await taken.aclose()
    assert canceled.value == 1


async def test_a_tasks_error_and_end_reach_the_taker() -> None:
    async def fail(to: Handover[int]) -> None:
        raise Unavailable("cut off")

    async def end(to: Handover[int]) -> None:
        to.give(1)

    with pytest.raises(Unavailable, match="cut off"):
        await anext(taken_from_task("failing", fail, Handover[int](newest_wins=True)))
    ending = taken_from_task("ending", end, Handover[int](newest_wins=True))
    assert [item async for item in ending] == [1]


async def test_nothing_can_be_given_or_awaited_once_closed() -> None:
    handover = Handover[int](newest_wins=True)
    handover.close()
    with pytest.raises(Closed):
        handover.give(1)
    with pytest.raises(Closed):
        handover.pause(60)
