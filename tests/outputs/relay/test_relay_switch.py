"""The relays themselves: a Modbus TCP server by pymodbus, and devices that speak HTTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiohttp import web
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from platewire.errors import ConfigError, Refused, Unavailable
from platewire.outputs.relay.effect import Effect
from platewire.outputs.relay.modbus_switch import ModbusRelay, ModbusSwitch
from platewire.outputs.relay.relay import RelaySettings
from platewire.outputs.relay.switch import Switch
from tests.acceptance.ports import free_port


@contextlib.asynccontextmanager
async def modbus_device(coils: int = 8) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Its port, and the requests that it got."""
    seen: list[bytes] = []

    def trace(sending: bool, data: bytes) -> bytes:
        if not sending:
            seen.append(data)
        return data

    port = free_port()
    bits = SimData(0, count=coils, values=False, datatype=DataType.BITS)
    words = SimData(0, count=1, values=0, datatype=DataType.REGISTERS)
    device = SimDevice(1, simdata=([bits], [bits], [words], [words]))
    server = ModbusTcpServer(device, address=("127.0.0.1", port), trace_packet=trace)
    await server.serve_forever(background=True)
    try:
        yield port, seen
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]


def switch(port: int, **more: Any) -> ModbusSwitch:
    return ModbusRelay(host="127.0.0.1", port=port, total_seconds=0.5, **more).switch("gate")


async def test_a_real_modbus_server_takes_on_and_off() -> None:
    async with modbus_device() as (port, seen):
        relay = switch(port, coil=3)
        await relay.knock()
        await relay.turn(on=True)
        await relay.turn(on=False)
    assert [each[6:].hex() for each in seen] == ["01050003ff00", "010500030000"]


async def test_a_coil_that_is_not_there_is_refused() -> None:
    async with modbus_device(coils=4) as (port, _):
        relay = switch(port, coil=99)
        with pytest.raises(Refused, match=r"rejected coil 99: .* has no coil with that number"):
            await relay.turn(on=True)
        assert relay.effect is Effect.NONE


async def test_another_unit_does_not_answer() -> None:
    async with modbus_device() as (port, _):
        relay = switch(port, unit=77)
        with pytest.raises(Unavailable, match=r"77|rejected"):
            await relay.turn(on=True)


async def test_a_device_that_is_not_there_is_not_touched() -> None:
    relay = switch(free_port())
    with pytest.raises(Unavailable, match="cannot be reached"):
        await relay.turn(on=True)
    assert relay.effect is Effect.NONE
    with pytest.raises(Unavailable):
        await relay.knock()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", "closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not Modbus TCP"),
        (bytes.fromhex("0001 0000 0006 01 05 0000 0000"), "unexpected response"),
        (bytes.fromhex("0001 0000 0003 01 85 05"), "does not confirm that"),
        (bytes.fromhex("0001 0000 0003 01 85 0b"), "does not confirm that"),
    ],
)
async def test_what_answers_badly_may_have_switched(answer: bytes, told: str) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(12)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        relay = switch(server.sockets[0].getsockname()[1])
        with pytest.raises(Unavailable, match=told):
            await relay.turn(on=True)
        assert relay.effect is Effect.UNKNOWN


class Device:
    """A relay with a URL, that answers as it is told to."""

    def __init__(self) -> None:
        self.status = 200
        self.answer = '{ "success" : true }'
        self.asked: list[tuple[str, str, str]] = []
        self.url = ""

    async def respond(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.raw_path, await request.text()))
        return web.Response(status=self.status, text=self.answer)


@contextlib.asynccontextmanager
async def http_device() -> AsyncIterator[Device]:
    device = Device()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", device.respond)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    device.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield device
    finally:
        await runner.cleanup()


def made(url: str, **more: Any) -> Switch:
    raw = {"type": "relay", "name": "gate", "relay": {"type": "http", "url": url, **more}}
    return msgspec.convert(raw, RelaySettings).relay.switch("gate")


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/rpc/Switch.Set?id=0&on=true&toggle_after=1", None),
        ("/relay/0?turn=on&timer=1", None),
        ("/api/switch/ctrl?switch=1&action=trigger", None),
        ("/axis-cgi/io/port.cgi?action=1:/500\\", "/axis-cgi/io/port.cgi?action=1:/500%5C"),
    ],
)
async def test_devices_that_time_themselves_get_one_request(path: str, seen: str | None) -> None:
    async with http_device() as device:
        relay = made(device.url + path)
        await relay.turn(on=True)
        await relay.close()
    assert relay.pulse_seconds == 0
    assert device.asked == [("GET", seen or path, "")]


async def test_on_and_off_may_be_two_requests_with_bodies() -> None:
    async with http_device() as device:
        relay = made(
            device.url + "/relay",
            off_url=device.url + "/relay",
            method="POST",
            body='{"on":true}',
            off_body='{"on":false}',
        )
        await relay.turn(on=True)
        await relay.turn(on=False)
        await relay.close()
    assert relay.pulse_seconds == 1
    assert [body for _, _, body in device.asked] == ['{"on":true}', '{"on":false}']


async def test_an_answer_that_does_not_say_yes_is_a_failure_whatever_its_status() -> None:
    async with http_device() as device:
        relay = made(device.url, answer_contains='"success":true')
        await relay.turn(on=True)
        device.answer = '{ "success" : false }'
        with pytest.raises(Unavailable, match="without"):
            await relay.turn(on=True)
        assert str(relay.effect) == "unknown"
        device.status = 401
        with pytest.raises(Refused, match=r"answered 401 .*check `relay.url` and `relay.auth`"):
            await relay.turn(on=True)
        assert str(relay.effect) == "none"
        device.status = 500
        with pytest.raises(Unavailable, match=r"answered 500 .*may have switched"):
            await relay.turn(on=True)
        assert str(relay.effect) == "unknown"
        await relay.close()
    with pytest.raises(Unavailable):
        await relay.turn(on=True)
    assert str(relay.effect) == "none"
    await relay.close()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"url": "relay"}, "write it like"),
        ({"url": "http://u:p@relay/"}, "move them to `relay.auth`"),
        ({"url": "http://a/on", "off_url": "http://b/off"}, "has another host"),
    ],
)
def test_settings_that_cannot_be_used(settings: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        made(**settings)


def test_a_content_type_that_would_break_the_request() -> None:
    with pytest.raises(msgspec.ValidationError, match="content_type"):
        made(url="http://a/on", content_type="text/plain\r\nX: 1")
