"""One check for every output that listens, in every way in which its clients may come in."""

import asyncio
import socket
import ssl
import sys
from collections.abc import Iterator

import pytest
import uvloop
from msgspec import structs

from platewire.errors import NoClient, Unavailable
from platewire.model import Entry
from platewire.outputs.builtin import BUILTIN
from platewire.outputs.tcp.listener import PATIENCE_SECONDS
from platewire.outputs.tcp.settings import TcpSettings
from platewire.outputs.tcp.transport import unconfirmed_bytes
from platewire.runtime.clock import SystemClock
from platewire.wire import native
from tests.outputs.tcp.tcp_dialects import ACCESSES, DIALECTS, Access, Dialect, served
from tests.outputs.tcp.tcp_harness import SECONDS, narrow, until
from tests.support.certificates import Authority

PLAIN = ACCESSES["plain"]


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    found: Dialect = request.param
    return found


@pytest.fixture(params=ACCESSES.values(), ids=list(ACCESSES))
def access(request: pytest.FixtureRequest) -> Access:
    found: Access = request.param
    return found


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def both_loops(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner


def test_every_listener_is_tested() -> None:
    listening = {each for each in BUILTIN if issubclass(each, TcpSettings)}
    assert {dialect.settings for dialect in DIALECTS} == listening


def test_many_events_reach_several_clients(
    dialect: Dialect, access: Access, authority: Authority, both_loops: asyncio.Runner
) -> None:
    async def several() -> None:
        async with (
            served(dialect, access, authority) as made,
            made.client() as one,
            made.client() as two,
            made.client() as three,
        ):
            told = await made.happens(passages=30)
            for client in (one, two, three):
                assert await client.events(len(told)) == told
            assert made.world.counter("clients_dropped") == 0

    both_loops.run(several())


async def test_a_client_that_comes_back_gets_what_happens_from_then_on(
    dialect: Dialect, access: Access, authority: Authority
) -> None:
    async with served(dialect, access, authority) as made:
        for _ in range(3):
            async with made.client() as client:
                told = await made.happens(passages=2)
                assert await client.events(len(told)) == told
            await until(lambda: made.world.counter("clients") == 0)
            await made.happens()


async def test_stalled_client_does_not_delay_others(
    dialect: Dialect, access: Access, authority: Authority
) -> None:
    async with (
        served(dialect, access, authority, clock=SystemClock()) as made,
        made.client() as sleeper,
    ):
        sleeper.reader._transport.pause_reading()  # type: ignore[attr-defined]
        for client in made.listener.clients:
            narrow(client)
        async with made.client() as healthy:
            for _ in range(20):
                entries = await made.world.heavy(30)
                await made.server.send(entries)
                told = list(map(dialect.expected, entries))
                assert await healthy.events(len(told)) == told


@pytest.mark.parametrize(
    "access", [each for each in ACCESSES.values() if each.wrong is not None], indirect=True
)
async def test_client_without_valid_credentials_is_refused(
    dialect: Dialect, access: Access, authority: Authority
) -> None:
    assert access.wrong is not None
    async with served(dialect, access, authority) as made:
        reader, writer = await asyncio.open_connection(
            *made.server.address, ssl=access.wrong(authority)
        )
        writer.write(dialect.first or b"hello")
        await made.happens()
        with pytest.raises((ssl.SSLError, OSError, asyncio.IncompleteReadError)):
            await reader.readexactly(100)
        assert made.subscribed == 0
        writer.transport.abort()


async def test_client_not_in_allow_is_refused(dialect: Dialect, authority: Authority) -> None:
    async with served(dialect, PLAIN, authority, allow=("10.0.0.0/8",)) as made:
        reader, writer = await asyncio.open_connection(*made.server.address)
        writer.write(dialect.first)
        assert await reader.read() == b""
        assert made.world.counter("clients_refused_address") == 1
        writer.close()


# --- clients that end their own side --------------------------------------------------------------


def test_half_closed_client_continues_to_receive_events(
    dialect: Dialect, authority: Authority, both_loops: asyncio.Runner
) -> None:
    async def ended() -> None:
        async with (
            served(dialect, PLAIN, authority, clock=SystemClock()) as made,
            made.client() as client,
        ):
            client.writer.write_eof()
            await until(lambda: any(each.half_closed for each in made.listener.clients))
            for _ in range(3):
                told = await made.happens(passages=5)
                assert await client.events(len(told)) == told

    both_loops.run(ended())


def test_closed_client_is_dropped_with_the_next_event(
    dialect: Dialect, authority: Authority, both_loops: asyncio.Runner
) -> None:
    """Its end looks the same at first; its system answers what is sent to nobody with a reset."""

    async def closed() -> None:
        async with (
            served(dialect, PLAIN, authority, clock=SystemClock()) as made,
            made.client() as healthy,
        ):
            async with made.client() as client:
                client.writer.close()
                await client.writer.wait_closed()
                await until(lambda: any(each.half_closed for each in made.listener.clients))
            told = await made.happens()
            await until(lambda: made.world.counter("clients") == 1)
            assert await healthy.events(len(told)) == told

    both_loops.run(closed())


async def test_half_closing_over_tls_closes_the_connection(
    dialect: Dialect, authority: Authority
) -> None:
    async with (
        served(dialect, ACCESSES["tls"], authority) as made,
        made.client() as client,
    ):
        raw: socket.socket = client.writer.get_extra_info("socket")
        raw.shutdown(socket.SHUT_WR)
        await client.end()
        await until(lambda: made.world.counter("clients") == 0)


async def test_half_closed_client_makes_room_for_new_ones(
    dialect: Dialect, authority: Authority
) -> None:
    """Nobody can tell whether it is still there, so it may not keep others out."""
    async with (
        served(dialect, PLAIN, authority, max_clients=2, max_clients_per_address=2) as made,
        made.client() as ended,
        made.client() as healthy,
    ):
        ended.writer.write_eof()
        await until(lambda: any(each.half_closed for each in made.listener.clients))
        async with made.client() as newcomer:
            await ended.end()
            await until(lambda: made.world.counter("clients") == 2)
            told = await made.happens()
            assert await newcomer.events(3) == await healthy.events(3) == told
        assert made.world.counter("clients_dropped_half_closed") == 1


@pytest.mark.parametrize("dialect", [each for each in DIALECTS if each.first], indirect=True)
async def test_half_closing_before_subscribing_disconnects(
    dialect: Dialect, authority: Authority
) -> None:
    async with served(dialect, PLAIN, authority) as made:
        reader, writer = await asyncio.open_connection(*made.server.address)
        writer.write_eof()
        assert await reader.read() == b""
        await until(lambda: made.world.counter("clients") == 0)
        writer.close()


@pytest.mark.parametrize(
    "dialect",
    [each for each in DIALECTS if "wait_for_client" in each.settings.__struct_fields__],
    indirect=True,
)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a peer has confirmed")
async def test_waiting_event_is_not_sent_to_a_closed_client(
    dialect: Dialect, authority: Authority
) -> None:
    async with served(dialect, PLAIN, authority, clock=SystemClock(), wait_for_client=True) as made:
        async with made.client() as client:
            client.writer.close()
            await client.writer.wait_closed()
            await until(lambda: any(each.half_closed for each in made.listener.clients))
        entries = await made.world.passage()
        with pytest.raises(Unavailable):
            await made.server.send(entries)
        assert made.world.counter("events_to_nobody") == 0
        async with made.client() as next_one:
            await made.server.send(entries)
            assert await next_one.events(3) == list(map(dialect.expected, entries))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a peer has confirmed")
async def test_half_closed_client_without_acknowledgement_is_waited_for_once(
    authority: Authority,
) -> None:
    (dialect,) = (each for each in DIALECTS if each.name == "numberok_tcp")
    async with served(dialect, PLAIN, authority) as made, made.client() as silent:
        connection = silent.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        silent.reader._transport.pause_reading()  # type: ignore[attr-defined]
        silent.writer.write_eof()
        await until(lambda: any(each.half_closed for each in made.listener.clients))
        sending = asyncio.create_task(made.server.send(await made.world.heavy(30)))
        (client,) = made.listener.clients
        await until(lambda: not client.settled)
        await made.world.clock.advance(PATIENCE_SECONDS)
        await sending
        async with asyncio.timeout(SECONDS):
            await made.server.send(await made.world.heavy(3))  # while no time passes
        assert unconfirmed_bytes(client.transport) > 0


async def test_a_test_event_without_a_client_is_not_delivered(
    dialect: Dialect, authority: Authority
) -> None:
    async with served(dialect, PLAIN, authority) as made:
        first, *_ = await made.world.passage()
        event = structs.replace(first.event, test=True, seq=0)
        with pytest.raises(NoClient, match="no client connected"):
            await made.server.send([Entry(event, native.encode(event), first.arrived)])
