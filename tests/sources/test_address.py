"""Addresses and passwords: none in the clear, none in a message."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.errors import ConfigError
from platewire.sources.address import Credentials, checked, credentials, shown, with_credentials


def test_a_password_in_the_address_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigError, match=r"camera gate: .*in the clear.*username") as refused:
        checked("gate", "rtsp://admin:hunter2@10.0.0.1/live")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("url", ["rtsp://", "rtsp:///live", "rtsp://[::1/live", "http://h:99999/"])
def test_what_names_no_computer_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="camera gate: `url`"):
        checked("gate", url)


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/snap?user=admin&password=hunter2&channel=1",
        "rtsp://10.0.0.1/user=admin_password=hunter2/live",
        "http://10.0.0.1/jpg?PWD=hunter2",
        "http://10.0.0.1/jpg?access_token=hunter2",
    ],
)
def test_a_password_within_the_address_is_not_shown(url: str) -> None:
    assert "hunter2" not in shown(url)
    assert shown(url).startswith(url[:16])


def test_the_rest_of_an_address_is_shown() -> None:
    assert shown("rtsp://10.0.0.1:554/live?channel=1") == "rtsp://10.0.0.1:554/live?channel=1"


@given(st.text(min_size=1), st.text())
def test_any_user_and_password_fit_into_the_address(user: str, password: str) -> None:
    try:
        (user + password).encode()
    except UnicodeEncodeError:
        return
    url = with_credentials("rtsp://10.0.0.1:8554/live?a=b", Credentials((user, password)))
    parts = urlsplit(url)
    assert (parts.hostname, parts.port, parts.query) == ("10.0.0.1", 8554, "a=b")
    assert unquote(parts.username or "") == user
    assert unquote(parts.password or "") == password


def test_credentials_come_from_secrets_and_do_not_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_USER", "admin")
    monkeypatch.setenv("CAMERA_PASSWORD", "hunter2")
    who = credentials("gate", "env:CAMERA_USER", "env:CAMERA_PASSWORD")
    assert who == ("admin", "hunter2")
    assert "hunter2" not in f"{who!r} {who}"
    assert credentials("gate", None, None) is None
    with pytest.raises(ConfigError, match="`password` is set but `username` is not"):
        credentials("gate", None, "env:CAMERA_PASSWORD")
