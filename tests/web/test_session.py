"""Cookies hold for their time and under their token only."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from platewire.secret import same
from platewire.web import session

NOW = datetime(2026, 5, 4, tzinfo=UTC)
TOKEN = "0123456789abcdef"


def test_a_cookie_holds_until_its_end() -> None:
    cookie = session.issue(TOKEN, NOW)
    assert session.valid(cookie, TOKEN, NOW)
    assert session.valid(cookie, TOKEN, NOW + session.LIFETIME - timedelta(seconds=1))
    assert not session.valid(cookie, TOKEN, NOW + session.LIFETIME)


def test_a_new_token_ends_old_cookies() -> None:
    assert not session.valid(session.issue(TOKEN, NOW), "another token of 26", NOW)


def test_a_later_end_does_not_fit_the_signature() -> None:
    ends, _, signature = session.issue(TOKEN, NOW).partition(".")
    assert not session.valid(f"{int(ends) + 1}.{signature}", TOKEN, NOW)


@given(st.text())
def test_nothing_invented_is_a_cookie(text: str) -> None:
    assert not session.valid(text, TOKEN, NOW)


@given(st.text())
def test_only_the_token_is_the_token(text: str) -> None:
    assert same(text, TOKEN) == (text == TOKEN)
