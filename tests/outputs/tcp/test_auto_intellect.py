"""The Auto-Intellect server against clients that read its stream."""

import asyncio
import base64
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import msgspec
import pytest

from platewire.app.control import RunningOutput
from platewire.config.load import parse
from platewire.delivery import Delivery
from platewire.errors import ConfigError, Rejected, Unavailable
from platewire.model import Images, Kind
from platewire.outputs.output import OutputContext
from platewire.outputs.tcp.auto_intellect import AutoIntellectOutput, AutoIntellectSettings
from platewire.outputs.tcp.settings import TcpSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import State
from platewire.testing.check_output import Arrival, Conduct, check_output
from platewire.testing.check_output import Counterpart as CounterpartOfOutput
from platewire.testing.sample_events import passage_events, picture
from tests.outputs.tcp.tcp_harness import World, narrow, only, until

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "outputs" / "auto_intellect.md").read_text("utf-8")
PICTURES = [picture("plate"), picture("vehicle", mark=1)]
IMAGES = Images(plate=PICTURES[0].image, vehicle=PICTURES[1].image)


def settings(**more: object) -> AutoIntellectSettings:
    raw = {
        "type": "auto_intellect",
        "name": "out",
        "listen": "127.0.0.1:0",
        "wait_for_client": True,
        **more,
    }
    return msgspec.convert(raw, AutoIntellectSettings)


@contextlib.asynccontextmanager
async def serving(world: World, **more: object) -> AsyncIterator[AutoIntellectOutput]:
    server = settings(**more).build(world.context)
    await server.connect()
    try:
        yield server
    finally:
        for client in list(server.listener.clients):
            client.transport.abort()
        await server.close()


@contextlib.asynccontextmanager
async def connected(server: AutoIntellectOutput) -> AsyncIterator[asyncio.StreamReader]:
    async with dialed(server) as (reader, _):
        yield reader


