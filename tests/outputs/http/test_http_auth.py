"""How the HTTP output proves who it is, against receivers that look."""

import hashlib
import re
import secrets
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION, WWW_AUTHENTICATE

from platewire.errors import ConfigError, Refused
from tests.outputs.http.http_receiver import Answering, receiving
from tests.outputs.http.http_sending import connected, deliver, entries, settings

USER, PASSWORD = "gate", "päss:word"


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE", PASSWORD)
    monkeypatch.setenv("TOKEN", "t0ken")


def only(header: str, value: str) -> Answering:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=200 if request.headers.get(header) == value else 401)

    return answer


class Digest:
    """RFC 7616, section 3.4.1, worked out from the request alone."""

    def __init__(self, algorithm: str, qop: str) -> None:
        self._algorithm = algorithm
        self._qop = qop
        self._nonce = secrets.token_hex(8)
        self.challenges = 0

    def _hash(self, text: str) -> str:
        name = "sha256" if self._algorithm == "SHA-256" else "md5"
        return hashlib.new(name, text.encode()).hexdigest()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', request.headers.get(AUTHORIZATION, "")))
        if given.get("response") == self._wanted(request, given):
            return web.Response()
        self.challenges += 1
        realm = f'Digest realm="gate", nonce="{self._nonce}", algorithm={self._algorithm}'
        qop = f', qop="{self._qop}"' if self._qop else ""
        return web.Response(status=401, headers={WWW_AUTHENTICATE: realm + qop})

    def _wanted(self, request: web.Request, given: dict[str, str]) -> str:
        first = self._hash(f"{USER}:gate:{PASSWORD}")
        second = self._hash(f"{request.method}:{request.rel_url.raw_path_qs}")
        between = [given[key] for key in ("nc", "cnonce", "qop") if self._qop and key in given]
        return self._hash(":".join([first, self._nonce, *between, second]))


async def test_basic() -> None:
    async with receiving(only(AUTHORIZATION, "Basic Z2F0ZTpww6Rzczp3b3Jk")) as receiver:
        auth = {"type": "basic", "user": USER, "password": "env:GATE"}
        await deliver(settings(receiver.url, auth=auth))


async def test_bearer() -> None:
    async with receiving(only(AUTHORIZATION, "Bearer t0ken")) as receiver:
        await deliver(settings(receiver.url, auth={"type": "bearer", "token": "env:TOKEN"}))


async def test_header() -> None:
    async with receiving(only("X-Api-Key", "t0ken")) as receiver:
        auth = {"type": "header", "name": "X-Api-Key", "value": "env:TOKEN"}
        await deliver(settings(receiver.url, auth=auth))


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("qop", ["auth", ""])
async def test_digest(algorithm: str, qop: str) -> None:
    digest = Digest(algorithm, qop)
    async with receiving(digest) as receiver:
        auth = {"type": "digest", "user": USER, "password": "env:GATE"}
        await deliver(settings(receiver.url + "?lane=1%2F2", auth=auth), 3)
    assert digest.challenges == 1
    assert len(receiver.requests) == 4
    bodies = [request.body for request in receiver.requests]
    assert bodies[0] == bodies[1]
    assert all("päss" not in str(request.headers) for request in receiver.requests)


@pytest.mark.parametrize("kind", ["basic", "digest"])
async def test_a_wrong_password_is_held_and_says_where_to_look(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATE", "wrong")
    async with receiving(Digest("MD5", "auth")) as receiver:
        auth = {"type": kind, "user": USER, "password": "env:GATE"}
        with pytest.raises(Refused, match=r"401 Unauthorized.*check `auth`") as caught:
            await deliver(settings(receiver.url, auth=auth))
    assert "wrong" not in str(caught.value)


async def test_a_changed_secret_is_taken_at_the_next_connect(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old\n")
    context, logged = await entries()
    async with receiving(only(AUTHORIZATION, "Bearer new")) as receiver:
        config = settings(receiver.url, auth={"type": "bearer", "token": f"file:{file}"})
        async with connected(config, context) as sender:
            with pytest.raises(Refused):
                await sender.send(logged[:1])
            file.write_text("new\n")
            await sender.connect()
            await sender.send(logged[:1])


async def test_a_secret_that_would_break_the_header(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one\r\nX-Injected: two")
    context, _ = await entries()
    config = settings("http://host/", auth={"type": "bearer", "token": f"file:{file}"})
    with pytest.raises(ConfigError, match=r'output "gate".*not allowed in a header') as caught:
        config.build(context)
    assert "Injected" not in str(caught.value)
