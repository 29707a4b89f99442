"""Thinning keeps the rate it is asked for, evenly."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from platewire.sources.frames.thinning import Thinning

ZERO = datetime(2026, 1, 1, tzinfo=UTC)


def kept(stream_fps: float, fps: float | None, seconds: int) -> list[datetime]:
    thinning = Thinning(fps)
    moments = [ZERO + timedelta(seconds=n / stream_fps) for n in range(int(seconds * stream_fps))]
    return [moment for moment in moments if thinning.keeps(moment)]


def test_without_a_limit_every_frame_is_kept() -> None:
    assert len(kept(25, None, 4)) == 100


@given(st.integers(1, 60), st.integers(1, 60))
def test_the_rate_is_reached_and_not_passed(stream_fps: int, fps: int) -> None:
    count = len(kept(stream_fps, fps, 20))
    assert abs(count - 20 * min(stream_fps, fps)) <= 2


def test_after_a_pause_frames_are_not_kept_in_a_burst() -> None:
    thinning = Thinning(1)
    assert thinning.keeps(ZERO)
    later = ZERO + timedelta(seconds=60.5)
    burst = [thinning.keeps(later + timedelta(milliseconds=n)) for n in range(10)]
    assert burst == [True] + [False] * 9
