"""The page over TLS, and requests whose head is too large or never ends."""

import asyncio

import aiohttp
import pytest

from platewire.limits import http_server
from platewire.runtime.server_tls import ServerTls, trusting
from tests.support.certificates import Authority
from tests.web.world import World, serving


async def test_the_page_over_tls(authority: Authority) -> None:
    async with serving(tls=ServerTls(certificate=authority.server)) as world:
        assert world.url.startswith("https://127.0.0.1:")
        connector = aiohttp.TCPConnector(ssl=trusting(authority.server))
        async with world.client(connector=connector) as client:
            assert (await client.get("/healthz")).status == 200


async def test_who_does_not_trust_the_certificate_does_not_get_in(
    authority: Authority, stranger: Authority
) -> None:
    async with serving(tls=ServerTls(certificate=authority.server)) as world:
        connector = aiohttp.TCPConnector(ssl=trusting(stranger.server))
        async with world.client(connector=connector) as client:
            with pytest.raises(aiohttp.ClientSSLError):
                await client.get("/healthz")


async def test_a_head_without_end_is_refused(world: World) -> None:
    host, _, port = world.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\n")
    answer = asyncio.create_task(reader.readline())
    while not answer.done():
        writer.write(b"x-more: " + b"y" * 4000 + b"\r\n")
        await asyncio.sleep(0)
        if writer.is_closing():
            break
    assert (await answer).startswith(b"HTTP/1.1 431 ")
    writer.close()


async def test_a_head_that_never_comes_is_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "HEAD_SECONDS", 0.05)
    host, _, port = world.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HT")
    assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_a_large_body_in_one_piece_is_no_large_head(world: World) -> None:
    async with world.client() as client:
        answer = await client.post("/login", data=b"token=" + b"x" * 60_000)
        assert answer.status in (200, 303, 401)
