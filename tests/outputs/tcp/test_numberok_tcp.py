"""NumberOk's TCP server over real sockets: subscription, slow clients, pictures, waiting."""

import asyncio
import hashlib
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
import uvloop
from msgspec import structs

from platewire.delivery import Delivery
from platewire.errors import Rejected, Unavailable
from platewire.model import Entry, Image, Images, Kind, Picture
from platewire.outputs.numberok_settings import attempt_at
from platewire.outputs.tcp import numberok_tcp as tcp_numberok
from platewire.outputs.tcp.listener import GRACE_SECONDS, PATIENCE_SECONDS
from platewire.outputs.tcp.numberok_tcp import (
    QUEUE_EVENTS_MAX,
    SUBSCRIBE_SECONDS,
    NumberOkClient,
    NumberOkTcpOutput,
    NumberOkTcpSettings,
    fit_jpeg,
)
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import State
from platewire.testing.check_output import Arrival, check_output
from platewire.testing.sample_events import passage_events
from platewire.wire.numberok import tcp as wire
from tests.outputs.tcp.tcp_harness import (
    SITE,
    Receiver,
    Wire,
    World,
    dialled,
    narrow,
    only,
    running,
    sleeper,
    until,
)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def server(world: World) -> AsyncIterator[NumberOkTcpOutput]:
    built = build(world)
    async with running(built):
        yield built


def settings(**chosen: Any) -> NumberOkTcpSettings:
    given = {"name": "out", "listen": "127.0.0.1:0", "wait_for_client": True, **chosen}
    return NumberOkTcpSettings(**given)


def build(world: World, **chosen: Any) -> NumberOkTcpOutput:
    return settings(**chosen).build(world.context)


async def subscribed(server: NumberOkTcpOutput, count: int = 1) -> None:
    await until(lambda: sum(one.subscribed for one in server.listener.clients) == count)


async def seqs(client: Wire, count: int) -> list[int]:
    return [int((await client.packet()).pairs["Seq"]) for _ in range(count)]


async def test_shared_check() -> None:
    kinds = {"Detected": Kind.NEW, "Updated": Kind.UPDATED, "Lost": Kind.LOST}

    async def read(client: Wire) -> Arrival:
        pairs = (await client.packet()).pairs
        return Arrival(int(pairs["RuntimeID"]), kinds[pairs["State"]])

    receiver = Receiver(settings(), wire.SUBSCRIPTION, read)
    await check_output(receiver.make, receiver, name="out", listens=True)


# --- the protocol ------------------------------------------------------------------------------


async def test_events_are_the_packets_of_the_wire(world: World, server: NumberOkTcpOutput) -> None:
    entries = await world.passage()
    async with dialled(server, wire.SUBSCRIPTION) as client:
        await subscribed(server)
        await server.send(entries)
        texts = [
            wire.event_text(one.event, SITE, attempt=attempt_at(one, world.clock))
            for one in entries
        ]
        expected = b"".join(map(wire.packet, texts))
        assert await client.reader.readexactly(len(expected)) == expected


async def test_resent_packets_have_redelivery_and_age(
    world: World, server: NumberOkTcpOutput
) -> None:
    entries = await world.passage()  # lost just now, last seen five seconds before
    replayed = structs.replace(entries[0].event, replayed=True)
    async with dialled(server, wire.SUBSCRIPTION) as client:
        await subscribed(server)
        await world.clock.advance(2)
        await server.send([entries[0]._replace(event=replayed), entries[2]._replace(again=True)])
        first, last = [(await client.packet()).pairs for _ in range(2)]
    new, lost = entries[0].event, entries[2].event
    assert (first["Replayed"], first.get("Redelivery")) == ("true", None)
    assert (last.get("Replayed"), last["Redelivery"]) == (None, "true")
    now = world.clock.now()
    assert int(first["AgeMs"]) == round((now - new.last_seen_at).total_seconds() * 1000)
    assert int(last["AgeMs"]) == round((now - lost.occurred_at).total_seconds() * 1000)
    assert first["FirstSeenMs"] == last["FirstSeenMs"]