@contextlib.asynccontextmanager
async def dialed(
    server: AutoIntellectOutput,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    before = set(server.listener.clients)
    reader, writer = await asyncio.open_connection(*server.address, limit=1 << 22)
    await until(lambda: bool(set(server.listener.clients) - before))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def element(reader: asyncio.StreamReader) -> ElementTree.Element:
    async with asyncio.timeout(20):
        return ElementTree.fromstring(await reader.readuntil(b"</CAR_PLATE>"))


class Counterpart(CounterpartOfOutput):
    pictures = True
    can = frozenset({Conduct.NONSENSE, Conduct.DIE, Conduct.STALL})

    def __init__(self) -> None:
        self._stack = contextlib.AsyncExitStack()
        self._arrivals: list[Arrival] = []

    def make(self, context: OutputContext) -> AutoIntellectOutput:
        self._server = settings(picture="vehicle").build(context)
        return self._server

    async def start(self) -> None:
        dialing = dialed(self._server)
        self._reader, self._writer = await self._stack.enter_async_context(dialing)

    async def stop(self) -> None:
        await self._stack.aclose()

    async def arrived(self, count: int) -> Sequence[Arrival]:
        while len(self._arrivals) < count:
            told = await element(self._reader)
            number, kind = int(told.attrib["passage"]), Kind(told.attrib["kind"])
            self._arrivals.append(Arrival(number, kind, _picture(told)))
        return self._arrivals

    async def behave(self, conduct: Conduct) -> None:
        if conduct is Conduct.NONSENSE:
            self._writer.write(b"\xff\xfenobody says so\r\n\r\n")
        elif conduct is Conduct.DIE:
            self._writer.transport.abort()


def _picture(told: ElementTree.Element) -> bytes | None:
    return base64.b64decode(told.attrib["plateImage"]) or None


async def test_passes_the_check_of_all_outputs() -> None:
    counterpart = Counterpart()
    await check_output(counterpart.make, counterpart, name="out", listens=True)


async def test_every_client_gets_the_element_with_its_pictures() -> None:
    world = World()
    entries = await world.log.append("gate", passage_events(images=IMAGES), PICTURES)
    async with (
        serving(world, picture="vehicle") as server,
        connected(server) as one,
        connected(server) as other,
    ):
        await server.send(entries[:1])
        for reader in (one, other):
            told = await element(reader)
            assert told.attrib["cam-id"] == "1"
            assert base64.b64decode(told.attrib["plateImage"]) == PICTURES[0].jpeg
            assert base64.b64decode(told.text or "") == PICTURES[1].jpeg


@pytest.mark.parametrize(("choice", "plate"), [("none", b""), ("plate", PICTURES[0].jpeg)])
async def test_no_other_picture_than_asked_for(choice: str, plate: bytes) -> None:
    world = World()
    entries = await world.log.append("gate", passage_events(images=IMAGES), PICTURES)
    async with serving(world, picture=choice) as server, connected(server) as reader:
        await server.send(entries[:1])
        told = await element(reader)
    assert base64.b64decode(told.attrib["plateImage"]) == plate
    assert not told.text


async def test_the_lines() -> None:
    world = World()
    entries = await world.log.append("back", passage_events(camera="back"))
    async with (
        serving(world, form="stx", time_zone="Europe/Berlin") as server,
        connected(server) as reader,
    ):
        await server.send(entries)
        got = await reader.readexactly(3 * 24)
    lines = re.findall(rb"\x02([^\x02\x03]*)\x03", got)
    assert lines[0] == b"2026010204040602BU9042"
    assert len(lines) == 3


async def test_a_camera_may_have_its_own_number_but_not_every() -> None:
    world = World()
    entries = await world.log.append("gate", passage_events())
    ids = {"gate": 117}
    async with serving(world, camera_ids=ids) as server, connected(server) as reader:
        await server.send(entries[:1])
        assert (await element(reader)).attrib["cam-id"] == "117"
    async with serving(world, camera_ids=ids, form="stx") as server, connected(server):
        with pytest.raises(Rejected, match=r'"out": camera "gate": .*117.*`camera_ids`'):
            await server.send(entries[:1])


async def test_events_wait_until_somebody_connects() -> None:
    world = World(clock=SystemClock())
    entries = await world.passage()
    async with serving(world) as server:
        with pytest.raises(
            Unavailable, match=r'"out": no client connected to .*start the receiver'
        ):
            await server.send(entries[:1])
        waiting = asyncio.create_task(server.connect())
        await until(lambda: world.board.line("output", "out").state is State.WAITING)
        async with connected(server) as reader:
            await waiting
            await server.send(entries[:1])
            assert (await element(reader)).attrib["kind"] == "new"


async def test_a_client_that_takes_nothing_is_let_go() -> None:
    world = World(clock=SystemClock())
    entries = await world.passage(pictures=PICTURES)
    async with serving(world) as server, connected(server) as reader:
        narrow(only(server.listener))
        reader._transport.pause_reading()  # type: ignore[attr-defined]

        async def send_on() -> None:
            for _ in range(100_000):
                await server.send(entries * 10)

        with pytest.raises(Unavailable, match="no client connected"):
            await send_on()
        assert world.counter("clients_dropped_slow") == 1


@pytest.mark.parametrize(
    ("more", "says"),
    [({"time_zone": "Mars/Base"}, "`time_zone` Mars/Base"), ({"listen": ":70000"}, "port 70000")],
)
def test_settings_that_cannot_be_used(more: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=f'output "out".*{says}'):
        settings(**more).build(World().context)


async def test_a_replay_goes_to_those_who_are_connected() -> None:
    world = World()
    entries = await world.log.append("gate", passage_events())
    config = settings()
    way = RunningOutput(config, lambda: config.build(world.context), lambda _: cast(Delivery, None))
    server = cast(AutoIntellectOutput, way.output)
    await server.connect()
    async with connected(server) as reader:
        replay = way.for_replay()
        await replay.connect()
        await replay.send(entries[:1])
        await replay.close()
        assert (await element(reader)).attrib["kind"] == "new"
        await server.send(entries[1:2])
        assert (await element(reader)).attrib["kind"] == "updated"
    await server.close()


async def test_an_address_that_is_taken() -> None:
    world = World()
    async with serving(world) as server:
        host, port = server.address
        other = settings(listen=f"{host}:{port}").build(world.context)
        with pytest.raises(Unavailable, match=r"cannot listen on .*change `listen`"):
            await other.connect()
        await other.close()


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.S))
def test_the_settings_of_the_page_are_accepted(text: str) -> None:
    assert parse(text, Path("platewire.toml")).output


def test_every_setting_is_on_the_page() -> None:
    own = set(AutoIntellectSettings.__struct_fields__) - set(TcpSettings.__struct_fields__)
    assert not sorted(name for name in own if not re.search(rf"\b{name}\b", PAGE))


async def test_unless_it_is_so_set_a_client_gets_nothing_of_before_its_connection() -> None:
    world = World()
    assert AutoIntellectSettings(name="out").wait_for_client is False
    async with serving(world, wait_for_client=False) as server:
        past = await world.passage()
        await server.send(past)  # To nobody.
        async with connected(server) as reader:
            await server.send(past)
            now = await world.passage()
            await server.send(now[:1])
            element = await reader.readuntil(b"</CAR_PLATE>")
    assert f'event-id="{now[0].event.id}"'.encode() in element
    assert world.counter("events_to_nobody") == 3
