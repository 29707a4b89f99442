"""Who is let in, from where, and what every answer carries."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from platewire.runtime.status import State
from tests.web.world import World, event, serving

TOKEN = "an-access-token-of-29-letters"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PAGE = {"Accept": "text/html"}


@pytest.fixture
async def locked() -> AsyncIterator[World]:
    async with serving(TOKEN, "https://plates.example:8443") as served:
        yield served


async def test_own_names_and_addresses_are_answered(client: aiohttp.ClientSession) -> None:
    for host in ("localhost", "localhost:8080", "127.0.0.1:1", "192.0.2.7", "[::1]:8080"):
        answer = await client.get("/api/v1/status", headers={"Host": host})
        assert answer.status == 200, host


async def test_foreign_host_names_are_not(client: aiohttp.ClientSession) -> None:
    for host in ("evil.example", "localhost.evil.example:80", "127.0.0.1.evil", "", "[", "a b"):
        answer = await client.get("/api/v1/status", headers={"Host": host})
        assert answer.status == 421, host
        problem = await answer.json()
        assert problem["parameter"] == "Host"
        assert "public_url" in problem["detail"]


async def test_the_public_name_is_ours(locked: World) -> None:
    async with locked.client(headers={"Host": "plates.example:8443", **BEARER}) as client:
        assert (await client.get("/api/v1/status")).status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
async def test_other_pages_change_nothing(world: World, origin: str) -> None:
    world.board.say("output", "parking", State.RUNNING)
    async with world.client() as client:
        answer = await client.post("/api/v1/outputs/parking/pause", headers={"Origin": origin})
        assert answer.status == 403
        assert (await answer.json())["parameter"] == "Origin"
    assert world.board.line("output", "parking").state is State.RUNNING


async def test_our_own_page_may(world: World) -> None:
    world.board.say("output", "parking", State.RUNNING)
    async with world.client(headers={"Origin": world.url}) as client:
        assert (await client.post("/api/v1/outputs/parking/pause")).status == 200
    assert world.board.line("output", "parking").state is State.PAUSED


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1/events", "/metrics", "/api/v1/nothing"])
async def test_without_the_token_nothing_is_told(locked: World, path: str) -> None:
    await locked.add(event("SECRET 1"))
    wrong: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
    )
    async with locked.client() as client:
        for headers in wrong:
            answer = await client.get(path, headers=headers)
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="platewire"'
            assert (await answer.json())["parameter"] == "Authorization"


async def test_programs_bring_the_token(locked: World) -> None:
    async with locked.client(headers=BEARER) as client:
        for path in ("/", "/api/v1/events", "/metrics"):
            assert (await client.get(path)).status == 200


async def test_people_log_in_and_out(locked: World) -> None:
    async with locked.client(headers=PAGE) as client:
        client.cookie_jar._unsafe = True  # type: ignore[attr-defined] # keeps cookies of addresses
        sent = await client.get("/passages/x?a=1", allow_redirects=False)
        assert sent.headers["Location"] == "/login?next=%2Fpassages%2Fx%3Fa%3D1"
        form = {"token": TOKEN, "next": "/api"}
        answer = await client.post("/login", data=form, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/api")
        cookie = answer.headers["Set-Cookie"].lower()
        assert all(part in cookie for part in ("httponly", "samesite=strict", "secure", "path=/"))
        value = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
        assert (await client.get("/", headers=value, allow_redirects=False)).status == 200
        left = await client.post("/logout", headers=value, allow_redirects=False)
        assert "max-age=0" in left.headers["Set-Cookie"].lower()


async def test_a_wrong_token_gets_no_cookie(locked: World) -> None:
    async with locked.client(headers=PAGE) as client:
        answer = await client.post("/login", data={"token": TOKEN[:-1], "next": "/"})
        assert answer.status == 401
        assert "Set-Cookie" not in answer.headers
        assert "Invalid token" in await answer.text()


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
async def test_login_leads_nowhere_else(locked: World, target: str) -> None:
    async with locked.client(headers=PAGE) as client:
        form = {"token": TOKEN, "next": target}
        answer = await client.post("/login", data=form, allow_redirects=False)
        assert answer.headers["Location"] == "/"


async def test_a_probe_learns_health_without_reasons(locked: World) -> None:
    locked.board.fail("log", "log", State.WAITING, "no space left in /data")
    async with locked.client() as client:
        answer = await client.get("/healthz")
        assert answer.status == 503
        told = {"healthy": False, "reasons": [], "warnings": [], "log": None}
        assert await answer.json() == told
        known = await client.get("/healthz", headers=BEARER)
        assert (await known.json())["reasons"] == ["event log: no space left in /data"]


async def test_every_answer_is_guarded(client: aiohttp.ClientSession) -> None:
    for path in ("/", "/api/v1/status", "/static/console.css", "/nothing"):
        headers = (await client.get(path)).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "Server" not in headers
