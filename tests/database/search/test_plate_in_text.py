"""A plate is found where it stands, and not within another that is known."""

import pytest

from platewire.database.search.plate_in_text import PlateMatcher, longer, provable

WRITTEN = ("BAB12", "B-AB 12")
OTHERS = ("BAB123", "XBAB12", "B-AB 123", "BAB12", "ZZ9")
SOUGHT = PlateMatcher(WRITTEN, OTHERS)


@pytest.mark.parametrize(
    "text",
    [
        "BAB12",
        "opened for BAB12",
        "BAB123 and BAB12",
        "BAB12BAB12",
        "BAB124",  # nobody knows it
        "GET /open?plate=X%20BAB12",
        '{"display":"B-AB 12"}',
    ],
)
def test_stands_in(text: str) -> None:
    assert SOUGHT.stands_in(text)
    assert SOUGHT.stands_in(text.encode())
    assert SOUGHT.stands_in_bytes(b"\0\xff" + text.encode() + b"\0")
    assert not SOUGHT.stands_in(SOUGHT.taken_out(text, "ERASED"))


@pytest.mark.parametrize("value", ["BAB123", "{XBAB12}", "B-AB 123\tBAB123", "BAB1", "", None, 12])
def test_does_not_stand_in(value: object) -> None:
    assert not SOUGHT.stands_in(value)
    assert SOUGHT.taken_out(value, "ERASED") == value


def test_what_is_taken_out_leaves_the_others() -> None:
    assert SOUGHT.taken_out("BAB123, BAB12", "ERASED") == "BAB123, ERASED"
    assert SOUGHT.taken_out(b'["BAB12","XBAB12"]', "X9") == b'["X9","XBAB12"]'


def test_what_may_stand_anywhere_counts_as_a_whole_value() -> None:
    short = PlateMatcher(("M1",), ())
    assert not short.stands_in("M1 motorway")
    assert not short.stands_in_bytes(b'"M1"')
    assert short.taken_out('{"plate":"M1"}', "ERASED") == '{"plate":"ERASED"}'
    assert short.taken_out("M1", "ERASED") == "ERASED"
    assert provable({"M1", "12345", "AB123"}) == ["AB123"]


def test_longer_are_those_that_hold_a_spelling() -> None:
    assert longer(OTHERS, WRITTEN) == {"BAB123", "XBAB12", "B-AB 123"}
