"""Snapshots against a real HTTP server."""

import asyncio
from datetime import timedelta

import cv2
import pytest
from aiohttp import web

from platewire.errors import Unavailable
from platewire.sources.frames.picture import BROKEN_IN_A_ROW
from platewire.sources.snapshot import SnapshotFrames, SnapshotSettings
from platewire.testing.check_source import Truth, check_source
from platewire.testing.clock import FakeClock
from tests.decoding.foreign import multipart, odd_pictures
from tests.sources.cameras import Handler, HttpCameraServer, Notes, taken
from tests.sources.clips import jpeg, picture


def answering(*bodies: bytes | int, asked: list[int] | None = None) -> Handler:
    """Answers with these bodies or states in turn, the last one for ever."""
    left = list(bodies)

    async def handle(request: web.Request) -> web.StreamResponse:
        if asked is not None:
            asked.append(1)
        body = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(body, int):
            return web.Response(status=body)
        return web.Response(body=body, content_type="image/jpeg")

    return handle


async def camera(
    server: HttpCameraServer, handler: Handler, clock: FakeClock | None = None, **settings: object
) -> SnapshotFrames:
    await server.start(picture=handler)
    return at(server.url("picture"), **settings).build(Notes().context(clock))


def at(url: str, **settings: object) -> SnapshotSettings:
    quick = {"interval_seconds": 0.05, "silence_seconds": 5, **settings}
    return SnapshotSettings(url=url, **quick)  # type: ignore[arg-type]


async def never(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("nobody wakes it")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
async def test_passes_the_check(http_camera: HttpCameraServer, suffix: str) -> None:
    body = cv2.imencode(suffix, picture())[1].tobytes()
    await http_camera.start(picture=answering(body), page=answering(b"<html>"), silent=never)
    impatient = {"open_seconds": 0.5, "silence_seconds": 0.5}
    failing = [at(http_camera.url(path), **impatient) for path in ("page", "silent", "absent")]
    truth = Truth(live=True, picture=picture())
    source = at(http_camera.url("picture"))
    await check_source(source.build, truth, failing=[each.build for each in failing])


async def test_the_camera_is_asked_once_per_interval(http_camera: HttpCameraServer) -> None:
    clock, asked = FakeClock(), list[int]()
    handler = answering(jpeg(), asked=asked)
    iterator = (await camera(http_camera, handler, clock, interval_seconds=10)).frames()
    first = await anext(iterator)
    following = asyncio.ensure_future(anext(iterator))
    while not clock.sleeping:  # noqa: ASYNC110 - the source comes to it
        await asyncio.sleep(0.001)
    await clock.advance(9)
    assert len(asked) == 1
    await clock.advance(1)
    assert (await following).captured_at - first.captured_at == timedelta(seconds=10)
    assert len(asked) == 2
    await iterator.aclose()


async def test_broken_pictures_are_counted_and_borne(http_camera: HttpCameraServer) -> None:
    bodies = [jpeg(), jpeg()[:-400], b"<html>", b"", jpeg(90, 1, 1), jpeg()]
    source = await camera(http_camera, answering(*bodies))
    assert [frame.number for frame in await taken(source, 2)] == [0, 1]
    assert source.broken == 4


async def test_too_many_broken_pictures_are_not_borne(http_camera: HttpCameraServer) -> None:
    source = await camera(http_camera, answering(jpeg(), b"<html>"))
    with pytest.raises(Unavailable, match=r"camera gate sent invalid images.*<html>"):
        await taken(source, 2)
    assert source.broken == BROKEN_IN_A_ROW


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>login</html>", "cannot be decoded"),
        (b"", "0 bytes"),
        (jpeg(90, 1, 1), "1x1 pixels"),
        (jpeg()[:3], "image size is missing"),
        (bytes(33 * 2**20), "larger than 33,554,432 bytes"),
        (500, "responded 500"),
        (404, "responded 404 Not Found; check `url`"),
        (204, "responded 204"),
    ],
)
async def test_what_is_no_picture_is_named_at_once(
    http_camera: HttpCameraServer, body: bytes | int, said: str
) -> None:
    source = await camera(http_camera, answering(body))
    with pytest.raises(Unavailable, match=said) as raised:
        await taken(source, 1)
    assert str(raised.value).startswith("camera gate")


async def test_an_answer_that_never_ends_is_given_up(http_camera: HttpCameraServer) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"\xff")
            await asyncio.sleep(0.05)

    source = await camera(http_camera, handle, open_seconds=0.3, silence_seconds=0.3)
    with pytest.raises(Unavailable, match=r"camera gate .* sent nothing"):
        await taken(source, 1)


async def test_a_camera_may_send_every_kind_that_read_takes(http_camera: HttpCameraServer) -> None:
    pictures = list(odd_pictures().values())
    source = await camera(http_camera, answering(*pictures))
    assert len(await taken(source, len(pictures))) == len(pictures)
    assert source.broken == 0


async def test_of_a_stream_the_first_picture_is_taken(http_camera: HttpCameraServer) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        kind = "multipart/x-mixed-replace; boundary=camera"
        answer = web.StreamResponse(headers={"Content-Type": kind})
        await answer.prepare(request)
        while True:
            await answer.write(multipart(("image/jpeg", jpeg()))[:-12])
            await asyncio.sleep(0.01)

    source = await camera(http_camera, handle, open_seconds=2, silence_seconds=2)
    assert len(await taken(source, 2)) == 2
