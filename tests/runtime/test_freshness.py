"""How old an event is, whatever the clocks do meanwhile."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.model import BootTime, Entry, Kind
from platewire.runtime.freshness import age_of, seconds_since, seen_at
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events


def seen(clock: FakeClock, *, ago: float = 0.0, kind: Kind = Kind.NEW) -> Entry:
    """Arrives now; its own time says that it was seen so many seconds ago."""
    at = clock.now() - timedelta(seconds=ago)
    event = structs.replace(passage_events()[0], kind=kind, last_seen_at=at, occurred_at=at)
    return Entry(event, b"", clock.boot())


async def test_it_grows_with_time() -> None:
    clock = FakeClock()
    entry = seen(clock)
    await clock.advance(3.5)
    assert age_of(entry, clock) == (3.5, "3.5 s old", False)


@pytest.mark.parametrize("jump", [-33.0, -31.0, -1.0, 0.0, 0.5, 40.0])
async def test_no_jump_of_the_clock_makes_it_younger(jump: float) -> None:
    clock = FakeClock()
    entry = seen(clock)
    await clock.advance(31.7)
    clock.jump(jump)
    assert age_of(entry, clock).seconds >= 31.7


def test_what_its_camera_handed_in_late_is_as_old_as_it_says() -> None:
    clock = FakeClock()
    assert age_of(seen(clock, ago=7200), clock).seconds == 7200


def test_what_was_late_stays_late_when_the_clock_is_set_back() -> None:
    clock = FakeClock()
    entry = seen(clock, ago=4)
    entry = entry._replace(arrived=seen_at(clock.boot(), entry.event.last_seen_at, clock))
    clock.suspend(2)
    clock.jump(-3)
    assert age_of(entry, clock).seconds == 6


def test_what_is_ahead_of_us_was_seen_when_it_arrived() -> None:
    clock = FakeClock()
    arrived = clock.boot()
    clock.suspend(2)
    assert seen_at(arrived, clock.now() + timedelta(seconds=9), clock) == arrived


@pytest.mark.parametrize(
    ("ahead", "tolerated", "seconds"),
    [(0.5, 1.0, 0.0), (1.0, 1.0, 0.0), (1.1, 1.0, math.inf), (2.5, 3.0, 0.0), (0.1, 0.0, math.inf)],
)
def test_the_future_is_not_fresh(ahead: float, tolerated: float, seconds: float) -> None:
    clock = FakeClock()
    age = age_of(seen(clock, ago=-ahead), clock, tolerated)
    assert (age.seconds, age.ahead) == (seconds, seconds == math.inf)


def test_sleep_of_the_computer_counts() -> None:
    clock = FakeClock()
    entry = seen(clock)
    clock.suspend(600)
    clock.jump(-600)
    assert age_of(entry, clock).seconds == 600


def test_what_another_boot_saw_is_of_unknown_age() -> None:
    clock = FakeClock()
    entry = seen(clock)
    clock.reboot(off_seconds=0.5)
    assert age_of(entry, clock).seconds == math.inf
    assert "before this computer was started" in age_of(entry, clock).words
    assert age_of(Entry(entry.event, b""), clock).seconds == math.inf


def test_of_lost_it_is_the_silence_whose_age_counts() -> None:
    clock = FakeClock()
    entry = seen(clock, kind=Kind.LOST)
    long_ago = entry.event.occurred_at - timedelta(seconds=60)
    entry = entry._replace(event=structs.replace(entry.event, last_seen_at=long_ago))
    assert age_of(entry, clock).seconds == 0


def test_a_lost_that_comes_before_its_silence_is_over_is_of_now() -> None:
    """As where a recording ends: no clock is wrong."""
    clock = FakeClock()
    entry = seen(clock, kind=Kind.LOST)
    early = structs.replace(entry.event, occurred_at=clock.now() + timedelta(seconds=4))
    age = age_of(entry._replace(event=early), clock)
    assert (age.seconds, age.ahead) == (0.0, False)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pass", "suspend", "jump", "reboot"]),
        st.floats(-100_000, 100_000, allow_nan=False),
    ),
    max_size=12,
)


@given(STEPS)
def test_nothing_is_ever_said_to_be_younger_than_it_is(steps: list[tuple[str, float]]) -> None:
    clock = FakeClock()
    entry, passed = seen(clock), 0.0
    for what, seconds in steps:
        if what == "jump":
            clock.jump(seconds)
            continue
        if what == "reboot":
            clock.reboot(abs(seconds))
        else:
            clock.suspend(abs(seconds))
        passed += abs(seconds)
        assert age_of(entry, clock).seconds >= passed - 1e-3
    assert isinstance(entry.arrived, BootTime)


async def test_a_span_is_that_of_the_boot_whatever_wall_time_does() -> None:
    clock = FakeClock()
    at, boot = clock.now(), clock.boot()
    await clock.advance(3.0)
    clock.jump(3600)
    assert seconds_since(at, boot, clock) == 3.0
    assert seconds_since(at, None, clock) == 3603.0
    clock.jump(-7200)
    assert seconds_since(at, boot, clock) == 3.0
    assert seconds_since(at, BootTime("another", 0.0), clock) == 3597.0
