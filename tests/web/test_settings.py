"""Where the web may listen, and with what protection."""

from pathlib import Path

import msgspec
import pytest

from platewire.errors import ConfigError
from platewire.web.settings import Address, WebSettings, access, parse_listen

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:8080", Address("::1", 8080)),
        ("0.0.0.0:80", Address("0.0.0.0", 80)),
    ],
)
def test_an_address_is_a_host_and_a_port(listen: str, address: Address) -> None:
    assert parse_listen(listen) == address
    assert str(address) == listen


@pytest.mark.parametrize(
    "listen", ["", "8080", ":8080", "127.0.0.1", "::1:8080", "host:http", "host:70000", "[::1]"]
)
def test_what_is_no_address_is_named(listen: str) -> None:
    with pytest.raises(ConfigError, match=r"web\.listen = .*127\.0\.0\.1:8080"):
        parse_listen(listen)


def test_a_door_for_health_is_an_address() -> None:
    assert access(WebSettings(health_listen="127.0.0.1:81")).health == Address("127.0.0.1", 81)
    with pytest.raises(ConfigError, match=r"web\.health_listen = '81'"):
        access(WebSettings(health_listen="81"))


def test_trusted_proxies_are_addresses_or_networks() -> None:
    proxies = ("10.0.0.5", "10.1.2.3/16")
    chosen = access(WebSettings(trusted_proxies=proxies)).trusted_proxies
    assert chosen == ("10.0.0.5/32", "10.1.0.0/16")
    with pytest.raises(ConfigError, match=r"web\.trusted_proxies: 'proxy' does not"):
        access(WebSettings(trusted_proxies=("proxy",)))


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "192.0.2.1:80", "[::]:80", "plates.example:80"])
def test_other_machines_need_a_token(listen: str) -> None:
    with pytest.raises(ConfigError, match=r"web\.token is not set: set it"):
        access(WebSettings(listen=listen))


@pytest.mark.parametrize("listen", ["127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "localhost:80"])
def test_loopback_is_open(listen: str) -> None:
    assert access(WebSettings(listen=listen)).token is None


def test_with_a_token_any_address_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_TOKEN", TOKEN)
    assert access(WebSettings(listen="0.0.0.0:80", token="env:WEB_TOKEN")).token == TOKEN


@pytest.mark.parametrize("content", ["short", "", "sixteen letters\n!", "ключключключключключ"])
def test_a_weak_token_is_refused_without_being_shown(tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.write_text(content, "utf-8")
    with pytest.raises(ConfigError, match=r"web\.token: .*at least 16") as caught:
        access(WebSettings(token=f"file:{file}"))
    assert not content or content not in str(caught.value)


def test_a_missing_token_names_the_setting() -> None:
    with pytest.raises(ConfigError, match=r"web\.token: .*PLATEWIRE_NOT_SET is not set"):
        access(WebSettings(token="env:PLATEWIRE_NOT_SET"))


@pytest.mark.parametrize("url", ["plates.example", "ftp://plates.example", "https://a/plates", ""])
def test_a_public_url_is_a_scheme_and_a_host(url: str) -> None:
    with pytest.raises(ConfigError, match=r"web\.public_url"):
        access(WebSettings(public_url=url))


def test_unknown_settings_are_errors() -> None:
    with pytest.raises(msgspec.ValidationError, match="port"):
        msgspec.convert({"port": 80}, WebSettings)
