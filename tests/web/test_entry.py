"""Entry: who guesses is slowed down and stops nobody else, who has left is out, and nobody who is
let in takes everything."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import pytest

from platewire.web.guard import FAILURES_MAX
from platewire.web.scopes import ALL
from platewire.web.session import COOKIE, EndedSessions
from platewire.web.settings import Key
from tests.web.world import World, at_rest, event, running

EVERYTHING = Key("web.token", "everything-0123456789", ALL)
READER = Key("bi", "only-reading-0123456789", frozenset({"read"}))
OTHER = Key("dashboard", "reading-too-0123456789", frozenset({"read"}))
PROXY = "127.0.0.1"
WRONG = {"Authorization": "Bearer wrong"}


@pytest.fixture
async def locked(tmp_path: Path) -> AsyncIterator[World]:
    """Behind a proxy on this machine."""
    async with at_rest([EVERYTHING, READER, OTHER]) as world:
        behind = world.context.access._replace(trusted_proxies=(f"{PROXY}/32",))
        object.__setattr__(world.context, "access", behind)
        object.__setattr__(world.context, "ended", EndedSessions(tmp_path / "ended"))
        async with running(world):
            yield world


def bearer(key: Key) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.token}"}


def from_(address: str, **more: str) -> dict[str, str]:
    return {"X-Forwarded-For": address, **more}


async def statuses(
    client: aiohttp.ClientSession, count: int, headers: Mapping[str, str]
) -> list[int]:
    return [(await client.get("/api/v1/events", headers=headers)).status for _ in range(count)]


async def test_wrong_tokens_are_soon_answered_with_429(locked: World) -> None:
    async with locked.client() as client:
        found = await statuses(client, FAILURES_MAX + 5, WRONG)
        assert found == [401] * FAILURES_MAX + [429] * 5
        answer = await client.get("/api/v1/events", headers=WRONG)
        assert int(answer.headers["Retry-After"]) > 0


async def test_wrong_logins_are_soon_answered_with_429(locked: World) -> None:
    async with locked.client(headers={"Accept": "text/html"}) as client:
        logins = [client.post("/login", data={"token": f"guess {n}"}) for n in range(50)]
        found = [answer.status for answer in await asyncio.gather(*logins)]
        assert (found.count(401), found.count(429)) == (FAILURES_MAX, 50 - FAILURES_MAX)
        late = await client.post("/login", data={"token": "guess"})
        assert int(late.headers["Retry-After"]) > 0


async def test_a_right_token_is_let_in_whatever_others_of_its_address_did(locked: World) -> None:
    async with locked.client() as client:
        await statuses(client, FAILURES_MAX + 1, WRONG)
        assert await statuses(client, 2, bearer(READER)) == [200, 200]
        login = await client.post("/login", data={"token": EVERYTHING.token}, allow_redirects=False)
        assert login.status == 303


async def test_behind_a_proxy_it_is_the_client_whose_guesses_count(locked: World) -> None:
    async with locked.client() as client:
        guessing = from_("203.0.113.7", **WRONG)
        assert (await statuses(client, FAILURES_MAX + 1, guessing))[-1] == 429
        assert await statuses(client, 1, from_("203.0.113.8", **WRONG)) == [401]
        forged = from_("198.51.100.1, 203.0.113.7", **WRONG)
        assert await statuses(client, 1, forged) == [429]


async def test_a_subscriber_of_ipv6_is_one_address(locked: World) -> None:
    async with locked.client() as client:
        for number in range(FAILURES_MAX):
            await statuses(client, 1, from_(f"2001:db8:1:2::{number}", **WRONG))
        assert await statuses(client, 1, from_("2001:db8:1:2::99", **WRONG)) == [429]
        assert await statuses(client, 1, from_("2001:db8:1:3::1", **WRONG)) == [401]


async def logged_in(client: aiohttp.ClientSession) -> dict[str, str]:
    form = {"token": EVERYTHING.token, "next": "/"}
    entered = await client.post("/login", data=form, allow_redirects=False)
    return {"Cookie": f"{COOKIE}={entered.cookies[COOKIE].value}"}


async def test_who_has_left_is_out_also_after_a_restart(locked: World, tmp_path: Path) -> None:
    async with locked.client() as client:
        mine, another = await logged_in(client), await logged_in(client)
        left = await client.post("/logout", headers=mine, allow_redirects=False)
        assert left.status == 303
        assert await statuses(client, 1, mine) == [401]
        assert await statuses(client, 1, another) == [200]
    again = EndedSessions(tmp_path / "ended")
    assert again.holds(mine["Cookie"].partition("=")[2])
    assert not again.holds(another["Cookie"].partition("=")[2])


async def test_one_token_takes_half_of_the_live_streams_and_no_more(locked: World) -> None:
    streams = locked.context.streams
    async with locked.client() as client:
        taken = 0
        while (answer := await client.get("/api/v1/stream", headers=bearer(READER))).status == 200:
            taken += 1
        assert answer.status == 503
        assert taken == streams.taken == 50
        assert (await client.get("/api/v1/stream", headers=bearer(OTHER))).status == 200


async def test_one_token_takes_half_of_the_exports(locked: World) -> None:
    await locked.add(event("B AB 1"))
    exports = locked.context.exports
    async with locked.client() as client:
        with exports.held(READER.name), exports.held(READER.name):
            path = "/api/v1/exports/passages"
            assert (await client.get(path, headers=bearer(READER))).status == 503
            assert (await client.get(path, headers=bearer(OTHER))).status == 200