async def test_settings_reach_the_packets(world: World) -> None:
    server = build(world, event_class=False, additions=False, checkpoints={"gate": 5})
    async with running(server), dialled(server, wire.SUBSCRIPTION) as client:
        await subscribed(server)
        await server.send(await world.passage())
        pairs = (await client.packet()).pairs
        assert next(iter(pairs)) == "SystemId"
        assert list(pairs.items())[-1] == ("Checkpoint", "5")


@pytest.mark.parametrize(("named", "number"), [({}, "3"), ({"gate": 5}, "5"), ({"back": 5}, "3")])
async def test_the_checkpoint_is_the_cameras_unless_the_output_names_another(
    world: World, named: dict[str, int], number: str
) -> None:
    context = replace(world.context, site=structs.replace(SITE, checkpoints={"gate": 3}))
    server = settings(checkpoints=named).build(context)
    async with running(server), dialled(server, wire.SUBSCRIPTION) as client:
        await subscribed(server)
        await server.send(await world.passage())
        assert (await client.packet()).pairs["Checkpoint"] == number


async def test_nothing_comes_before_the_subscription(
    world: World, server: NumberOkTcpOutput
) -> None:
    async with dialled(server) as silent, dialled(server, wire.SUBSCRIPTION) as other:
        await subscribed(server)
        await server.send(await world.passage())
        assert await seqs(other, 3) == [1, 2, 3]
        silent.send(wire.SUBSCRIPTION)
        await subscribed(server, 2)
        await server.send(await world.passage())
        assert await seqs(silent, 3) == [4, 5, 6]


async def test_subscription_in_single_bytes_after_unknown_packets(
    world: World, server: NumberOkTcpOutput
) -> None:
    async with dialled(server, struct.pack("<II", 0x77, 4) + b"what") as client:
        for byte in wire.SUBSCRIPTION:
            client.send(bytes([byte]))
            await client.writer.drain()
        await subscribed(server)
        await server.send(await world.passage())
        assert await seqs(client, 3) == [1, 2, 3]


async def test_late_client_is_closed_after_a_second(
    world: World, server: NumberOkTcpOutput
) -> None:
    async with dialled(server) as client:
        await until(lambda: world.clock.sleeping == 1)
        await world.clock.advance(SUBSCRIBE_SECONDS - 0.001)
        assert world.counter("clients") == 1
        await world.clock.advance(0.001)
        assert await client.rest() == b""
    assert world.counter("clients_dropped") == world.counter("clients_dropped_late") == 1


@pytest.mark.parametrize("first", [b"", wire.SUBSCRIPTION])
async def test_noise_is_closed_and_counted(
    world: World, server: NumberOkTcpOutput, first: bytes
) -> None:
    async with dialled(server, first + b"GET / HTTP/1.1\r\n\r\n") as client:
        assert await client.rest() == b""
    assert world.counter("clients_dropped_noise") == 1
    await until(lambda: world.counter("clients") == 0)


async def test_fifth_client_is_closed_at_once_and_the_next_may_come(
    world: World, server: NumberOkTcpOutput
) -> None:
    async with (
        dialled(server, wire.SUBSCRIPTION),
        dialled(server, wire.SUBSCRIPTION),
        dialled(server, wire.SUBSCRIPTION),
    ):
        async with dialled(server, wire.SUBSCRIPTION):
            await subscribed(server, 4)
            async with dialled(server) as fifth:
                assert await fifth.rest() == b""
            assert world.counter("clients") == 4
            assert world.counter("clients_refused_full") == 1
        await until(lambda: world.counter("clients") == 3)
        async with dialled(server, wire.SUBSCRIPTION):
            await subscribed(server, 4)


# --- nobody there ------------------------------------------------------------------------------


