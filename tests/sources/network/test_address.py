"""Addresses and passwords: none in plain text, none in a message."""

import pytest

from platewire.errors import ConfigError
from platewire.sources.network.address import checked, credentials, without_secrets


def test_a_password_in_the_address_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigError, match=r"camera gate: .*in plain text.*username") as refused:
        checked("gate", "rtsp://admin:hunter2@10.0.0.1/live")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("rtsp://", "`url` contains no host"),
        ("rtsp:///live", "`url` contains no host"),
        ("rtsp://[::1/live", "invalid `url`"),
        ("http://h:99999/", "invalid `url`"),
    ],
)
def test_what_names_no_computer_is_refused(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"camera gate: {said}"):
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
    assert "hunter2" not in without_secrets(url)
    assert without_secrets(url).startswith(url[:16])


def test_the_rest_of_an_address_is_shown() -> None:
    assert (
        without_secrets("rtsp://10.0.0.1:554/live?channel=1")
        == "rtsp://10.0.0.1:554/live?channel=1"
    )


def test_credentials_come_from_secrets_and_do_not_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_USER", "admin")
    monkeypatch.setenv("CAMERA_PASSWORD", "hunter2")
    who = credentials("gate", "env:CAMERA_USER", "env:CAMERA_PASSWORD")
    assert who == ("admin", "hunter2")
    assert "hunter2" not in f"{who!r} {who}"
    assert credentials("gate", None, None) is None
    with pytest.raises(ConfigError, match="`password` is set without `username`"):
        credentials("gate", None, "env:CAMERA_PASSWORD")
