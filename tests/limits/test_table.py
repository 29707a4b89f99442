"""The table of limits in docs/security.md: each row says what the code has, and is tried."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec import structs

from platewire.errors import Unavailable
from platewire.limits import acceptor, http_client, http_server, slots
from platewire.outputs.http import connection as http_connection
from platewire.outputs.messages import conversation, email, ftp
from platewire.outputs.mqtt import session as mqtt_session
from platewire.outputs.relay.modbus_switch import ModbusRelay
from platewire.outputs.tcp import auto_intellect
from platewire.outputs.tcp import json_lines as tcp_lines
from platewire.outputs.tcp import numberok_tcp as tcp_numberok
from platewire.outputs.tcp import transport as tcp_transport
from platewire.outputs.tcp.settings import TcpSettings
from platewire.runtime.server_tls import ServerTls
from platewire.web import context, guard, serve
from platewire.web.api import operation, stream
from platewire.wire import json_lines, modbus
from platewire.wire.numberok import tcp as numberok_tcp
from tests.limits import test_hostile_servers as servers
from tests.limits.hostile_servers import hostile
from tests.outputs.messages.mail_server import rude
from tests.outputs.tcp.tcp_harness import World as TcpWorld
from tests.outputs.tcp.tcp_harness import until
from tests.support.certificates import Authority
from tests.web.world import serving

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
Row = tuple[str, ...]
CONNECTIONS = "as connections"


def table() -> dict[tuple[str, str], Row]:
    """By who and phase: bytes, seconds, per address, total, when exceeded."""
    text = PAGE.read_text("utf-8").partition("## Limits")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip() for cell in line) for line in lines]
    return {(row[0], row[1]): row[2:] for row in cells[2:]}


def number(value: float) -> str:
    return f"{value:,g}" if value != int(value) else f"{int(value):,}"


# --- trials ---------------------------------------------------------------------------------------


class Tried:
    """What a trial has at hand."""

    def __init__(self, patch: pytest.MonkeyPatch, authority: Authority) -> None:
        self.patch = patch
        self.tls = ServerTls(certificate=authority.server)


async def said(port: int, first: bytes, more: bytes = b"") -> bytes:
    """The start of what is answered to `first`, and to `more` for as long as that is taken."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    answer = asyncio.create_task(reader.read(4096))
    with contextlib.suppress(OSError):
        for _ in range(20_000 if more else 0):
            writer.write(more)
            await writer.drain()
            await asyncio.sleep(0)
            if answer.done():
                break
    try:
        async with asyncio.timeout(30):
            return await answer
    except OSError:
        return b""
    finally:
        writer.transport.abort()


GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
LOGIN = b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
CHUNKED = LOGIN + b"Transfer-Encoding: chunked\r\n\r\n"
TOKEN = "a-token-of-26-characters-0"
LONG = b"y" * 10_000


async def ask_page(tried: Tried, *asked: bytes, wanted: bytes, tls: bool = False) -> None:
    async with serving(TOKEN, tls=tried.tls if tls else None) as world:
        port = int(world.url.rpartition(":")[2])
        assert (await said(port, *asked)).startswith(wanted)
        async with world.client(connector=aiohttp.TCPConnector(ssl=False)) as client:
            assert (await client.get("/healthz")).status == 200


async def page_connections(tried: Tried) -> None:
    tried.patch.setattr(serve, "CONNECTIONS_MAX", 8)
    async with serving() as world:
        port = int(world.url.rpartition(":")[2])
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
        assert await idle[0][0].read() == b"", "of one address, the first makes room for the fifth"
        async with world.client() as client:
            assert (await client.get("/healthz")).status == 200
        for _, writer in idle:
            writer.transport.abort()


async def page_handshake(tried: Tried) -> None:
    tried.patch.setattr(acceptor, "HANDSHAKE_SECONDS", 0.2)
    await ask_page(tried, b"", wanted=b"", tls=True)


async def page_head(tried: Tried) -> None:
    await ask_page(tried, GET, b"x: " + LONG + b"\r\n", wanted=b"HTTP/1.1 431 ")
    tried.patch.setattr(http_server, "HEAD_SECONDS", 0.1)
    await ask_page(tried, GET, wanted=b"HTTP/1.1 408 ")


async def page_body(tried: Tried) -> None:
    head = LOGIN + b"Content-Length: 65537\r\n\r\n"
    await ask_page(tried, head + b"y" * 65_537, wanted=b"HTTP/1.1 413 ")
    tried.patch.setattr(operation, "BODY_SECONDS", 0.1)
    tried.patch.setattr(http_server, "BODY_SECONDS", 0.3)
    await ask_page(tried, head, wanted=b"HTTP/1.1 408 ")


