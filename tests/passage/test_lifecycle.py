from itertools import product

import pytest

from platewire.model import Kind
from platewire.passage.lifecycle import MOVES, Happening, IllegalMove, State, move


def test_every_pair_has_a_move_or_is_illegal() -> None:
    for state, happening in product(State, Happening):
        if (state, happening) in MOVES:
            assert move(state, happening) == MOVES[state, happening]
        else:
            with pytest.raises(IllegalMove, match=f"{state} cannot be {happening}"):
                move(state, happening)


def stories(state: State, depth: int) -> set[tuple[Kind, ...]]:
    """All sequences of events that end with the passage gone, within so many happenings."""
    if state is State.GONE:
        return {()}
    if depth == 0:
        return set()
    return {
        to.emits + rest
        for (of, _), to in MOVES.items()
        if of is state
        for rest in stories(to.to, depth - 1)
    }


def test_the_table_allows_one_new_first_and_one_lost_last_or_nothing() -> None:
    told = stories(State.HELD, 6)
    assert () in told
    for story in told - {()}:
        assert story[0] is Kind.NEW
        assert story[-1] is Kind.LOST
        assert set(story[1:-1]) <= {Kind.UPDATED}


def test_nothing_happens_to_a_passage_that_is_gone() -> None:
    assert all(state is not State.GONE for state, _ in MOVES)


def test_every_state_can_end() -> None:
    for state in State:
        assert stories(state, 3)
