"""MJPEG against a real HTTP server that behaves as cameras do, well and badly."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web

from platewire.errors import ConfigError, Unavailable
from platewire.sources.mjpeg import MjpegFrames, MjpegSettings
from platewire.testing.check_source import Truth, check_source
from tests.sources.cameras import Handler, HttpCameraServer, Notes, taken
from tests.sources.clips import HEIGHT, WIDTH, jpeg, picture

PICTURE = jpeg()


def part(data: bytes, boundary: bytes = b"frame", length: int | None = None) -> bytes:
    stated = len(data) if length is None else length
    return (
        b"--%s\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n"
        % (boundary, stated, data)
    )  # fmt: skip


def sending(
    *chunks: bytes,
    then: Callable[[], AsyncIterator[bytes]] | None = None,
    content_type: str = "multipart/x-mixed-replace; boundary=frame",
    hang_up: bool = False,
) -> Handler:
    """A camera that sends these chunks, then those of `then`, then is silent or hangs up."""

    async def handle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": content_type})
        await answer.prepare(request)
        for chunk in chunks:
            await answer.write(chunk)
        if then is not None:
            async for chunk in then():
                await answer.write(chunk)
        if not hang_up:
            await asyncio.Event().wait()
        return answer

    return handle


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield part(PICTURE)
        await asyncio.sleep(0.01)


async def camera(server: HttpCameraServer, handler: Handler, **settings: object) -> MjpegFrames:
    await server.start(live=handler)
    return at(server.url("live"), **settings).build(Notes().context())


def at(url: str, **settings: object) -> MjpegSettings:
    patient = {"open_seconds": 5, "silence_seconds": 5, **settings}
    return MjpegSettings(url=url, **patient)  # type: ignore[arg-type]


async def test_passes_the_check(http_camera: HttpCameraServer) -> None:
    await http_camera.start(
        live=sending(then=endless),
        silent=sending(),
        page=sending(b"<html>", content_type="text/html"),
    )
    impatient = {"open_seconds": 0.5, "silence_seconds": 0.5}
    failing = [at(http_camera.url(path), **impatient) for path in ("silent", "page", "absent")]
    await check_source(
        at(http_camera.url("live")).build,
        Truth(live=True, picture=picture()),
        frames=4,
        failing=[each.build for each in failing],
    )


@pytest.mark.parametrize(
    "data",
    [
        part(PICTURE) * 2,
        part(PICTURE, b"--other") * 2,
        part(PICTURE, length=7) * 2,
        part(PICTURE, length=99_999) * 2,
        PICTURE * 2,
        b"noise\xff\xd8noise" + part(PICTURE) * 2,
    ],
    ids=["right", "wrong boundary", "too short", "too long", "no parts", "noise before"],
)
async def test_pictures_are_found_whatever_is_stated(
    http_camera: HttpCameraServer, data: bytes
) -> None:
    source = await camera(http_camera, sending(data))
    assert (await taken(source, 1))[0].pixels.shape == (HEIGHT, WIDTH, 3)


async def test_a_slow_reader_gets_the_newest_and_the_rest_is_counted(
    http_camera: HttpCameraServer,
) -> None:
    source = await camera(http_camera, sending(then=endless))
    iterator = source.frames()
    before = await anext(iterator)
    while source.dropped < 10:  # noqa: ASYNC110 - a task reads the camera
        await asyncio.sleep(0.01)
    after = await anext(iterator)
    assert after.number - before.number > 10
    await iterator.aclose()


async def test_fewer_frames_are_taken_and_the_rest_is_counted(
    http_camera: HttpCameraServer,
) -> None:
    source = await camera(http_camera, sending(then=endless), max_fps=5)
    assert len(await taken(source, 3)) == 3
    assert source.dropped > 5


async def test_a_broken_picture_among_good_ones_is_counted(http_camera: HttpCameraServer) -> None:
    async def one_broken() -> AsyncIterator[bytes]:
        yield part(PICTURE)
        yield part(PICTURE[:500])
        async for chunk in endless():
            yield chunk

    source = await camera(http_camera, sending(then=one_broken))
    assert len(await taken(source, 5)) == 5
    assert source.broken == 1


async def test_closing_hangs_up(http_camera: HttpCameraServer) -> None:
    gone = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await sending(then=endless)(request)
        finally:
            gone.set()

    await taken(await camera(http_camera, handle), 1)
    await gone.wait()


# --- what can be wrong -------------------------------------------------------------------------


async def noise() -> AsyncIterator[bytes]:
    while True:
        yield os.urandom(1 << 20)


async def dripping() -> AsyncIterator[bytes]:
    yield PICTURE[:300]
    while True:
        yield b"\x01"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (sending(PICTURE[:3]), "sent nothing for more than 0.5 s; check the camera"),
        (sending(), "sent nothing"),
        (sending(hang_up=True), "ended the stream"),
        (
            sending(b"<html>login</html>", content_type="text/html"),
            "sent text/html instead of images",
        ),
        (sending(part(jpeg(90, 1, 1))), "1x1 pixels are too few"),
        (sending(then=noise), "without a JPEG"),
        (sending(then=dripping), "without a JPEG"),
    ],
    ids=["3 bytes", "mute", "hangs up", "HTML", "1x1", "noise", "dripping"],
)
async def test_a_camera_that_sends_no_pictures_is_named(
    http_camera: HttpCameraServer, handler: Handler, said: str
) -> None:
    source = await camera(http_camera, handler, silence_seconds=0.5)
    with pytest.raises(Unavailable, match=said) as raised:
        await taken(source, 1)
    assert str(raised.value).startswith("camera gate")


async def test_a_camera_that_falls_silent_is_named(http_camera: HttpCameraServer) -> None:
    source = await camera(http_camera, sending(part(PICTURE)), silence_seconds=0.5)
    with pytest.raises(Unavailable, match=r"sent nothing for more than 0.5 s"):
        await taken(source, 2)


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000,
        b"RTSP/1.0 200 OK\r\n\r\n",
    ],
    ids=["noise", "endless header", "another protocol"],
)
async def test_what_does_not_speak_http_is_named(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        source = MjpegSettings(url=f"http://{host}:{port}/", silence_seconds=2)
        with pytest.raises(Unavailable, match=r"camera gate at http.* check `url`"):
            await taken(source.build(Notes().context()), 1)
    assert len(answer) > 0


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (web.HTTPNotFound(), "responded 404 Not Found; check `url`"),
        (web.HTTPServiceUnavailable(), "responded 503 .*; check the web page of the camera"),
        (
            web.HTTPFound("http://elsewhere.example/"),
            "responded 302 .* redirects to http://elsewhere",
        ),
        (web.HTTPUnauthorized(), "responded 401 .*check `username`, `password`"),
    ],
)
async def test_an_error_answer_is_explained(
    http_camera: HttpCameraServer, error: web.HTTPException, said: str
) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        raise error

    with pytest.raises(Unavailable, match=said):
        await taken(await camera(http_camera, handle), 1)


async def test_a_port_where_nobody_listens_is_named(unused_port: int) -> None:
    source = MjpegSettings(url=f"http://127.0.0.1:{unused_port}/live").build(Notes().context())
    with pytest.raises(Unavailable, match=r"camera gate at .* check `url` and the network"):
        await taken(source, 1)


# --- passwords ---------------------------------------------------------------------------------


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("CAMERA_USER", "admin")
    monkeypatch.setenv("CAMERA_PASSWORD", "hünter2")
    return {"username": "env:CAMERA_USER", "password": "env:CAMERA_PASSWORD"}


async def test_basic_authentication(http_camera: HttpCameraServer, secrets: dict[str, str]) -> None:
    expected = aiohttp.encode_basic_auth("admin", "hünter2", "utf-8")

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != expected:
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="camera"'})
        return await sending(then=endless)(request)

    source = await camera(http_camera, handle, authentication="basic", **secrets)
    assert len(await taken(source, 1)) == 1


async def test_digest_authentication_and_the_hint_when_basic_is_wanted(
    http_camera: HttpCameraServer, secrets: dict[str, str]
) -> None:
    asked: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers.get("Authorization", ""))
        if not asked[-1].startswith("Digest "):
            challenge = 'Digest realm="camera", nonce="abc", qop="auth", algorithm=MD5'
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": challenge})
        return await sending(then=endless)(request)

    source = await camera(http_camera, handle, **secrets)
    assert len(await taken(source, 1)) == 1
    assert 'username="admin"' in asked[-1]
    assert "hünter2" not in asked[-1]


async def test_the_wanted_authentication_is_named(
    http_camera: HttpCameraServer, secrets: dict[str, str]
) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="camera"'})

    source = await camera(http_camera, handle, **secrets)
    with pytest.raises(Unavailable, match=r"it requires Basic .* `authentication`") as refused:
        await taken(source, 1)
    assert "hünter2" not in str(refused.value)


def test_settings_that_cannot_work_are_refused() -> None:
    context = Notes().context()
    with pytest.raises(ConfigError, match=r"camera gate: .*in plain text"):
        MjpegSettings(url="http://a:b@10.0.0.1/").build(context)
    with pytest.raises(ConfigError, match="camera gate: `tls_ca`"):
        MjpegSettings(url="https://10.0.0.1/", tls_ca=__file__).build(context)  # type: ignore[arg-type]