async def test_nobody_there_is_unavailable_and_connect_waits_for_somebody(
    world: World, server: NumberOkTcpOutput
) -> None:
    entries = await world.passage()
    with pytest.raises(Unavailable, match=r"no client connected to 127\.0\.0\.1:0; start"):
        await server.send(entries)
    connecting = asyncio.create_task(server.connect())
    await world.clock.settle()
    assert not connecting.done()
    assert world.board.line("output", "out").state is State.WAITING
    async with dialled(server, wire.SUBSCRIPTION) as client:
        await connecting
        await server.send(entries)
        assert await seqs(client, 3) == [1, 2, 3]


async def test_unless_it_is_so_set_a_client_gets_nothing_of_before_its_subscription(
    world: World,
) -> None:
    """A gate controller takes what it gets for arrivals."""
    assert NumberOkTcpSettings(name="out").wait_for_client is False
    server = build(world, wait_for_client=False)
    async with running(server), dialled(server, wire.SUBSCRIPTION) as first:
        await subscribed(server)
        past = await world.passage()
        async with dialled(server, wire.SUBSCRIPTION) as second:
            await subscribed(server, 2)
            await server.send(past)  # It was on its way when the second one subscribed.
            await server.send(await world.passage())
            replayed = structs.replace(past[0].event, replayed=True)
            await server.send([Entry(replayed, b"")])  # A person asked for it.
            assert await seqs(second, 4) == [4, 5, 6, 1]
        assert await seqs(first, 7) == [1, 2, 3, 4, 5, 6, 1]
    assert "events_to_nobody" not in world.board.line("output", "out").counters


async def test_unless_it_is_so_set_what_happens_while_nobody_is_there_is_sent_to_nobody(
    world: World,
) -> None:
    chosen = settings(start="beginning", wait_for_client=False)
    server = chosen.build(world.context)
    delivery = Delivery(chosen, server, world.log, clock=world.clock, board=world.board)
    running_ = asyncio.create_task(delivery.run())
    try:
        await world.passage()
        await until(lambda: world.counter("delivered") == 3)
        async with dialled(server, wire.SUBSCRIPTION) as client:
            await subscribed(server)
            await world.passage()
            assert await seqs(client, 3) == [4, 5, 6]
        await until(lambda: world.counter("clients") == 0)
        await world.passage()
        await until(lambda: world.counter("delivered") == 9)
    finally:
        running_.cancel()
        await asyncio.gather(running_, return_exceptions=True)
    assert world.counter("events_to_nobody") == 6
    assert world.board.line("output", "out").state is State.RUNNING


async def test_events_wait_in_the_log_for_a_receiver_that_comes_back(world: World) -> None:
    chosen = settings(start="beginning")
    server = chosen.build(world.context)
    delivery = Delivery(chosen, server, world.log, clock=world.clock, board=world.board)
    running_ = asyncio.create_task(delivery.run())
    try:
        await until(
            lambda: world.counter("delivered") == 0 and server.listener._acceptor is not None
        )
        for passage in range(3):
            await world.passage()
            await until(lambda: world.board.line("output", "out").state is State.WAITING)
            await world.clock.advance(1.0)
            async with dialled(server, wire.SUBSCRIPTION) as client:
                first = passage * 3 + 1
                assert await seqs(client, 3) == [first, first + 1, first + 2]
            await until(lambda: world.counter("clients") == 0)
    finally:
        running_.cancel()
        await asyncio.gather(running_, return_exceptions=True)
    assert world.counter("expired") == 0


async def test_only_client_that_leaves_amid_sending_leaves_the_events(
    world: World, server: NumberOkTcpOutput
) -> None:
    with sleeper(server, wire.SUBSCRIPTION):
        await subscribed(server)
        narrow(only(server.listener))
        sending = asyncio.create_task(server.send(await world.heavy(300)))
        await until(lambda: not server_client(server).taken.is_set())
    with pytest.raises(Unavailable, match="no client connected"):
        await sending
    assert world.counter("events_dropped") > 0


