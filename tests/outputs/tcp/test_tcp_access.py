"""Who may connect to the TCP ways out: by a token line, by a certificate, over TLS."""

import asyncio
import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from platewire.errors import ConfigError
from platewire.outputs.tcp.json_lines import TOKEN_SECONDS, JsonLinesOutput, JsonLinesSettings
from platewire.outputs.tcp.numberok_tcp import NumberOkTcpSettings
from platewire.runtime.server_tls import ServerTls, trusting
from platewire.wire.numberok import tcp as numberok_tcp
from tests.outputs.tcp.tcp_harness import World, running
from tests.support.certificates import Authority

TOKEN = "a-token-of-26-characters-0"


@pytest.fixture
def world() -> World:
    return World()


def lines(world: World, **settings: Any) -> JsonLinesOutput:
    return JsonLinesSettings(name="out", listen="127.0.0.1:0", **settings).build(world.context)


async def first_line(server: JsonLinesOutput, line: bytes = b"", **how: Any) -> dict[str, Any]:
    reader, writer = await asyncio.open_connection(*server.address, **how)
    try:
        writer.write(line)
        return dict(json.loads(await reader.readline()))
    finally:
        writer.close()


@pytest.fixture
def token(tmp_path: Path) -> str:
    (tmp_path / "token").write_text(TOKEN)
    return f"file:{tmp_path / 'token'}"


async def test_the_right_token_comes_in(world: World, token: str) -> None:
    server = lines(world, token=token)
    async with running(server):
        said = await first_line(server, json.dumps({"token": TOKEN}).encode() + b"\n")
    assert "hello" in said


async def test_a_wrong_token_is_refused_and_not_told(world: World, token: str) -> None:
    server = lines(world, token=token)
    async with running(server):
        said = await first_line(server, b'{"token": "wrong", "resume": 0}\n')
    assert "invalid token" in said["error"]
    assert TOKEN not in said["error"]
    assert world.counter("clients_dropped_token") == 1


async def test_who_sends_no_token_gets_nothing(world: World, token: str) -> None:
    server = lines(world, token=token)
    async with running(server):
        await world.passage()
        asked = asyncio.create_task(first_line(server))
        while world.clock.sleeping == 0:  # noqa: ASYNC110 - the listener comes to it
            await asyncio.sleep(0)
        await world.clock.advance(TOKEN_SECONDS + 1)
        assert "no token received" in (await asked)["error"]


def test_a_token_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(ConfigError, match=r'output "out": token: secret env:PLATEWIRE_NOWHERE'):
        lines(world, token="env:PLATEWIRE_NOWHERE")


async def test_lines_over_tls(world: World, authority: Authority) -> None:
    server = lines(world, tls=ServerTls(certificate=authority.server))
    async with running(server):
        said = await first_line(server, b"{}\n", ssl=trusting(authority.server))
    assert "hello" in said


async def test_only_clients_with_a_certificate(world: World, authority: Authority) -> None:
    tls = ServerTls(certificate=authority.server, client_ca=authority.ca)
    server = lines(world, tls=tls)
    with_certificate = trusting(authority.server)
    with_certificate.load_cert_chain(authority.client)
    async with running(server):
        assert "hello" in await first_line(server, b"{}\n", ssl=with_certificate)
        with pytest.raises((ssl.SSLError, ConnectionError, json.JSONDecodeError)):
            await first_line(server, b"{}\n", ssl=trusting(authority.server))


async def test_who_does_not_speak_tls_stops_nobody(world: World, authority: Authority) -> None:
    server = lines(world, tls=ServerTls(certificate=authority.server))
    async with running(server):
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(b'{"resume": 0}\n' * 10)
        assert b"hello" not in await reader.read(1000)
        writer.close()
        assert "hello" in await first_line(server, b"{}\n", ssl=trusting(authority.server))


async def test_numberok_over_tls(world: World, authority: Authority) -> None:
    settings = NumberOkTcpSettings(
        name="out", listen="127.0.0.1:0", tls=ServerTls(certificate=authority.server)
    )
    server = settings.build(world.context)
    async with running(server):
        reader, writer = await asyncio.open_connection(
            *server.address, ssl=trusting(authority.server)
        )
        writer.write(numberok_tcp.SUBSCRIPTION)
        await writer.drain()
        while not any(client.subscribed for client in server.listener.clients):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
        await server.send(await world.passage())
        assert len(await reader.readexactly(8)) == 8
        writer.close()


def test_a_certificate_that_is_not_there_is_named(world: World, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'output "out": `tls\.certificate`'):
        lines(world, tls=ServerTls(certificate=tmp_path / "none.pem"))
