"""What is a plate and what is other writing, judged by the text alone."""

import pytest

from platewire.recognition.networks.text_line import SEPARATOR
from platewire.recognition.text.plausible import looks_foreign, understood
from tests.recognition.text.lines import line


@pytest.mark.parametrize(
    "written",
    [
        *("2024-05-06", "06.05.2024", "12MAY2024", "06 MAY 24", "10:12:10", "06/05/24 A1"),
        *("CAM 01", "CHANNEL04", "CH-12", "IPC 7", "TAXI 12", "POLICE 911", "TEL 0801", "KM 12"),
        *("www.dealer24", "AUTO24.COM", "info@b24", "Golf24 tdi", "£12,995", "新A12345"),
    ],
)
def test_other_writing_is_told_by_its_spelling(written: str) -> None:
    assert looks_foreign(line(written))


@pytest.mark.parametrize("written", ["12-BDF-3", "MT09 HFK", "2AY·3872", "MMN:306", "AB12 cDE"])
def test_a_plate_is_not_taken_for_other_writing(written: str) -> None:
    assert not looks_foreign(line(written))


@pytest.mark.parametrize("written", ["SUZUKI", "20112011", "A1", "ABCDE12345678", "-", "280"])
def test_words_numbers_and_odd_lengths_are_no_plates(written: str) -> None:
    assert understood(line(written), ()) is None


def test_an_unknown_form_of_letters_and_digits_may_be_a_plate() -> None:
    found = understood(line("12 A 34"), ())
    assert found is not None
    assert (found.known, found.country, found.display) == (False, None, "12 A 34")


def test_one_digit_is_enough_only_where_owners_choose_their_texts() -> None:
    assert understood(line("GWAGEN1"), ()) is None
    assert understood(line("GWAGEN1"), ("US",)) is not None


@pytest.mark.parametrize(
    ("written", "sure", "start"),
    [("I12BDF3", {"first": 0.4}, 1), ("12BDF3I", {"last": 0.4}, 0)],
)
def test_an_unsure_fringe_is_left_out(written: str, sure: dict[str, float], start: int) -> None:
    found = understood(line(written, **sure), ())
    assert found is not None
    assert (found.text, found.country, found.start) == ("12BDF3", "NL", start)


def test_a_sure_first_character_stays() -> None:
    found = understood(line("I12BDF3"), ())
    assert found is not None
    assert found.text == "I12BDF3"


def test_a_dash_is_no_character_of_the_text() -> None:
    assert SEPARATOR in line("12-BDF-3").text
    found = understood(line("12-BDF-3"), ())
    assert found is not None
    assert found.text == "12BDF3"
