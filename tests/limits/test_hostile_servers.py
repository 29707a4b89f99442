"""What we ask answers with what never ends: the one who asked is told, and memory stays bounded."""

import asyncio
import contextlib
import random
import resource
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from yarl import URL

from platewire.errors import Unavailable
from platewire.limits import http_client
from platewire.outputs.http.connection import HttpConnection
from platewire.outputs.http.tls import Tls
from platewire.outputs.mqtt import session as mqtt_session
from platewire.outputs.mqtt.session import Broker, Lost, open_session
from tests.limits.hostile_servers import (
    ACCEPTED,
    CHUNKED,
    ENDLESS,
    ENDLESS_BROKERS,
    LONGEST,
    OK,
    SENT_BYTES_MAX,
    hostile,
)

MEMORY_BYTES = 64 * 2**20


@contextlib.contextmanager
def bounded_memory() -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < MEMORY_BYTES, f"{grown / 2**20:.0f} MB more"


@pytest.mark.parametrize("kind", ENDLESS)
async def test_a_receiver_that_answers_without_end(kind: str) -> None:
    sent: list[int] = []
    with bounded_memory():
        async with hostile(b"\r\n\r\n", *ENDLESS[kind], sent=sent) as port:
            connection = HttpConnection(URL(f"http://127.0.0.1:{port}/"), "it", tls=Tls())
            await connection.open()
            with contextlib.suppress(Unavailable):
                answer = await connection.ask(body=b"event")
                assert answer.status == 200
            await connection.close()
    assert sum(sent) < SENT_BYTES_MAX // 2, "it was heard to its end"


@pytest.mark.parametrize("kind", sorted(set(ENDLESS) - {"a body", "more answers"}))
async def test_a_camera_that_answers_without_end(kind: str) -> None:
    """As cameras and services are asked: whatever there is of a body is read."""
    async with (
        hostile(b"\r\n\r\n", *ENDLESS[kind]) as port,
        aiohttp.ClientSession(connector=http_client.connector()) as session,
    ):
        with bounded_memory(), pytest.raises(aiohttp.ClientError):
            async with session.get(f"http://127.0.0.1:{port}/") as answer:
                await answer.read()


async def test_answers_that_nobody_asked_for_are_not_all_understood() -> None:
    """They come many at once; each costs time and memory."""
    made = http_client.connector()
    handler: Any = made._factory()
    handler.connection_made(Mock(is_closing=lambda: handler.exception() is not None))
    handler.set_response_params()
    handler.data_received(OK + b"Content-Length: 0\r\n\r\n" + ENDLESS["more answers"][1] * 10)
    assert len(handler._buffer) < 200
    assert "responses to one request" in str(handler.exception())
    await made.close()


@pytest.mark.parametrize("length", [1_000_000, 3_000_000])
async def test_a_long_body_is_heard_whole(length: int) -> None:
    """Also by one who is slow to take it."""
    body = random.Random(1).randbytes(length)
    head = OK + f"Content-Length: {length}\r\n\r\n".encode()
    async with (
        hostile(b"\r\n\r\n", head, body) as port,
        aiohttp.ClientSession(connector=http_client.connector()) as session,
        session.get(f"http://127.0.0.1:{port}/") as answer,
    ):
        heard = b""
        async for piece in answer.content.iter_chunked(100_000):
            heard += piece
            await asyncio.sleep(0.001)
        assert heard == body


async def test_a_body_in_small_pieces_is_heard_to_its_end() -> None:
    """Five bytes of framing for each byte of it, more than what may come beside a body."""
    pieces = 20_000
    async with (
        hostile(b"\r\n\r\n", CHUNKED, b"1\r\ny\r\n" * 100) as port,
        aiohttp.ClientSession(connector=http_client.connector()) as session,
        session.get(f"http://127.0.0.1:{port}/") as answer,
    ):
        assert await answer.content.readexactly(pieces) == b"y" * pieces


def broker_at(port: int, version: int) -> Broker:
    return Broker(
        host="127.0.0.1",
        port=port,
        tls=None,
        username=None,
        password=None,
        client_id="it",
        version=version,
        keepalive_seconds=60,
        connect_seconds=5,
        will_topic="it/status",
        will=b"offline",
    )


@pytest.mark.parametrize("version", ACCEPTED)
@pytest.mark.parametrize("kind", ENDLESS_BROKERS)
async def test_a_broker_that_sends_without_end(kind: str, version: int) -> None:
    first, piece = (make(version) for make in ENDLESS_BROKERS[kind])
    heard: list[object] = []
    with bounded_memory():
        async with hostile(b"MQTT", ACCEPTED[version] + first, piece) as port:
            session = await open_session(broker_at(port, version), heard.append)
            async with asyncio.timeout(60):
                await session.lost
            await session.close()


async def test_the_first_packet_is_bounded_too() -> None:
    async with hostile(b"MQTT", LONGEST, b"x" * 65_536) as port:
        with bounded_memory(), pytest.raises(Lost):
            await open_session(broker_at(port, 5), lambda _: None)


def test_a_packet_is_as_short_as_what_we_subscribe_to() -> None:
    assert mqtt_session.RECEIVED_BYTES_MAX < MEMORY_BYTES // 100
