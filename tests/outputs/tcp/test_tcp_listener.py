"""Listening: addresses that cannot be had, and who may come in."""

import socket
from typing import Any

import pytest

from platewire.errors import ConfigError, Unavailable
from platewire.outputs.tcp.json_lines import JsonLinesOutput, JsonLinesSettings
from platewire.wire.json_lines import Request
from tests.outputs.tcp.tcp_harness import World, dialled, running, until


@pytest.fixture
def world() -> World:
    return World()


def build(world: World, **settings: Any) -> JsonLinesOutput:
    chosen = {"name": "out", "listen": "127.0.0.1:0", **settings}
    return JsonLinesSettings(**chosen).build(world.context)


async def test_address_in_use_names_address_and_remedy_and_heals(world: World) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = build(world, listen=f"127.0.0.1:{port}")
        with pytest.raises(Unavailable) as caught:
            await server.connect()
    assert f'output "out": cannot listen on 127.0.0.1:{port}' in str(caught.value)
    assert "change `listen`" in str(caught.value)
    async with running(server), dialled(server, Request()) as client:
        await client.hello()


@pytest.mark.parametrize("listen", ["192.0.2.1:0", "no.such.host.invalid:7701"])
async def test_address_that_is_not_ours(world: World, listen: str) -> None:
    server = build(world, listen=listen)
    with pytest.raises(Unavailable, match=f"cannot listen on {listen}"):
        await server.connect()
    await server.close()


async def test_closing_what_was_never_opened(world: World) -> None:
    server = build(world)
    await server.close()
    with pytest.raises(Unavailable, match="is not listening yet"):
        _ = server.address


async def test_connecting_again_keeps_clients(world: World) -> None:
    server = build(world)
    async with running(server), dialled(server, Request()) as client:
        await client.hello()
        address = server.address
        await server.connect()
        assert server.address == address
        await world.passage()
        assert await client.seqs(3) == [1, 2, 3]


async def test_closing_lets_clients_take_what_was_written(world: World) -> None:
    server = build(world)
    await server.connect()
    async with dialled(server, Request()) as client:
        await client.hello()
        await world.passage()
        await until(lambda: server._position == 3)
        await server.close()
        assert (await client.rest()).count(b"\n") == 3
    assert world.counter("clients") == 0


@pytest.mark.parametrize(
    ("allow", "listen", "welcome"),
    [
        ((), "127.0.0.1:0", True),
        (("127.0.0.0/8",), "127.0.0.1:0", True),
        (("10.0.0.1", "127.0.0.1"), "127.0.0.1:0", True),
        (("10.0.0.0/8",), "127.0.0.1:0", False),
        (("::1",), "127.0.0.1:0", False),
    ],
)
async def test_allow(world: World, allow: tuple[str, ...], listen: str, welcome: bool) -> None:
    server = build(world, allow=allow, listen=listen)
    async with running(server), dialled(server, Request()) as client:
        if welcome:
            await client.hello()
        else:
            assert await client.rest() == b""
            assert world.counter("clients_refused_address") == 1
    assert world.counter("clients_dropped") == 0


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this system has no IPv6")
async def test_ipv6_and_addresses_of_ipv4_in_its_form(world: World) -> None:
    server = build(world, listen="[::1]:0", allow=("::1",))
    async with running(server), dialled(server, Request()) as client:
        await client.hello()
    assert server.listener._allowed("::ffff:127.0.0.1") is False
    assert build(world, allow=("127.0.0.1",)).listener._allowed("::ffff:127.0.0.1") is True


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"allow": ("10.0.0.300",)}, 'output "out": allow: .*10.0.0.300.*10.1.0.0/16'),
        ({"allow": ("10.0.0.1/8",)}, 'output "out": allow: 10.0.0.1/8 has host bits set'),
        ({"listen": "127.0.0.1:99999"}, 'output "out": listen: invalid port 99999'),
    ],
)
def test_settings_that_cannot_be(world: World, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(world, **settings)
