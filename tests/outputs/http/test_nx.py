"""The Nx output against a server written from Network Optix' documentation."""

import asyncio
import hashlib
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from platewire.config.load import parse
from platewire.errors import ConfigError, Refused, Rejected, Unavailable
from platewire.model import Entry
from platewire.outputs.http.nx import NxSettings
from platewire.outputs.output import OutputSettings
from platewire.testing.check_output import check_output
from platewire.testing.sample_events import passage_events
from tests.outputs.http.http_receiver import answers, receiving, speaking
from tests.outputs.http.http_sending import entries
from tests.outputs.http.nx_server import (
    GATE,
    PASSWORD,
    SERVER,
    TWIN,
    USER,
    NxServer,
    device,
    serving,
)
from tests.support.certificates import Authority

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "outputs" / "nx.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NX_PASSWORD", PASSWORD)


def settings(url: str, **more: object) -> NxSettings:
    raw = {
        "type": "nx",
        "name": "vms",
        "url": url,
        "user": USER,
        "password": "env:NX_PASSWORD",
        "devices": {"gate": "10.0.0.7"},
        **more,
    }
    return msgspec.convert(raw, NxSettings, dec_hook=lambda _, value: Path(value))


async def deliver(config: NxSettings) -> Sequence[Entry]:
    context, logged = await entries()
    sender = config.build(context)
    try:
        await sender.connect()
        for entry in logged:
            await sender.send([entry])
    finally:
        await sender.close()
    return logged


async def test_passes_the_check_of_all_outputs() -> None:
    server = NxServer()
    await server.start()
    await server.stop()
    await check_output(settings(server.url).build, server, name="vms")


async def test_what_comes_is_an_event_and_what_is_gone_a_bookmark() -> None:
    async with serving() as server:
        await deliver(settings(server.url))
    new, updated = server.events
    assert new["source"] == "gate"
    assert new["caption"] == "BU9042"
    assert new["timestamp"] == "1767323046678"
    assert new["metadata"] == {"cameraRefs": [GATE]}
    assert new["description"] == "new, DE, passage 1767323045000001"
    assert updated["description"] == "updated, DE, in, blue, list staff, passage 1767323045000001"
    (bookmark,) = server.bookmarks
    assert bookmark["deviceId"] == GATE
    assert bookmark["name"] == "BU9042"
    assert bookmark["startTimeMs"] == 1767323046678
    assert bookmark["durationMs"] == 1000
    assert bookmark["tags"] == ["ANPR", "staff"]
    assert bookmark["serverId"] == SERVER


async def test_a_bookmark_spans_first_to_last_sight() -> None:
    context, _ = await entries()
    events = passage_events(50, updates=30)
    logged = await context.log.append("gate", events)  # type: ignore[attr-defined]
    async with serving() as server:
        sender = settings(server.url).build(context)
        await sender.connect()
        await sender.send(logged[-1:])
        await sender.close()
    assert server.bookmarks[0]["durationMs"] == 3100


def test_by_default_updates_are_not_sent() -> None:
    config = settings("http://127.0.0.1:1")
    assert {kind.value for kind in config.kinds} == {"new", "lost"}


@pytest.mark.parametrize("named", [GATE, f"{{{GATE.upper()}}}", "10.0.0.7", "Gate 1"])
async def test_the_device_is_found(named: str) -> None:
    async with serving() as server:
        await deliver(settings(server.url, devices={"gate": named}))
    assert server.bookmarks[0]["deviceId"] == GATE


async def test_a_device_that_was_added_later_is_found() -> None:
    context, logged = await entries()
    async with serving() as server:
        server.devices, later = [], server.devices
        sender = settings(server.url).build(context)
        await sender.connect()
        server.devices = later
        await sender.send(logged[:1])
        await sender.close()
    assert len(server.events) == 1


@pytest.mark.parametrize(
    ("devices", "says"),
    [
        ({"gate": "10.9.9.9"}, r'no device "10\.9\.9\.9".*camera "gate".*`devices`'),
        ({}, r'no device "gate".*`devices`'),
        ({"gate": "10.0.0.8"}, r'2 devices "10\.0\.0\.8".*the id of its device'),
    ],
)
async def test_a_camera_without_its_device(devices: dict[str, str], says: str) -> None:
    async with serving() as server:
        server.devices.append(device(TWIN, "channel 2", "rtsp://10.0.0.8:554/2"))
        with pytest.raises(Rejected, match=f'output "vms".*{says}') as caught:
            await deliver(settings(server.url, devices=devices))
    assert TWIN in caught.value.answer
    assert not server.events


async def test_one_session_is_kept_and_opened_again_when_it_ends() -> None:
    context, logged = await entries()
    async with serving() as server:
        sender = settings(server.url).build(context)
        await sender.connect()
        await sender.send(logged[:1])
        await sender.send(logged[1:2])
        assert server.logins == 1
        server.end_sessions()
        await sender.send(logged[2:3])
        await sender.close()
    assert server.logins == 2
    assert len(server.bookmarks) == 1