async def test_client_that_subscribes_while_the_only_other_leaves_gets_its_events(
    world: World, server: NumberOkTcpOutput
) -> None:
    entries, stack = await world.heavy(300), AsyncExitStack()
    with sleeper(server, wire.SUBSCRIPTION):
        await subscribed(server)
        narrow(only(server.listener))
        sending = asyncio.create_task(server.send(entries))
        await until(lambda: not server_client(server).taken.is_set())
        client = await stack.enter_async_context(dialled(server, wire.SUBSCRIPTION))
        await subscribed(server, 2)
    async with stack:
        with pytest.raises(Unavailable):
            await sending
        await server.connect()
        await server.send(entries)
        assert await seqs(client, 300) == list(range(1, 301))


# --- slow clients ------------------------------------------------------------------------------


def server_client(server: NumberOkTcpOutput) -> NumberOkClient:
    client = only(server.listener)
    assert isinstance(client, NumberOkClient)
    return client


async def send_past_patience(
    world: World, server: NumberOkTcpOutput, entries: Sequence[Entry]
) -> None:
    sending = asyncio.create_task(server.send(entries))
    await until(lambda: world.clock.sleeping > 0)
    await world.clock.advance(PATIENCE_SECONDS)
    await sending


async def overfill(world: World, server: NumberOkTcpOutput) -> NumberOkClient:
    """One client that does not read, until more waits for it than may."""
    await subscribed(server)
    client = server_client(server)
    narrow(client)
    await until(lambda: world.clock.sleeping == 1)
    await world.clock.advance(SUBSCRIBE_SECONDS)
    await send_past_patience(world, server, await world.heavy(300))
    assert client.slow
    for _ in range(400):
        await server.send(await world.passage())  # holds nobody up any more
    return client


async def test_slow_client_loses_the_oldest_and_holds_nobody_up(
    world: World, server: NumberOkTcpOutput
) -> None:
    with sleeper(server, wire.SUBSCRIPTION) as connection:
        client = await overfill(world, server)
        last = world.log.last_seq
        assert len(client._queue) == QUEUE_EVENTS_MAX
        dropped = int(world.counter("events_dropped"))
        assert dropped > 0
        async with dialled(server, wire.SUBSCRIPTION) as quick:
            await subscribed(server, 2)
            await server.send(await world.passage())
            assert await seqs(quick, 3) == [last + 1, last + 2, last + 3]
        async with dialled(server, connection=connection) as awake:
            seen = await until_seq(awake, last + 3)
            dropped = int(world.counter("events_dropped"))
            assert len(seen) + dropped == last + 3
            assert seen == sorted(set(seen))
            assert seen[-QUEUE_EVENTS_MAX:] == list(range(last + 4 - QUEUE_EVENTS_MAX, last + 4))
            await until(lambda: not client.slow)
            await server.send(await world.passage())
            assert await seqs(awake, 3) == [last + 4, last + 5, last + 6]


async def until_seq(client: Wire, last: int) -> list[int]:
    found = [0]
    while found[-1] != last:
        found += await seqs(client, 1)
    return found[1:]


async def test_slow_client_is_disconnected_where_so_set(world: World) -> None:
    server = build(world, slow_client="disconnect", wait_for_client=False)
    async with running(server):
        with sleeper(server, wire.SUBSCRIPTION):
            await overfill(world, server)
            await until(lambda: world.clock.sleeping == 1)
            await world.clock.advance(GRACE_SECONDS)
            await until(lambda: world.counter("clients") == 0)
        assert world.counter("clients_dropped_slow") == 1


async def test_bytes_that_wait_are_bounded_too(
    world: World, server: NumberOkTcpOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp_numberok, "QUEUE_BYTES_MAX", 200_000)
    with sleeper(server, wire.SUBSCRIPTION):
        client = await overfill(world, server)
        await server.send(await world.heavy(60))
        assert client._queued_bytes == sum(map(len, client._queue)) <= 200_000


