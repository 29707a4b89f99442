"""Delays grow, jitter and stay within their bounds."""

from hypothesis import given
from hypothesis import strategies as st

from platewire.runtime.backoff import Backoff

Backoffs = st.builds(
    Backoff,
    first_seconds=st.floats(0.01, 10),
    factor=st.floats(1, 10),
    longest_seconds=st.floats(10, 3600),
)


@given(Backoffs, st.integers(1, 10**9), st.floats(0, 1, exclude_max=True))
def test_no_delay_is_longer_than_the_longest_nor_shorter_than_half_the_first(
    backoff: Backoff, attempt: int, chance: float
) -> None:
    delay = backoff.delay(attempt, lambda: chance)
    assert backoff.first_seconds / 2 <= delay <= backoff.longest_seconds


@given(Backoffs, st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_with_the_same_chance_a_later_attempt_never_waits_less(
    backoff: Backoff, attempt: int, chance: float
) -> None:
    assert backoff.delay(attempt, lambda: chance) <= backoff.delay(attempt + 1, lambda: chance)


def test_the_first_delays_as_documented() -> None:
    longest = [Backoff().delay(attempt, lambda: 1.0) for attempt in range(1, 9)]
    assert longest == [1, 2, 4, 8, 16, 32, 60, 60]
    assert Backoff().delay(1, lambda: 0.0) == 0.5


def test_two_who_fail_together_do_not_come_back_together() -> None:
    assert len({Backoff().delay(3) for _ in range(20)}) > 10
