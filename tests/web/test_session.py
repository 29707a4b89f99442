"""Cookies hold for their time and under their token only."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.runtime.secret import same
from platewire.web import session
from platewire.web.session import EndedSessions

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
    ends, number, signature = session.issue(TOKEN, NOW).split(".")
    assert not session.valid(f"{int(ends) + 1}.{number}.{signature}", TOKEN, NOW)


@given(st.text())
def test_nothing_invented_is_a_cookie(text: str) -> None:
    assert not session.valid(text, TOKEN, NOW)


@given(st.text())
def test_only_the_token_is_the_token(text: str) -> None:
    assert same(text, TOKEN) == (text == TOKEN)


def test_an_ended_cookie_stays_ended_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "ended"
    ended, mine, another = EndedSessions(file), session.issue(TOKEN, NOW), session.issue(TOKEN, NOW)
    ended.end(mine, NOW)
    for each in (ended, EndedSessions(file)):
        assert each.holds(mine)
        assert not each.holds(another)


def test_what_has_ended_by_itself_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "ended"
    ended = EndedSessions(file)
    ended.end(session.issue(TOKEN, NOW), NOW)
    last = session.issue(TOKEN, NOW + session.LIFETIME)
    ended.end(last, NOW + session.LIFETIME)
    assert last.rpartition(".")[0] in file.read_text()
    assert len(file.read_text().split("\n")) == 2


def test_too_many_ended_cookies_end_the_older_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "ENDED_MAX", 10)
    ended = EndedSessions()
    cookies = [session.issue(TOKEN, NOW + timedelta(minutes=each)) for each in range(11)]
    for each in cookies:
        ended.end(each, NOW)
    assert all(ended.holds(each) for each in cookies)
    assert ended.holds(session.issue(TOKEN, NOW))
    assert not ended.holds(session.issue(TOKEN, NOW + timedelta(minutes=12)))


def test_a_file_that_cannot_be_written_ends_the_cookie_all_the_same(tmp_path: Path) -> None:
    ended, cookie = EndedSessions(tmp_path / "nowhere" / "ended"), session.issue(TOKEN, NOW)
    ended.end(cookie, NOW)
    assert ended.holds(cookie)
