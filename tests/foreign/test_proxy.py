"""Requests through a real proxy, tinyproxy; the rules of where requests may go hold as without."""

import contextlib
import hashlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from platewire.errors import ConfigError, Unavailable
from platewire.outputs.http.egress import Egress, Guard
from platewire.outputs.relay.http_switch import HttpRelay
from platewire.outputs.relay.two_n import TwoNSettings
from tests.foreign.servers import running, until_it_listens
from tests.outputs.http.http_receiver import answers, receiving
from tests.outputs.http.http_sending import deliver, entries, settings
from tests.support.certificates import Authority
from tests.support.counterparts import TINYPROXY, need, program

CONFIGURED = """
Port {port}
Listen 127.0.0.1
Timeout 20
MaxClients 20
Allow 127.0.0.1
DisableViaHeader No
LogFile "{folder}/log"
{more}
"""


@contextlib.asynccontextmanager
async def tinyproxy(folder: Path, more: str = "") -> AsyncIterator[str]:
    need(TINYPROXY)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = folder / "tinyproxy.conf"
    file.write_text(CONFIGURED.format(port=port, folder=folder, more=more))
    with running(program("tinyproxy") or "", "-d", "-c", str(file)):
        await until_it_listens(f"http://127.0.0.1:{port}/")
        yield f"http://127.0.0.1:{port}"


def log_of(folder: Path) -> str:
    return (folder / "log").read_text("utf-8", "replace")


def through(url: str, **more: object) -> dict[str, object]:
    return {"proxy": {"url": url, **more}}


async def test_events_go_through_it(tmp_path: Path) -> None:
    async with tinyproxy(tmp_path) as proxy, receiving() as receiver:
        await deliver(settings(receiver.url, egress=through(proxy)), 3)
        assert all("tinyproxy" in each.headers["via"] for each in receiver.requests)
        assert len(receiver.requests) == 3
        receiver.requests.clear()
        await deliver(settings(receiver.url))
        assert "via" not in receiver.requests[0].headers


async def test_https_is_a_tunnel_in_which_the_proxy_sees_nothing(
    tmp_path: Path, authority: Authority
) -> None:
    tls = {"ca_file": str(authority.ca)}
    async with tinyproxy(tmp_path) as proxy, receiving(tls=authority.server_context()) as receiver:
        await deliver(settings(receiver.url, egress=through(proxy), tls=tls), 2)
        assert len({each.connection for each in receiver.requests}) == 1
        assert all("via" not in each.headers for each in receiver.requests)
    assert "CONNECT 127.0.0.1:" in log_of(tmp_path)


async def test_untrusted_certificate_is_refused_through_a_proxy(
    tmp_path: Path, stranger: Authority, authority: Authority
) -> None:
    tls = {"ca_file": str(authority.ca)}
    async with tinyproxy(tmp_path) as proxy, receiving(tls=stranger.server_context()) as receiver:
        with pytest.raises(Unavailable, match="untrusted certificate"):
            await deliver(settings(receiver.url, egress=through(proxy), tls=tls))
        assert not receiver.requests


async def test_a_certificate_that_is_pinned_is_the_only_one_behind_it_too(
    tmp_path: Path, authority: Authority
) -> None:
    _, mark, rest = authority.server.read_text("ascii").partition("-----BEGIN CERTIFICATE-----")
    shown = ssl.PEM_cert_to_DER_cert(mark + rest.partition("\n-----BEGIN")[0])
    async with tinyproxy(tmp_path) as proxy, receiving(tls=authority.server_context()) as receiver:
        tls = {"certificate_sha256": "ab" * 32}
        with pytest.raises(Unavailable, match="not the one in `tls"):
            await deliver(settings(receiver.url, egress=through(proxy), tls=tls))
        assert not receiver.requests
        tls = {"certificate_sha256": hashlib.sha256(shown).hexdigest()}
        await deliver(settings(receiver.url, egress=through(proxy), tls=tls))
        assert len(receiver.requests) == 1


