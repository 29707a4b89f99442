"""Times of a clip's pictures, whatever its stamps are worth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.sources.frames.presentation import PresentationTimes

Stamps = st.lists(st.none() | st.floats(-1e6, 1e6), max_size=50)


@given(Stamps, st.floats(0.001, 10))
def test_times_begin_at_zero_and_rise(stamps: list[float | None], interval: float) -> None:
    times = PresentationTimes(interval)
    given_times = [times.of(stamp) for stamp in stamps]
    assert given_times[:1] in ([], [0.0])
    assert given_times == sorted(set(given_times))
    assert times.end == (given_times[-1] + interval if given_times else 0)


@given(st.floats(-1e3, 1e3), st.lists(st.floats(0.01, 10), max_size=20))
def test_stamps_that_rise_are_kept(first: float, steps: list[float]) -> None:
    stamps = [first]
    for step in steps:
        stamps.append(stamps[-1] + step)
    times = PresentationTimes(0.04)
    assert [times.of(stamp) for stamp in stamps] == [
        pytest.approx(stamp - first) for stamp in stamps
    ]


def test_stamps_that_stand_still_or_are_missing_are_spread() -> None:
    for stamps in ([0.0, 0.0, 0.0, 0.0], [None] * 4, [5.0, None, 5.0, 4.0]):
        times = PresentationTimes(0.5)
        assert [times.of(stamp) for stamp in stamps] == [0, 0.5, 1, 1.5]
