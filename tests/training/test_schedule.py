"""How long a training run lasts, and its learning rate."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.schedule import Budget, Cosine, OneCycle, Schedule

SCHEDULES = [Cosine(0.01, warm_up_steps=400), Cosine(0.002, warm_up_progress=0.02), OneCycle()]
shares = st.floats(0, 1)


def test_a_budget_ends_at_what_is_reached_first() -> None:
    budget = Budget(seconds=60, steps=100)
    assert budget.progress(50, 6) == pytest.approx(0.5)
    assert budget.progress(10, 45) == pytest.approx(0.75)
    assert budget.is_spent(100, 1)
    assert budget.is_spent(1, 61)
    assert not budget.is_spent(99, 59)


def test_a_budget_of_minutes_alone_has_no_last_step() -> None:
    assert Budget(seconds=60).progress(10**9, 30) == pytest.approx(0.5)


@pytest.mark.parametrize("schedule", SCHEDULES)
@given(shares, st.integers(0, 10**6))
def test_rates_are_shares_of_the_highest(schedule: Schedule, progress: float, steps: int) -> None:
    pace = schedule.at(progress, steps)
    assert 0 <= pace.rate <= 1
    assert 0.85 <= pace.momentum <= 0.95


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rate_rises_to_the_highest_and_falls_to_almost_nothing(schedule: Schedule) -> None:
    rates = [schedule.at(share / 1000, share * 100).rate for share in range(1001)]
    highest = rates.index(max(rates))
    assert max(rates) > 0.98
    assert rates[0] < 0.05
    assert rates[-1] < 0.011
    assert all(a <= b for a, b in pairwise(rates[: highest + 1]))
    assert all(a >= b for a, b in pairwise(rates[highest:]))


def test_one_cycle_is_half_way_where_its_cosines_are() -> None:
    cycle = OneCycle(warm_up_progress=0.2)
    assert cycle.at(0.1, 0).rate == pytest.approx(1 / 25 + (1 - 1 / 25) / 2)
    assert cycle.at(0.2, 0) == pytest.approx((1, 0.85))
    assert cycle.at(0.6, 0).rate == pytest.approx(0.5, abs=1e-5)
    assert cycle.at(0, 0) == pytest.approx((1 / 25, 0.95))
    assert math.isclose(cycle.at(1, 0).momentum, 0.95)
