"""Clocks: the system's, and the one that tests turn."""

import asyncio
import ctypes
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.model import BootTime
from platewire.runtime import clock as clock_module
from platewire.runtime.clock import BOOT_ID, SystemClock, milliseconds
from platewire.testing.clock import FakeClock


async def test_the_systems_time_is_aware_and_its_span_does_not_go_back() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    before = clock.monotonic()
    await clock.sleep(0)
    assert clock.monotonic() >= before


def test_the_clock_of_the_boot_goes_on_in_every_process() -> None:
    one, other = SystemClock(), SystemClock()
    assert one.boot().seconds <= other.boot().seconds <= one.boot().seconds + 3600
    assert (one.boot().boot == other.boot().boot) == BOOT_ID.exists()


def test_where_the_system_names_no_boot_each_process_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(clock_module, "BOOT_ID", tmp_path / "none")
    one, other = SystemClock(), SystemClock()
    assert one.boot().boot != other.boot().boot
    assert 0 <= one.boot().seconds < 3600


@pytest.mark.parametrize(
    ("answer", "right"), [(0, True), (1, True), (4, True), (5, False), (-1, False)]
)
def test_the_kernel_is_asked_whether_the_clock_is_kept_right(
    answer: int, right: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(adjtimex=lambda _: answer))
    assert SystemClock().synchronized() == right


def test_a_system_that_cannot_be_asked_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    assert not SystemClock().synchronized()


def test_a_fake_boot_goes_on_in_sleep_and_ends_with_the_computer() -> None:
    clock = FakeClock()
    clock.jump(100)
    assert clock.boot() == BootTime("boot-1", 0.0)
    clock.suspend(7)
    assert (clock.boot(), clock.monotonic()) == (BootTime("boot-1", 7.0), 0.0)
    clock.reboot()
    assert clock.boot() == BootTime("boot-2", 0.0)


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