async def test_closing_gives_a_slow_client_its_grace_and_no_more(world: World) -> None:
    server = build(world)
    await server.connect()
    with sleeper(server, wire.SUBSCRIPTION):
        await overfill(world, server)
        closing = asyncio.create_task(server.close())
        await until(lambda: world.clock.sleeping == 1)
        await world.clock.advance(GRACE_SECONDS)
        await closing
    assert world.counter("clients") == 0


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_on_either_event_loop(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def whole_way() -> None:
        world = World(SystemClock())
        server = build(world)
        async with running(server):
            async with dialled(server, wire.SUBSCRIPTION) as one:
                async with dialled(server, wire.SUBSCRIPTION) as two:
                    await subscribed(server, 2)
                    await server.send(await world.heavy(300))
                    assert await seqs(one, 300) == await seqs(two, 300) == list(range(1, 301))
                await until(lambda: world.counter("clients") == 1)
                await server.send(await world.passage())
                assert await seqs(one, 3) == [301, 302, 303]
            await until(lambda: world.counter("clients") == 0)
            with pytest.raises(Unavailable):
                await server.send(await world.passage())

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(whole_way())


# --- pictures ----------------------------------------------------------------------------------


def jpeg(width: int, height: int, *, quality: int = 95) -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def picture(data: bytes) -> Picture:
    digest = hashlib.sha256(data).hexdigest()
    image = Image(url="/images/1", sha256=digest, width=1, height=1, bytes=len(data))
    return Picture("plate", image, data)


async def with_picture(world: World, data: bytes | None) -> Entry:
    kept = picture(data or b"gone")
    event = passage_events(1, images=Images(plate=kept.image))[0]
    (entry,) = await world.log.append("gate", [event], [kept] if data else [])
    return entry


async def received(world: World, entry: Entry, **chosen: Any) -> wire.Received:
    server = build(world, **chosen)
    async with running(server), dialled(server, wire.SUBSCRIPTION) as client:
        await subscribed(server)
        await server.send([entry])
        return await client.packet()


async def test_picture_goes_along_as_it_is_stored(world: World) -> None:
    small = jpeg(64, 32)
    assert (await received(world, await with_picture(world, small))).picture == small


async def test_picture_none(world: World) -> None:
    entry = await with_picture(world, jpeg(64, 32))
    assert (await received(world, entry, picture="none")).picture == b""
    assert world.counter("pictures_left_out") == 0


async def test_picture_is_compressed_again_where_so_set(world: World) -> None:
    large = jpeg(320, 200)
    found = await received(world, await with_picture(world, large), picture_quality=20)
    assert size_of(found.picture) == (320, 200)
    assert len(found.picture) < len(large) / 2


async def test_picture_too_large_for_a_packet_is_scaled_until_it_fits(world: World) -> None:
    huge = jpeg(1600, 1200)
    assert len(huge) > wire.BODY_BYTES_MAX
    found = (await received(world, await with_picture(world, huge))).picture
    width, height = size_of(found)
    assert 200_000 < len(found) < wire.BODY_BYTES_MAX
    assert 1 < width / height < 1.5


@pytest.mark.parametrize("data", [None, b"no JPEG at all" * 80_000])
async def test_picture_that_is_gone_or_broken_is_left_out_and_counted(
    world: World, data: bytes | None
) -> None:
    found = await received(world, await with_picture(world, data))
    assert found.picture == b""
    assert found.pairs["State"] == "Detected"
    assert world.counter("pictures_left_out") == 1


def test_no_room_at_all_for_a_picture() -> None:
    assert fit_jpeg(jpeg(64, 32), 0, None) == b""
    assert fit_jpeg(jpeg(64, 32), -5, 50) == b""


def size_of(data: bytes) -> tuple[int, int]:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    height, width = pixels.shape[:2]
    return width, height


async def test_event_larger_than_a_packet_is_rejected(
    world: World, server: NumberOkTcpOutput
) -> None:
    (event, *_) = passage_events(1)
    event = structs.replace(event, plate=structs.replace(event.plate, raw="X" * (1 << 20)))
    entries = await world.log.append("gate", [event])
    async with dialled(server, wire.SUBSCRIPTION):
        await subscribed(server)
        with pytest.raises(Rejected, match=f'output "out": event {event.id}: .* bytes'):
            await server.send(entries)
