"""Generic events against a data source that echoes as Milestone documents it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Literal

import msgspec
import pytest

from platewire.errors import ConfigError, Unavailable
from platewire.outputs.tcp.milestone_generic import MilestoneGenericSettings
from platewire.testing.check_output import check_output
from tests.outputs.http.http_sending import entries
from tests.outputs.http.milestone_server import GenericServer

Transport = Literal["tcp", "udp"]
EACH = pytest.mark.parametrize(
    ("protocol", "echo"),
    [
        ("tcp", "statistics"),
        ("tcp", "bytes"),
        ("tcp", "none"),
        ("udp", "statistics"),
        ("udp", "bytes"),
        ("udp", "none"),
    ],
)


def settings(address: str, **more: object) -> MilestoneGenericSettings:
    raw = {"type": "milestone_generic", "name": "lines", "address": address, **more}
    return msgspec.convert(raw, MilestoneGenericSettings)


async def deliver(config: MilestoneGenericSettings) -> None:
    context, logged = await entries()
    sender = config.build(context)
    try:
        await sender.connect()
        for entry in logged:
            await sender.send([entry])
    finally:
        await sender.close()


@contextlib.asynccontextmanager
async def serving(
    protocol: Transport = "tcp", echo: str = "statistics"
) -> AsyncIterator[GenericServer]:
    server = GenericServer(protocol, echo)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@EACH
async def test_passes_the_check_of_all_outputs(protocol: Transport, echo: str) -> None:
    server = GenericServer(protocol, echo)
    await server.start()
    await server.stop()
    config = settings(server.address, protocol=protocol, echo=echo)
    await check_output(config.build, server, name="lines")


@EACH
async def test_the_lines(protocol: Transport, echo: str) -> None:
    async with serving(protocol, echo) as server:
        await deliver(settings(server.address, protocol=protocol, echo=echo, prefix="LPR"))
        await server.arrived(3)
    assert server.lines == [
        "LPR;new;BU9042;DE;gate;;unknown;1767323045000001",
        "LPR;updated;BU9042;DE;gate;staff;in;1767323045000001",
        "LPR;lost;BU9042;DE;gate;staff;in;1767323045000001",
    ]


async def test_one_connection_is_kept() -> None:
    async with serving() as server:
        await deliver(settings(server.address))
    assert server.connections == 1


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
async def test_a_server_without_echo_is_told(protocol: Transport) -> None:
    async with serving(protocol) as server:
        server.echoes = False
        config = settings(server.address, protocol=protocol, echo_seconds=0.1)
        with pytest.raises(Unavailable, match=r'"lines".*no echo within 0\.1 s.*`echo = "none"`'):
            await deliver(config)


@pytest.mark.parametrize(("said", "set_to"), [("statistics", "bytes"), ("bytes", "statistics")])
async def test_another_echo_than_the_one_set_is_told(said: str, set_to: str) -> None:
    async with serving("tcp", said) as server:
        with pytest.raises(Unavailable, match=rf'"lines".*not an echo of the form `{set_to}`'):
            await deliver(settings(server.address, echo=set_to))


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
async def test_nobody_is_there(protocol: Transport) -> None:
    async with serving(protocol) as server:
        pass
    with pytest.raises(Unavailable, match=r'"lines".*cannot be reached.*Generic Events'):
        await deliver(settings(server.address, protocol=protocol))


@contextlib.asynccontextmanager
async def answering(*pieces: bytes) -> AsyncIterator[str]:
    """Writes these for each line, or closes the connection where there are none."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while await reader.readline() and pieces:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        done.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await done.wait()


async def test_an_echo_in_pieces() -> None:
    async with answering(b"1", b",", b"40,", b"1", b",ANPR\r\n") as address:
        await deliver(settings(address))


async def test_a_connection_closed_instead_of_an_echo() -> None:
    async with answering() as address:
        with pytest.raises(Unavailable, match=r'"lines".*connection reset'):
            await deliver(settings(address))


async def test_a_port_that_does_not_exist() -> None:
    context, _ = await entries()
    with pytest.raises(ConfigError, match=r'"lines".*port 70000'):
        settings("10.0.0.5:70000").build(context)


@pytest.mark.parametrize("more", [{"address": "10.0.0.5"}, {"address": "x:1", "prefix": "a;b"}])
def test_settings_that_cannot_be_used(more: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(**more)  # type: ignore[arg-type]
