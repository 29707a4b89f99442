"""Starting and stopping the server itself."""

import asyncio
import contextlib
import signal
import socket

import aiohttp
import pytest

from platewire.errors import ConfigError
from platewire.web.app import build_app
from platewire.web.serve import bind, serve
from platewire.web.settings import Address
from tests.web.world import World, at_rest, event, serving


def test_an_address_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            ConfigError, match=rf"web\.listen: .*127\.0\.0\.1:{port}: address already in use"
        ):
            bind(Address("127.0.0.1", port))


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"web\.listen: .*192\.0\.2\.1:80.*does not have this address"
    ):
        bind(Address("192.0.2.1", 80))


def test_a_name_that_does_not_exist_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"web\.listen: .*plates\.invalid:80: .*; check the address"
    ):
        bind(Address("plates.invalid", 80))


async def test_a_free_port_is_told() -> None:
    async with serving() as world, world.client() as client:
        assert not world.url.endswith(":0")
        assert (await client.get("/healthz")).status == 200


async def test_signals_stay_with_the_server() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with serving():
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


async def test_stopping_ends_open_streams() -> None:
    async with asyncio.timeout(10):
        async with serving() as world:
            client = aiohttp.ClientSession(world.url)
            streams = [await client.get("/api/v1/stream") for _ in range(5)]
        for answer in streams:
            assert b"event: status" in await answer.content.read()
        await client.close()


async def test_a_reader_that_takes_nothing_does_not_hold_up_the_end() -> None:
    async with asyncio.timeout(15):
        async with serving() as world:
            await world.add(*(event(f"B {number}") for number in range(900)))
            _, port = world.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection("127.0.0.1", int(port), limit=1024)
            for _ in range(20):
                writer.write(b"GET /api/v1/stream?after=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            await reader.readline()
        writer.close()


async def test_being_canceled_ends_everything_at_once() -> None:
    async with at_rest() as world:
        await _cancel(world)


async def _cancel(world: World) -> None:
    address: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(
            serve(
                build_app(world.context),
                Address("127.0.0.1", 0),
                stopping=world.context.stopping,
                listening=address.set_result,
            )
        )
        world.url = f"http://{await address}"
        async with world.client() as client, client.get("/api/v1/stream") as answer:
            serving.cancel()
            with contextlib.suppress(aiohttp.ClientPayloadError):
                await answer.content.read()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*(await address))
