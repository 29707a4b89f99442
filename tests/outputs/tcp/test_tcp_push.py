"""The TCP push against receivers that read what such cameras send: JSON, one after the other."""

import asyncio
import base64
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from platewire.config.load import parse
from platewire.errors import ConfigError, Unavailable
from platewire.model import Entry
from platewire.outputs.output import OutputSettings
from platewire.outputs.tcp.tcp_push import TcpPushSettings
from platewire.testing.check_output import Arrival, Counterpart, check_output
from platewire.wire.numberok import json_reader as numberok_json_reader
from tests.outputs.http.http_sending import PICTURES, entries
from tests.outputs.tcp.tcp_harness import fattened

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "outputs" / "tcp_push.md").read_text("utf-8")
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def settings(address: str, **more: object) -> TcpPushSettings:
    raw = {"type": "tcp_push", "name": "push", "address": address, **more}
    return msgspec.convert(raw, TcpPushSettings)


async def deliver(config: TcpPushSettings) -> Sequence[Entry]:
    context, logged = await entries()
    sender = config.build(context)
    await sender.connect()
    for entry in logged:
        await sender.send([entry])
    await sender.close()
    return logged


class Receiver(Counterpart):
    """Reads each connection to its end. Nothing is ever answered, so it cannot misbehave."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self._more = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def arrived(self, count: int) -> Sequence[Arrival]:
        while len(self.bodies) < count:
            self._more.clear()
            await self._more.wait()
        packets = [numberok_json_reader.decode(body) for body in self.bodies]
        return [
            Arrival(each.car_id or 0, each.state, next(iter(each.images), None))
            for each in packets
            if each.state
        ]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if body := await reader.read(-1):
            self.bodies.append(body)
            self._more.set()
        writer.close()


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.stop()


@contextlib.asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[str]:
    """Yields the address; ends once every connection has been dealt with."""
    open_ones: set[asyncio.Event] = set()

    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        done = asyncio.Event()
        open_ones.add(done)
        with contextlib.suppress(OSError):
            await serve(reader, writer)
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        done.set()

    server = await asyncio.start_server(whole, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for done in open_ones:
            await done.wait()


@pytest.mark.parametrize("form", ["axis", "numberok-1.0", "numberok-1.6"])
async def test_passes_the_check_of_all_outputs(form: str) -> None:
    receiver = Receiver()
    await receiver.start()
    await receiver.stop()
    receiver.pictures = form == "axis"
    config = settings(receiver.address, format=form, picture="vehicle")
    await check_output(config.build, receiver, name="push")


async def test_one_connection_for_each_event_and_a_newline_at_its_end() -> None:
    async with receiving() as receiver:
        logged = await deliver(settings(receiver.address))
    assert len(receiver.bodies) == len(logged)
    for body in receiver.bodies:
        assert body.count(b"\n") == 1
        assert body.endswith(b"}\n")
    packets = [json.loads(body) for body in receiver.bodies]
    assert [each["carState"] for each in packets] == ["new", "update", "lost"]
    assert [each["packetCounter"] for each in packets] == ["1", "2", "3"]


async def test_pictures_are_within_the_json_of_cameras_only() -> None:
    async with receiving() as receiver:
        await deliver(settings(receiver.address, picture="vehicle"))
        await deliver(settings(receiver.address, picture="vehicle", second_picture=False))
        await deliver(settings(receiver.address, picture="vehicle", format="numberok-1.6"))
    packets: list[dict[str, Any]] = [json.loads(body) for body in receiver.bodies]
    vehicle, plate = packets[0]["ImageArray"]
    assert base64.b64decode(vehicle["BinaryImage"]) == PICTURES[1].jpeg
    assert base64.b64decode(plate["BinaryImage"]) == PICTURES[0].jpeg
    assert (vehicle["ImageType"], plate["ImageType"]) == ("vehicle", "plate")
    assert packets[3]["ImageArray"] == [vehicle]
    assert not any("ImageArray" in each for each in packets[6:])


async def test_no_picture_by_default() -> None:
    async with receiving() as receiver:
        await deliver(settings(receiver.address))
    assert not any(b"ImageArray" in body for body in receiver.bodies)


async def test_resent_packets_have_redelivery_and_age() -> None:
    context, (first, *_) = await entries()
    async with receiving() as receiver:
        sender = settings(receiver.address).build(context)
        await sender.send([first._replace(again=True, arrived=context.clock.boot())])
    told = json.loads(receiver.bodies[0])
    assert told["redelivery"] == "true"
    assert int(told["ageMs"]) > 0


async def test_a_packet_that_failed_keeps_its_number() -> None:
    context, logged = await entries()
    async with receiving() as receiver:
        sender = settings(receiver.address).build(context)
        await sender.send(logged[:1])
        await receiver.stop()
        with pytest.raises(Unavailable):
            await sender.send(logged[1:2])
        await receiver.start()
        await sender.send(logged[1:2])
    assert [json.loads(body)["packetCounter"] for body in receiver.bodies] == ["1", "2"]


async def test_nobody_is_there() -> None:
    async with receiving() as receiver:
        pass
    with pytest.raises(Unavailable, match=r'"push": 127\.0\.0\.1:\d+ cannot be reached.*running'):
        await deliver(settings(receiver.address))


async def test_a_receiver_that_never_closes_has_the_event_all_the_same() -> None:
    release = asyncio.Event()
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(-1))
        await release.wait()

    async with serving(serve) as address:
        await deliver(settings(address, close_seconds=0.05))
        release.set()
    assert len([body for body in seen if body]) == 3


async def broken_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads the first byte and resets the connection."""
    if await reader.readexactly(1):
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


async def test_a_connection_broken_off_is_tried_again() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            await broken_off(reader, writer)

    async with serving(serve) as address:
        with pytest.raises(Unavailable, match=r'"push".*closed the connection.*`close_seconds`'):
            await deliver(settings(address))


async def test_a_receiver_that_reads_nothing() -> None:
    context, logged = await entries()
    heavy = structs.replace(fattened(logged[0].event), camera="g" * (32 << 20))
    release = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await release.wait()

    async with serving(serve) as address:
        sender = settings(address, send_seconds=0.2).build(context)
        with pytest.raises(
            Unavailable, match=r'"push".*did not accept an event of .* within 0\.2 s'
        ):
            await sender.send([Entry(heavy, b"")])
        release.set()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"address": "10.0.0.5:0"}, "invalid port 0"),
        ({"address": "10.0.0.5:70000"}, "invalid port 70000"),
        ({"address": "10.0.0.5:1", "time_zone": "Mars/Base"}, "`time_zone` Mars/Base"),
    ],
)
async def test_settings_that_cannot_be_used(more: dict[str, Any], says: str) -> None:
    context, _ = await entries()
    with pytest.raises(ConfigError, match=f'output "push".*{says}'):
        settings(**more).build(context)


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.S))
def test_the_settings_of_the_page_are_accepted(text: str) -> None:
    assert parse(text, Path("platewire.toml")).output


def test_every_setting_is_on_the_page() -> None:
    own = set(TcpPushSettings.__struct_fields__) - set(OutputSettings.__struct_fields__)
    assert not sorted(name for name in own if not re.search(rf"\b{name}\b", PAGE))
