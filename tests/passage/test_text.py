from hypothesis import given
from hypothesis import strategies as st

from platewire.passage.text import align, distance, is_piece

texts = st.text("AB01", min_size=1, max_size=9)


def test_distance_counts_changed_added_and_missing_characters() -> None:
    assert distance("ZZ0123QQ", "ZZ0123QQ") == 0
    assert distance("ZZ0123QQ", "ZZ1183QQ") == 2
    assert distance("ZZ0123QQ", "ZZ0123Q") == 1
    assert distance("ZZ0123QQ", "AZZ0123QQ1") == 2


@given(texts, texts, texts)
def test_distance_is_a_metric(one: str, two: str, three: str) -> None:
    assert (distance(one, two) == 0) == (one == two)
    assert distance(one, two) == distance(two, one)
    assert distance(one, three) <= distance(one, two) + distance(two, three)


@given(texts, texts)
def test_alignment_places_every_character_once_and_costs_the_distance(
    pivot: str, text: str
) -> None:
    positions, insertions = align(pivot, text)
    opposite = [position for position in positions if position >= 0]
    added = [index for _, start, end in insertions for index in range(start, end)]
    assert sorted(opposite + added) == list(range(len(text)))
    assert opposite == sorted(opposite)
    changes = sum(
        position < 0 or pivot[i] != text[position] for i, position in enumerate(positions)
    )
    assert changes + len(added) == distance(pivot, text)


def test_alignment_names_what_is_missing_and_what_is_added() -> None:
    assert align("ZZ0123", "ZZ123").positions == (0, 1, -1, 2, 3, 4)
    assert align("ZZ0123", "UAZZ0123Q").insertions == ((0, 0, 2), (6, 8, 9))


def test_a_half_hidden_plate_is_a_piece_of_the_whole() -> None:
    assert is_piece("ZZ01", "ZZ0123QQ")
    assert is_piece("23QQ", "ZZ0123QQ")
    assert is_piece("Z0I23", "ZZ0123QQ"), "five characters may hold one error"
    assert not is_piece("ZZ81", "ZZ0123QQ")
    assert not is_piece("ZZ0123QQ", "ZZ0123QQ")
    assert not is_piece("ZZ0123QQ", "ZZ01")