@pytest.mark.parametrize("secure", [False, True])
async def test_its_password(
    secure: bool, tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = {"ca_file": str(authority.ca)} if secure else {}
    served = authority.server_context() if secure else None
    monkeypatch.setenv("PROXY", "battery-staple")
    known = {"user": "gate", "password": "env:PROXY"}
    async with (
        tinyproxy(tmp_path, "BasicAuth gate battery-staple") as proxy,
        receiving(tls=served) as receiver,
    ):
        await deliver(settings(receiver.url, egress=through(proxy, **known), tls=tls))
        assert "proxy-authorization" not in receiver.requests[0].headers
        assert "authorization" not in receiver.requests[0].headers
        monkeypatch.setenv("PROXY", "wrong")
        for unknown in (known, {}):
            with pytest.raises(Unavailable, match=r"answered 40[17]"):
                await deliver(settings(receiver.url, egress=through(proxy, **unknown), tls=tls))
        assert len(receiver.requests) == 1


async def test_what_it_does_not_allow(tmp_path: Path) -> None:
    """tinyproxy allows tunnels to ports that it names."""
    async with tinyproxy(tmp_path, "ConnectPort 443") as proxy:
        with pytest.raises(
            Unavailable, match=r"through the proxy, which answered 403.*access rules"
        ):
            await deliver(settings("https://127.0.0.1:8443/", egress=through(proxy)))


async def test_unreachable_proxy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        proxy = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with receiving() as receiver:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await deliver(settings(receiver.url, egress=through(proxy)))
        assert not receiver.requests


async def test_unreachable_receiver_behind_a_proxy(tmp_path: Path) -> None:
    async with tinyproxy(tmp_path) as proxy, receiving() as receiver:
        await receiver.stop()
        with pytest.raises(Unavailable, match="answered 5"):
            await deliver(settings(receiver.url, egress=through(proxy)))


async def test_redirects_stay_guarded(tmp_path: Path) -> None:
    target = "http://169.254.169.254/meta"
    async with tinyproxy(tmp_path) as proxy, receiving(answers(307, Location=target)) as receiver:
        egress = {**through(proxy), "redirect_hosts": ["169.254.169.254"]}
        with pytest.raises(Unavailable, match=r"is blocked: 169\.254\.169\.254"):
            await deliver(settings(receiver.url, egress=egress))
    assert "169.254" not in log_of(tmp_path)


async def test_name_resolving_to_a_metadata_address_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy would look it up itself."""

    async def told(_: Guard, host: str, port: int) -> list[str]:
        Guard(Egress()).check(host, "169.254.169.254" if host == "meta.example" else "127.0.0.1")
        return ["127.0.0.1"]

    monkeypatch.setattr(Guard, "addresses", told)
    async with tinyproxy(tmp_path) as proxy:
        with pytest.raises(Unavailable, match=r"meta\.example is 169\.254\.169\.254"):
            await deliver(settings("http://meta.example/x", egress=through(proxy)))
    assert "meta.example" not in log_of(tmp_path)


async def test_name_known_to_the_proxy_only_is_left_to_it(tmp_path: Path) -> None:
    async with tinyproxy(tmp_path) as proxy:
        with pytest.raises(Unavailable, match="answered 5"):
            await deliver(settings("http://nowhere.invalid/x", egress=through(proxy)))
    assert "nowhere.invalid" in log_of(tmp_path)


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ({"url": "https://proxy:3128"}, "must be like http://host:3128"),
        ({"url": "http://me:word@proxy:3128"}, "set user and password in"),
        ({"url": "http://proxy:3128/path"}, "without path or query"),
        ({"url": "proxy:3128"}, "must be like http://host:3128"),
        ({"url": "http://169.254.169.254:3128"}, "link-local"),
        ({"url": "http://proxy:3128", "user": "gate"}, "`user` and `password` belong together"),
        ({"url": "http://proxy:3128", "password": "env:PROXY"}, "belong together"),
        ({"url": "http://proxy:3128", "user": "x", "password": "env:ABSENT"}, "ABSENT is not set"),
    ],
)
async def test_invalid_settings_are_reported_at_startup(proxy: dict[str, str], reason: str) -> None:
    context, _ = await entries()
    with pytest.raises(ConfigError, match=rf'output "gate".*{reason}') as caught:
        settings("http://host/", egress={"proxy": proxy}).build(context)
    assert "word@" not in str(caught.value)


async def test_outputs_that_open_something_use_no_proxy() -> None:
    """A proxy may ask again by itself."""
    context, _ = await entries()
    egress = {"proxy": {"url": "http://proxy:3128"}}
    raw = {"type": "two_n", "name": "unit", "url": "http://10.0.0.30", "egress": egress}
    with pytest.raises(ConfigError, match=r'output "unit".*`egress.proxy` is not supported by'):
        msgspec.convert(raw, TwoNSettings).build(context)
    relay = msgspec.convert(
        {"type": "http", "url": "http://10.0.0.5/on", "egress": egress}, HttpRelay
    )
    with pytest.raises(ConfigError, match=r'output "barrier".*`egress.proxy` is not supported by'):
        relay.switch("barrier")


async def test_proxy_environment_variables_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with tinyproxy(tmp_path) as proxy, receiving() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        await deliver(settings(receiver.url))
        assert "via" not in receiver.requests[0].headers