async def page_trailers(tried: Tried) -> None:
    await ask_page(tried, CHUNKED + b"0\r\n", b"x: " + LONG + b"\r\n", wanted=b"HTTP/1.1 413 ")


async def page_rest(tried: Tried) -> None:
    unknown = CHUNKED.replace(b"/login", b"/odata/")
    await ask_page(tried, unknown, b"2710\r\n" + LONG + b"\r\n", wanted=b"HTTP/1.1 401 ")


async def page_ahead(tried: Tried) -> None:
    await ask_page(tried, (GET + b"\r\n") * 20, wanted=b"HTTP/1.1 400 ")


async def page_answer(tried: Tried) -> None:
    tried.patch.setattr(http_server, "ANSWER_SECONDS", 0.2)
    async with serving() as world:
        port = int(world.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as deaf:
            loop = asyncio.get_running_loop()
            deaf.setblocking(False)
            with contextlib.suppress(OSError, TimeoutError):
                while True:
                    async with asyncio.timeout(10):
                        await loop.sock_sendall(deaf, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")


async def page_idle(tried: Tried) -> None:
    tried.patch.setattr(serve, "KEEP_ALIVE_SECONDS", 1)
    async with serving() as world:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", int(world.url.rpartition(":")[2])
        )
        writer.write(GET + b"\r\n")
        async with asyncio.timeout(30):
            assert (await reader.read()).startswith(b"HTTP/1.1 200 "), "and then it is closed"
        writer.close()


async def page_streams(tried: Tried) -> None:
    async with serving(TOKEN) as world, world.client(headers=BEARER) as client:
        with contextlib.ExitStack() as held:
            for _ in range(context.STREAMS_MAX // 2):
                held.enter_context(world.context.streams.held("web.token"))
            assert (await client.get("/api/v1/stream")).status == 503
        assert (await client.get("/api/v1/stream")).status == 200


async def page_exports(tried: Tried) -> None:
    async with serving(TOKEN) as world, world.client(headers=BEARER) as client:
        with contextlib.ExitStack() as held:
            for _ in range(context.EXPORTS_MAX // 2):
                held.enter_context(world.context.exports.held("web.token"))
            assert (await client.get("/api/v1/exports/events")).status == 503


async def page_tokens(tried: Tried) -> None:
    async with serving(TOKEN) as world, world.client() as client:
        wrong = {"Authorization": "Bearer wrong"}
        found = [(await client.get("/metrics", headers=wrong)).status for _ in range(11)]
        assert found == [401] * 10 + [429]


BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def crowded(settings: TcpSettings) -> None:
    """Four come for three places: one that waits makes room, or the last is turned away."""
    world = TcpWorld()
    server: Any = settings.build(world.context)
    await server.connect()
    try:
        ends = [await asyncio.open_connection(*server.address) for _ in range(4)]
        counters = world.board.line("output", "it").counters
        await until(
            lambda: bool({"clients_dropped_waiting", "clients_refused_full"} & set(counters))
        )
        for _, writer in ends:
            writer.transport.abort()
    finally:
        for client in list(server.listener.clients):
            client.transport.abort()
        await server.close()


async def spoken_to(settings: TcpSettings, first: bytes, counter: str) -> None:
    world = TcpWorld()
    server: Any = settings.build(world.context)
    await server.connect()
    try:
        told = asyncio.create_task(said(server.address[1], first))
        async with asyncio.timeout(20):
            while not world.counter(counter, "it"):
                await world.clock.advance(1.0)
                await asyncio.sleep(0.01)
        told.cancel()
    finally:
        for client in list(server.listener.clients):
            client.transport.abort()
        await server.close()


def lines(**more: object) -> tcp_lines.JsonLinesSettings:
    return tcp_lines.JsonLinesSettings(name="it", listen="127.0.0.1:0", **more)  # type: ignore[arg-type]


def numberok(**more: object) -> tcp_numberok.NumberOkTcpSettings:
    return tcp_numberok.NumberOkTcpSettings(name="it", listen="127.0.0.1:0", **more)  # type: ignore[arg-type]


def intellect(**more: object) -> auto_intellect.AutoIntellectSettings:
    return auto_intellect.AutoIntellectSettings(name="it", listen="127.0.0.1:0", **more)  # type: ignore[arg-type]


async def lines_handshake(tried: Tried) -> None:
    tried.patch.setattr(acceptor, "HANDSHAKE_SECONDS", 0.2)
    server = lines(tls=tried.tls).build(TcpWorld().context)
    await server.connect()
    assert await said(server.address[1], b"") == b""
    await server.close()


async def lines_waiting(tried: Tried) -> None:
    assert (
        lines().build(TcpWorld().context).listener.waiting_bytes * 1000
        <= tcp_lines.BUFFERS_BYTES_MAX
    )
    assert lines(max_clients=10).build(TcpWorld().context).listener.waiting_bytes == 262_144


async def camera(tried: Tried) -> None:
    await servers.test_a_camera_that_answers_without_end("interim answers")


async def modbus_answer(tried: Tried) -> None:
    async with hostile(b"\xff\x00", b"\x00\x01\x00\x00\xff\xff\x01", b"y" * 1000) as port:
        with pytest.raises(Unavailable, match="not Modbus TCP"):
            await ModbusRelay(host="127.0.0.1", port=port).switch("it").turn(on=True)


async def mail_answer(tried: Tried) -> None:
    settings = email.EmailSettings(
        name="it", host="127.0.0.1", encryption="none", sender="a@b", recipients=("c@d",)
    )
    async with rude(lambda _: b"", (b"220-" + b"y" * 1000 + b"\r\n") * 1000) as port:
        sender = structs.replace(settings, port=port).build(TcpWorld().context)
        with pytest.raises(Unavailable, match="more than 16384 bytes"):
            await sender.connect()
        await sender.close()


async def ftp_answer(tried: Tried) -> None:
    settings = ftp.FtpSettings(name="it", host="127.0.0.1", encryption="none")
    async with rude(lambda _: b"", (b"220-" + b"y" * 1000 + b"\r\n") * 1000) as port:
        sender = structs.replace(settings, port=port).build(TcpWorld().context)
        with pytest.raises(Unavailable, match="more than 16384 bytes"):
            await sender.connect()
        await sender.close()


Trial = Callable[[Tried], Awaitable[None]]
COMPLETE: dict[tuple[str, str], tuple[Row, Trial]] = {
    ("web", "connections"): (
        ("", "", f"{serve.CONNECTIONS_MAX // 2}, except trusted proxies", "500", "closed"),
        page_connections,
    ),
    ("web", "TLS handshake"): (
        ("", number(acceptor.HANDSHAKE_SECONDS), CONNECTIONS, CONNECTIONS, "closed"),
        page_handshake,
    ),
    ("web", "head"): (
        (
            number(http_server.HEAD_BYTES_MAX),
            number(http_server.HEAD_SECONDS),
            CONNECTIONS,
            CONNECTIONS,
            "431, 408",
        ),
        page_head,
    ),
    ("web", "body"): (
        (
            number(operation.BODY_BYTES_MAX),
            number(operation.BODY_SECONDS),
            CONNECTIONS,
            CONNECTIONS,
            "413, 408",
        ),
        page_body,
    ),
    ("web", "chunk sizes and trailers"): (
        (
            number(http_server.FRAMING_BYTES_MAX),
            number(http_server.BODY_SECONDS),
            CONNECTIONS,
            CONNECTIONS,
            "413",
        ),
        page_trailers,
    ),
    ("web", "discarded body"): (
        (
            number(http_server.REST_BYTES_MAX),
            number(http_server.BODY_SECONDS),
            CONNECTIONS,
            CONNECTIONS,
            "closed",
        ),
        page_rest,
    ),
    ("web", "pipelined requests"): (
        (f"{http_server.PIPELINE_MAX} requests", "", CONNECTIONS, CONNECTIONS, "400"),
        page_ahead,
    ),
    ("web", "response"): (
        (
            "",
            f"{http_server.ANSWER_SECONDS:g} without reading",
            CONNECTIONS,
            CONNECTIONS,
            "closed",
        ),
        page_answer,
    ),
    ("web", "idle"): (
        ("", number(http_server.KEEP_ALIVE_SECONDS), CONNECTIONS, CONNECTIONS, "closed"),
        page_idle,
    ),
    ("web", "live streams"): (
        (
            "",
            f"{stream.SEND_SECONDS:g} without reading",
            f"{context.STREAMS_MAX // 2} per token",
            number(context.STREAMS_MAX),
            "503",
        ),
        page_streams,
    ),
    ("web", "exports"): (
        (
            "",
            f"{http_server.ANSWER_SECONDS:g} without reading",
            f"{context.EXPORTS_MAX // 2} per token",
            number(context.EXPORTS_MAX),
            "503",
        ),
        page_exports,
    ),
    ("web", "wrong tokens"): (
        (
            "",
            number(guard.FAILURES_SECONDS),
            number(guard.FAILURES_MAX),
            f"{number(guard.ADDRESSES_MAX)} addresses",
            "429",
        ),
        page_tokens,
    ),
    ("json_lines", "connections"): (
        ("", "", "half, at least 16", "`max_clients` (1,000)", "closed"),
        lambda _: crowded(lines(max_clients=3)),
    ),
    ("json_lines", "TLS handshake"): (
        ("", number(acceptor.HANDSHAKE_SECONDS), CONNECTIONS, CONNECTIONS, "closed"),
        lines_handshake,
    ),
    ("json_lines", "request"): (
        (
            number(json_lines.REQUEST_BYTES_MAX),
            f"{tcp_lines.REQUEST_SECONDS:g}, with a token {tcp_lines.TOKEN_SECONDS:g}",
            CONNECTIONS,
            CONNECTIONS,
            "closed",
        ),
        lambda _: spoken_to(lines(), b"y" * 5000, "clients_dropped_noise"),
    ),
    ("json_lines", "buffered events"): (
        (
            f"{number(tcp_lines.BUFFER_BYTES_HIGH)} and a page of {tcp_lines.PAGE} events, less "
            "with many clients",
            f"{tcp_transport.STALL_SECONDS:g} without reading",
            CONNECTIONS,
            number(tcp_lines.BUFFERS_BYTES_MAX),
            "closed",
        ),
        lines_waiting,
    ),
    ("numberok_tcp", "connections"): (
        ("", "", "half, at least 16", "`max_clients` (4)", "closed"),
        lambda _: crowded(numberok(max_clients=3)),
    ),
    ("numberok_tcp", "subscription"): (
        (
            number(numberok_tcp.BODY_BYTES_MAX),
            number(tcp_numberok.SUBSCRIBE_SECONDS),
            CONNECTIONS,
            CONNECTIONS,
            "closed",
        ),
        lambda _: spoken_to(numberok(), b"", "clients_dropped_late"),
    ),
    ("auto_intellect", "connections"): (
        ("", "", "half, at least 16", "`max_clients` (10)", "closed"),
        lambda _: crowded(intellect(max_clients=3)),
    ),
    ("HTTP receivers", "head, interim responses, empty lines, chunk sizes, trailers"): (
        (
            number(http_client.BESIDE_BYTES_MAX),
            "`total_seconds`",
            "",
            "",
            "retried, or handled by its status if the status line was complete",
        ),
        lambda _: servers.test_a_receiver_that_answers_without_end("interim answers"),
    ),
    ("HTTP receivers", "body"): (
        (
            number(http_connection.ANSWER_BYTES_MAX),
            number(http_connection.ANSWER_SECONDS),
            "",
            "",
            "not read further",
        ),
        lambda _: servers.test_a_receiver_that_answers_without_end("a body"),
    ),
    ("HTTP cameras", "everything except the images"): (
        (number(http_client.BESIDE_BYTES_MAX), "`silence_seconds`", "", "", "reconnected"),
        camera,
    ),
    ("MQTT broker", "packet"): (
        (
            number(mqtt_session.RECEIVED_BYTES_MAX),
            "`keepalive_seconds`",
            "",
            "",
            "reconnected",
        ),
        lambda _: servers.test_a_broker_that_sends_without_end("one packet", 5),
    ),
    ("MQTT broker", "messages"): (
        (
            f"{number(mqtt_session.RECEIVED_PER_SECOND_MAX)} per second",
            "",
            "",
            "",
            "reconnected",
        ),
        lambda _: servers.test_a_broker_that_sends_without_end("small packets", 5),
    ),
    ("mail server", "reply"): (
        (number(conversation.ANSWER_BYTES_MAX), "`total_seconds`", "", "", "retried"),
        mail_answer,
    ),
    ("FTP server", "reply"): (
        (number(conversation.ANSWER_BYTES_MAX), "`total_seconds`", "", "", "retried"),
        ftp_answer,
    ),
    ("Modbus device", "response"): (
        (number(modbus.LENGTH_MAX + 6), "`total_seconds`", "", "", "retried"),
        modbus_answer,
    ),
}


def test_every_row_has_a_trial_and_every_trial_a_row() -> None:
    assert set(table()) == set(COMPLETE)


@pytest.mark.parametrize("row", COMPLETE, ids=" ".join)
def test_a_row_says_what_the_code_has(row: tuple[str, str]) -> None:
    assert table()[row] == COMPLETE[row][0]


@pytest.mark.parametrize("row", COMPLETE, ids=" ".join)
async def test_a_row_holds(
    row: tuple[str, str], monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    await COMPLETE[row][1](Tried(monkeypatch, authority))


def test_spare_places_are_as_many_as_the_page_says() -> None:
    assert slots.SPARE == 8
    assert "Eight connections" in PAGE.read_text("utf-8")
