from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from platewire.passage.tracking.assignment import FORBIDDEN, assign

ALONE = 7.0

cost = st.one_of(st.integers(0, 9).map(float), st.just(FORBIDDEN))
matrices = st.tuples(st.integers(1, 4), st.integers(0, 4)).flatmap(
    lambda size: st.lists(
        st.lists(cost, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0]
    )
)


def total(costs: list[list[float]], chosen: tuple[int | None, ...]) -> float:
    return sum(ALONE if column is None else costs[row][column] for row, column in enumerate(chosen))


def cheapest(costs: list[list[float]]) -> float:
    """By trying all of them."""
    choices = product([None, *range(len(costs[0]))], repeat=len(costs))
    return min(total(costs, chosen) for chosen in choices if is_one_to_one(chosen))


def is_one_to_one(chosen: tuple[int | None, ...]) -> bool:
    taken = [column for column in chosen if column is not None]
    return len(taken) == len(set(taken))


@given(matrices)
def test_no_other_pairing_is_cheaper(costs: list[list[float]]) -> None:
    chosen = tuple(assign(costs, ALONE))
    assert is_one_to_one(chosen)
    assert total(costs, chosen) == cheapest(costs)


def test_nothing_to_assign() -> None:
    assert assign([], ALONE) == []
    assert assign([[], []], ALONE) == [None, None]
