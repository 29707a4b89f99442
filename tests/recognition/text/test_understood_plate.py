"""What a text means where a plate was found: put right only as far as reader and looks allow."""

import pytest

from platewire.recognition.networks.text_line import OTHER, Character, TextLine
from platewire.recognition.text.plausible import understood_plate


def line(text: str, chance: float = 0.99, **others: str) -> TextLine:
    """`others` are alternatives by place, as `_3="B"`."""
    found = [
        Character(symbol, chance, tuple((one, 0.05) for one in others.get(f"_{at}", "")), 0.5)
        for at, symbol in enumerate(text)
    ]
    return TextLine(tuple(found), text)


def text_of(line: TextLine, **seen: float) -> str:
    found = understood_plate(line, (), seen)
    assert found is not None
    return found.text


def test_what_was_read_surely_is_left_alone() -> None:
    assert text_of(line("6385808")) == "6385808"


def test_what_was_in_doubt_is_put_right() -> None:
    """Spain has four digits and three consonants."""
    doubted = line("6385BD8", _6="B")
    assert text_of(doubted, ES=0.9) == "6385BDB"


def test_what_cannot_be_told_apart_follows_the_form() -> None:
    assert text_of(line("MTO9HFK"), GB=0.9) == "MT09HFK"


def test_looks_of_another_country_forbid_it() -> None:
    assert text_of(line("MTO9HFK"), US=0.95) == "MTO9HFK"


@pytest.mark.parametrize("code", ["US", "CA"])
def test_looks_of_a_country_of_free_choice_outweigh_a_form_elsewhere(code: str) -> None:
    """The Netherlands have this form, but the plate looks American and not at all Dutch."""
    found = understood_plate(line("424ZF3"), (), {code: 0.99})
    assert found is not None
    assert (found.text, found.country, found.display) == ("424ZF3", code, "424ZF3")


@pytest.mark.parametrize(
    ("expected", "seen"), [((), {"US": 0.6}), ((), {"US": 0.8, "NL": 0.2}), (("NL",), {"US": 0.99})]
)
def test_a_form_stands_where_the_looks_or_the_user_speak_for_it(
    expected: tuple[str, ...], seen: dict[str, float]
) -> None:
    found = understood_plate(line("424ZF3"), expected, seen)
    assert found is not None
    assert found.country == "NL"


def test_expected_countries_are_put_right_whatever_the_looks() -> None:
    found = understood_plate(line("MTO9HFK"), ("GB",), {"US": 0.95})
    assert found is not None
    assert found.text == "MT09HFK"


@pytest.mark.parametrize(("seen", "is_plate"), [({"US": 0.9}, True), ({"NL": 0.9}, False)])
def test_a_word_is_a_plate_only_where_owners_choose(seen: dict[str, float], is_plate: bool) -> None:
    assert (understood_plate(line("CITROEN"), (), seen) is not None) == is_plate


@pytest.mark.parametrize(
    ("word", "is_plate"), [("EXIT", False), ("PARKING", False), ("EXIT7", True)]
)
def test_words_of_signs_are_nobodys_choice(word: str, is_plate: bool) -> None:
    assert (understood_plate(line(word), (), {"US": 0.9}) is not None) == is_plate


@pytest.mark.parametrize("text", ["", "A", "ABCDEFGH123"])
def test_too_short_or_too_long_is_none(text: str) -> None:
    assert understood_plate(line(text), (), {}) is None


def test_signs_that_no_plate_has_are_none() -> None:
    assert understood_plate(line("AB12" + OTHER), (), {}) is None


@pytest.mark.parametrize(("chance", "country"), [(0.9, "US"), (0.6, None)])
def test_where_no_table_is_whole_sure_looks_name_the_country(
    chance: float, country: str | None
) -> None:
    found = understood_plate(line("KL3B8K"), (), {"US": chance})
    assert found is not None
    assert found.country == country


def test_sure_looks_name_the_country_of_a_text_of_no_form() -> None:
    found = understood_plate(line("QQ49AK49"), (), {"IN": 0.95})
    assert found is not None
    assert (found.text, found.country, found.known) == ("QQ49AK49", "IN", False)


def test_a_number_of_digits_alone_is_a_plate_where_looks_and_form_agree() -> None:
    found = understood_plate(line("2555551"), (), {"IL": 0.9})
    assert found is not None
    assert (found.display, found.country) == ("25-555-51", "IL")
