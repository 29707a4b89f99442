"""Frame times of live cameras: smooth, never back, and honest about a clock that jumps."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.errors import Unavailable
from platewire.runtime.freshness import AHEAD_SECONDS_MAX
from platewire.sources.frames.arrival import STRAY_SECONDS, ArrivalTimes
from platewire.testing.clock import FakeClock

ROUNDING = timedelta(milliseconds=1)
Steps = st.lists(
    st.tuples(st.floats(0, 5), st.none() | st.floats(-100, 100)), min_size=1, max_size=20
)


@given(Steps)
async def test_times_never_go_back_nor_ahead_nor_far_behind(
    steps: list[tuple[float, float | None]],
) -> None:
    clock = FakeClock()
    times = ArrivalTimes("gate", clock)
    last = clock.now()
    for wait, stamp in steps:
        await clock.advance(wait)
        taken = times.of(stamp)
        assert last <= taken <= clock.now() + ROUNDING
        assert clock.now() - taken <= timedelta(seconds=STRAY_SECONDS) + ROUNDING
        last = taken


async def test_the_networks_jitter_does_not_show() -> None:
    clock = FakeClock()
    times = ArrivalTimes("gate", clock)
    first = times.of(10.0)
    await clock.advance(0.3)
    late = times.of(10.1)
    await clock.advance(0.0)
    assert (late - first, times.of(10.2) - first) == (
        timedelta(seconds=0.1),
        timedelta(seconds=0.2),
    )


async def test_a_clock_set_forward_is_followed() -> None:
    clock = FakeClock()
    times = ArrivalTimes("gate", clock)
    times.of(1.0)
    clock.jump(3600)
    await clock.advance(0.1)
    assert times.of(1.1) == clock.now()


async def test_a_clock_set_back_ends_the_connection_in_words() -> None:
    clock = FakeClock()
    times = ArrivalTimes("gate", clock)
    clock.jump(-3600)
    with pytest.raises(
        Unavailable, match=r"gate: the clock of this computer was set back by 3600.0 s"
    ):
        times.of(1.0)
    assert ArrivalTimes("gate", clock).of(1.0) == clock.now()


async def test_a_small_step_back_starts_afresh_before_frames_are_from_the_future() -> None:
    clock = FakeClock()
    times = ArrivalTimes("gate", clock)
    clock.jump(-0.4)
    assert (times.of(1.0) - clock.now()).total_seconds() <= AHEAD_SECONDS_MAX
    clock.jump(-0.4)
    with pytest.raises(Unavailable, match=r"set back by 0\.8 s"):
        times.of(1.0)