async def test_a_wrong_password_waits_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NX_PASSWORD", "wrong-one")
    async with serving() as server:
        with pytest.raises(Refused, match=r'"vms".*rejected the login as anpr.*`password`') as told:
            await deliver(settings(server.url))
    assert told.value.least_wait == 60
    assert "wrong-one" not in str(told.value)


async def test_a_refused_event_is_rejected_with_its_reason() -> None:
    async with serving() as server:
        server.refuses_events = "Invalid metadata"
        with pytest.raises(Rejected, match=r'"vms".*error 3 Invalid metadata.*may create events'):
            await deliver(settings(server.url))


def saying(status: str, body: str) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    async def answer(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write((head + body).encode())
        await writer.drain()

    return answer


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        ("200 OK", "<html>", "invalid response to the login.*`url`"),
        ("200 OK", '{"token": "t"}', "invalid response to the camera list"),
        ("404 Not Found", "", "404.*`url` is an Nx server of version 5 or later"),
    ],
)
async def test_another_web_server_is_told_from_an_nx_server(
    status: str, body: str, says: str
) -> None:
    async with speaking(saying(status, body)) as url:
        with pytest.raises(Unavailable, match=f'"vms".*{says}'):
            await deliver(settings(url))


async def test_redirects_are_not_followed() -> None:
    async with receiving(answers(307, Location="https://10.0.0.5:7001/")) as receiver:
        with pytest.raises(Unavailable, match=r"redirect to https://10\.0\.0\.5:7001/.*`url`"):
            await deliver(settings(receiver.url))


async def test_a_server_that_is_not_there() -> None:
    async with serving() as server:
        pass
    with pytest.raises(Unavailable, match=r'"vms".*cannot be reached'):
        await deliver(settings(server.url))


async def test_a_server_that_says_nothing() -> None:
    never = asyncio.Event()

    async def silence(_: asyncio.StreamWriter) -> None:
        await never.wait()

    async with speaking(silence) as url:
        with pytest.raises(Unavailable, match=r"did not answer within 0\.2 s"):
            await deliver(settings(url, total_seconds=0.2))
        never.set()


# --- its own certificate -------------------------------------------------------------------------


def fingerprint(authority: Authority) -> str:
    pem = authority.server.read_text()
    certificate = pem[pem.index("-----BEGIN CERT") : pem.index("-----END CERT") + 25]
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()


async def test_one_certificate_is_trusted_by_its_hash(stranger: Authority) -> None:
    pin = ":".join(re.findall("..", fingerprint(stranger).upper()))
    async with serving(stranger.server_context()) as server:
        await deliver(settings(server.url, tls={"certificate_sha256": pin}))
    assert len(server.bookmarks) == 1


async def test_another_certificate_is_not(authority: Authority, stranger: Authority) -> None:
    async with serving(stranger.server_context()) as server:
        with pytest.raises(Unavailable, match=rf"{fingerprint(stranger)}.*certificate_sha256"):
            await deliver(settings(server.url, tls={"certificate_sha256": fingerprint(authority)}))
    assert server.logins == 0


async def test_the_certificate_is_looked_at_again_at_each_connection(
    authority: Authority, stranger: Authority
) -> None:
    context, logged = await entries()
    async with serving(authority.server_context()) as server:
        pin = {"certificate_sha256": fingerprint(authority)}
        sender = settings(server.url, tls=pin).build(context)
        await sender.connect()
        await server.stop()
        server._tls = stranger.server_context()
        await server.start()
        with pytest.raises(Unavailable, match="certificate_sha256"):
            await sender.send(logged[:1])
        await sender.close()
    assert not server.events


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"url": "10.0.0.5:7001"}, r"`url`.*https://host:port"),
        ({"url": "https://a:b@host:7001"}, r"`url`.*move them to `user` and `password`"),
        ({"password": "env:NOT_THERE"}, r"NOT_THERE is not set"),
        ({"url": "https://host", "tls": {"ca_file": "/no/file"}}, r"`tls\.ca_file` /no/file"),
        (
            {"url": "https://host", "tls": {"certificate_sha256": "00" * 32, "verify": False}},
            r"remove the other settings",
        ),
    ],
)
async def test_settings_that_cannot_be_used(more: dict[str, object], says: str) -> None:
    context, _ = await entries()
    with pytest.raises(ConfigError, match=f'output "vms".*{says}'):
        settings(str(more.pop("url", "http://host:7001")), **more).build(context)


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.S))
def test_the_settings_of_the_page_are_accepted(text: str) -> None:
    assert all(isinstance(each, NxSettings) for each in parse(text, Path("platewire.toml")).output)


def test_every_setting_is_on_the_page() -> None:
    own = set(NxSettings.__struct_fields__) - set(OutputSettings.__struct_fields__)
    assert not sorted(name for name in own if not re.search(rf"\b{name}\b", PAGE))
