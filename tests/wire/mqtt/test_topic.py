"""Names as topic levels and as ids: safe, readable where they can be, never the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.wire.mqtt.topic import SiteTopics, identifier, level

ODD = st.text(alphabet="aZ0_-.%/+#$ ö\x00\n😀", max_size=6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gate-1.North_A", "gate-1.North_A"),
        ("a/b+c#d", "a%2Fb%2Bc%23d"),
        ("tor-ö", "tor-%C3%B6"),
        ("$SYS", "%24SYS"),
        ("50 %", "50%20%25"),
        ("", "%"),
        ("\x00", "%00"),
    ],
)
def test_levels(name: str, expected: str) -> None:
    assert level(name) == expected


@given(ODD | st.text(), ODD | st.text())
def test_levels_are_safe_and_differ_as_names_do(one: str, other: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.%-]+", level(one))
    assert (level(one) == level(other)) == (one == other)


NAMES = st.lists(ODD.filter(bool), min_size=1, max_size=3)


@given(NAMES, NAMES)
def test_identifiers_are_safe_and_differ_as_names_do(one: list[str], other: list[str]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]+", identifier(*one))
    assert (identifier(*one) == identifier(*other)) == (one == other)


def test_no_topic_of_a_site_is_another() -> None:
    topics = SiteTopics("plates", "site/1")
    all_of_them = {topics.status}
    for camera in ("status", "event", "a", "a/event", "last", ""):
        all_of_them |= {topics.event(camera), topics.last(camera), topics.image(camera, "plate")}
    assert len(all_of_them) == 1 + 3 * 6
    assert topics.image("a", "frame") == "plates/site%2F1/a/image/frame"
