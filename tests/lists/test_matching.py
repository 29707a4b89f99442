"""How plates match, against definitions that are slow and plain."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from platewire.country import LOOKALIKES
from platewire.lists import matching
from platewire.lists.settings import Mode

FEW = st.text("A08BO", max_size=6)
TEXTS = st.text(matching.CHARACTERS, max_size=9)


def distance(first: str, second: str) -> int:
    """Levenshtein's, by his recurrence."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        left = [i]
        for j, b in enumerate(second, 1):
            left.append(min(row[j] + 1, left[j - 1] + 1, row[j - 1] + (a != b)))
        row = left
    return row[-1]


def alike(a: str, b: str) -> bool:
    """Whether a chain of pairs that are easily confused leads from one to the other."""
    reached, pending = {a}, [a]
    while pending:
        at = pending.pop()
        for pair, cost in LOOKALIKES.items():
            if at in pair and cost <= matching.COST_MAX:
                pending += pair - reached
                reached |= pair
    return b in reached


def plainly(seen: str, listed: str) -> Mode | None:
    if seen == listed:
        return Mode.EXACT
    if len(seen) == len(listed) and all(map(alike, seen, listed)):
        return Mode.LOOK_ALIKE
    return Mode.ONE_EDIT if distance(seen, listed) == 1 else None


@given(FEW, FEW)
def test_near_plates_match_as_defined(seen: str, listed: str) -> None:
    assert matching.how(seen, listed) is plainly(seen, listed)


@given(TEXTS, TEXTS)
def test_any_plates_match_as_defined(seen: str, listed: str) -> None:
    assert matching.how(seen, listed) is plainly(seen, listed)


@given(TEXTS, TEXTS)
def test_alike_means_the_same_key(seen: str, listed: str) -> None:
    assert (matching.fold(seen) == matching.fold(listed)) == (
        plainly(seen, listed) in (Mode.EXACT, Mode.LOOK_ALIKE)
    )


@given(TEXTS)
def test_neighbors_are_all_within_one_edit(text: str) -> None:
    found = matching.neighbors(text)
    assert all(distance(text, each) <= 1 for each in found)
    size, letters = len(text), len(matching.CHARACTERS)
    # Each length apart: without one, with one exchanged, with one more (Levenshtein's ball).
    runs = 1 + sum(a != b for a, b in itertools.pairwise(text)) if text else 0
    assert len(found) == runs + (1 + size * (letters - 1)) + (letters + size * (letters - 1))


def test_the_classes_that_people_expect() -> None:
    for group in ("O0DQ", "B8", "I1L", "S5", "Z2"):
        assert len({matching.fold(char) for char in group}) == 1
    assert len({matching.fold(char) for char in "OBISZA37"}) == 8


@given(FEW, FEW)
def test_a_partial_plate_is_at_least_one_edit_away(seen: str, listed: str) -> None:
    near = distance(seen, listed) <= 1
    assert matching.how(seen, listed, partial=True) is (Mode.ONE_EDIT if near else None)
