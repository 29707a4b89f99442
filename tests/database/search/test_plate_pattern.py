"""What each way to match a plate means; and that lookups find all that fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.country import folded
from platewire.database.search.plate_pattern import (
    BLOCKS,
    Lookup,
    Match,
    plate_pattern,
    within_one_edit,
)
from platewire.database.search.plates import Block, added, plates_containing

texts = st.text("AB018O", max_size=6)
globs = st.text("AB01*?", min_size=1, max_size=6)


def distance(one: str, other: str) -> int:
    """Levenshtein's, by the book."""
    row = list(range(len(other) + 1))
    for at, a in enumerate(one, 1):
        new = [at]
        for before, b in enumerate(other):
            new.append(min(row[before] + (a != b), row[before + 1] + 1, new[-1] + 1))
        row = new
    return row[-1]


def means(glob: str, text: str) -> bool:
    if not glob:
        return not text
    if glob[0] == "*":
        return any(means(glob[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and glob[0] in ("?", text[0]) and means(glob[1:], text[1:])


def finds(lookup: Lookup, text: str) -> bool:
    if lookup.column == BLOCKS:
        found = plates_containing(lookup.low, ["\nX0\n", f"\nB\n{text}\n"])
        return text in found and means(lookup.glob, text)
    key = {"text": text, "reversed": text[::-1], "folded": folded(text)}[lookup.column]
    if lookup.equal:
        return key == lookup.low
    fits = not lookup.length_max or lookup.length_min <= len(text) <= lookup.length_max
    return fits and key.startswith(lookup.low) and (not lookup.glob or means(lookup.glob, text))


@given(texts, texts)
def test_one_edit(one: str, other: str) -> None:
    assert within_one_edit(one, other) == (distance(one, other) <= 1)


@given(globs, texts)
def test_wildcards(glob: str, text: str) -> None:
    assert plate_pattern(glob, Match.WILDCARD).fits(text) == means(glob, text)


@given(st.sampled_from(Match), globs, texts)
def test_lookups_find_all_that_fits(match: Match, asked: str, text: str) -> None:
    try:
        pattern = plate_pattern(asked, match)
    except ValueError:
        return
    if pattern.fits(text):
        assert any(finds(lookup, text) for lookup in pattern.lookups())


@pytest.mark.parametrize(
    ("asked", "match", "plate"),
    [
        ("b-ab 12", Match.EXACT, "BAB12"),
        ("АВ12", Match.EXACT, "AB12"),  # in Cyrillic
        ("ö 1", Match.PREFIX, "O12"),
        ("A0", Match.SIMILAR, "AO"),
        ("B1", Match.SIMILAR, "8I"),
        ("о0", Match.SIMILAR, "0D"),  # in Cyrillic
        ("ab*9", Match.WILDCARD, "AB9"),
        ("??9", Match.WILDCARD, "AB9"),
    ],
)
def test_spellings(asked: str, match: Match, plate: str) -> None:
    assert plate_pattern(asked, match).fits(plate)


@pytest.mark.parametrize(
    ("asked", "match", "plate"),
    [
        ("A0", Match.SIMILAR, "A8"),
        ("AB", Match.EXACT, "ABC"),
        ("a_1", Match.WILDCARD, "AX1"),
        ("a%1", Match.WILDCARD, "AX1"),
        ("[AB]1", Match.WILDCARD, "A1"),
        ("?", Match.WILDCARD, ""),
    ],
)
def test_what_is_not_meant(asked: str, match: Match, plate: str) -> None:
    assert not plate_pattern(asked, match).fits(plate)


@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize("asked", ["", " - ", "%", "😀", "'; --", "A" * 41])
def test_what_says_nothing_is_refused(asked: str, match: Match) -> None:
    with pytest.raises(ValueError, match=r"no letters|longer than 40"):
        plate_pattern(asked, match)


def test_many_wildcards_are_as_fast_as_one() -> None:
    assert plate_pattern("*?" * 20, Match.WILDCARD).text == "?" * 20 + "*"


def test_what_stands_in_blocks_is_found_once_for_each_place() -> None:
    blocks = ["\n1212\nAB\n", "\n", "\nX12\n"]
    assert list(plates_containing("12", blocks)) == ["1212", "X12"]
    assert list(plates_containing("9", blocks)) == []


def test_blocks_are_filled_before_the_next_is_begun() -> None:
    plates = [f"P{number:06}" for number in range(1000)]
    last = Block(7, "\nOLD\n")
    found = list(added(last, plates))
    assert [block.number for block, _ in found] == list(range(7, 7 + len(found)))
    assert [text for _, new in found for text in new] == plates
    assert found[0][0].texts.startswith("\nOLD\nP000000\n")
    assert all(len(block.texts) <= 1501 for block, _ in found)
    assert {text for block, _ in found for text in block.texts.split()} == {"OLD", *plates}
    assert list(added(last, [])) == []


def test_a_plate_longer_than_a_block_has_one_of_its_own() -> None:
    long = "A" * 2000
    assert [new for _, new in added(Block(1, "\n"), [long, "B"])] == [[long], ["B"]]
