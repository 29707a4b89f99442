"""RTSP against a real server, and against what only pretends to be one."""

import asyncio
import itertools
import os
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from platewire.errors import ConfigError, Unavailable
from platewire.runtime.clock import SystemClock
from platewire.sources.probe import first_frame
from platewire.sources.rtsp import RtspFrames, RtspSettings
from platewire.testing.check_source import Truth, check_source
from tests.acceptance.ports import free_port
from tests.sources.cameras import Notes, RtspServer, taken, threads_of
from tests.sources.clips import HEIGHT, WIDTH, picture


def at(url: str, **settings: object) -> RtspSettings:
    patient = {"open_seconds": 20, "silence_seconds": 10, **settings}
    return RtspSettings(url=url, **patient)  # type: ignore[arg-type]


def camera(url: str, **settings: object) -> RtspFrames:
    return at(url, **settings).build(Notes().context())


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_passes_the_check(rtsp_server: RtspServer, transport: str) -> None:
    source = at(rtsp_server.url, transport=transport)
    absent = at(f"rtsp://127.0.0.1:{free_port()}/gate", open_seconds=5)
    truth = Truth(live=True, picture=picture())
    await check_source(source.build, truth, frames=5, failing=[absent.build])
    assert threads_of("rtsp-") == []


async def test_frame_times_follow_the_stream_not_the_network(rtsp_server: RtspServer) -> None:
    frames = await taken(camera(rtsp_server.url), 30)
    steps = [
        (after.captured_at - before.captured_at) / (after.number - before.number)
        for before, after in itertools.pairwise(frames[10:])
    ]
    # The clip has 25 frames a second.
    assert sorted(steps)[len(steps) // 2] == pytest.approx(
        timedelta(seconds=0.04), abs=timedelta(seconds=0.004)
    )


async def test_fewer_frames_are_taken_evenly_and_the_rest_is_counted(
    rtsp_server: RtspServer,
) -> None:
    source = camera(rtsp_server.url, max_fps=5)
    frames = await taken(source, 8)
    assert source.dropped >= 20
    gaps = [b.captured_at - a.captured_at for a, b in itertools.pairwise(frames[3:])]
    assert all(gap >= timedelta(seconds=0.15) for gap in gaps)


async def test_a_camera_that_is_thinned_out_is_not_taken_for_silent(
    rtsp_server: RtspServer,
) -> None:
    frames = await taken(camera(rtsp_server.url, max_fps=0.5, silence_seconds=1), 2)
    assert frames[1].captured_at - frames[0].captured_at >= timedelta(seconds=1.9)


async def test_a_slow_reader_gets_the_newest_frame(rtsp_server: RtspServer) -> None:
    source = camera(rtsp_server.url)
    iterator = source.frames()
    before = await anext(iterator)
    while source.dropped < 10:  # noqa: ASYNC110 - a thread reads the camera
        await asyncio.sleep(0.05)
    after = await anext(iterator)
    assert after.number - before.number > 10
    await iterator.aclose()


async def test_a_camera_that_dies_is_unavailable_and_comes_back(rtsp_clip: Path) -> None:
    server = RtspServer(rtsp_clip)
    source = camera(server.url, silence_seconds=2)
    iterator = source.frames()
    before = await anext(iterator)
    server.kill()
    with pytest.raises(Unavailable, match=rf"camera gate at {re.escape(server.url)} "):
        async for _ in iterator:
            pass
    with pytest.raises(Unavailable, match="refused the connection; check the port"):
        await taken(source, 1)
    again = RtspServer(rtsp_clip, port=server.port)
    try:
        after = await taken(source, 2)
        assert after[0].number > before.number
        assert after[0].captured_at > before.captured_at
    finally:
        again.kill()


async def test_a_camera_that_falls_silent_is_unavailable(rtsp_server: RtspServer) -> None:
    source = camera(rtsp_server.url, silence_seconds=1)
    iterator = source.frames()
    await anext(iterator)
    rtsp_server.stop()
    with pytest.raises(Unavailable, match="sent nothing for 1 s; check the camera"):
        async for _ in iterator:
            pass


async def test_a_wrong_path_is_named(rtsp_server: RtspServer) -> None:
    with pytest.raises(Unavailable, match=r"has no such stream.*check the path in `url`"):
        await taken(camera(rtsp_server.url + "-west"), 1)


async def test_the_first_frame_is_found(rtsp_server: RtspServer) -> None:
    frame = await first_frame(camera(rtsp_server.url), 30, SystemClock())
    assert frame.pixels.shape == (HEIGHT, WIDTH, 3)


# --- passwords ---------------------------------------------------------------------------------

PASSWORD = "hunter2 &:@/#ü"


@pytest.fixture
def locked_server(rtsp_clip: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RtspServer]:
    monkeypatch.setenv("CAMERA_USER", "admin")
    monkeypatch.setenv("CAMERA_PASSWORD", PASSWORD)
    monkeypatch.setenv("WRONG_PASSWORD", "hunter3")
    server = RtspServer(rtsp_clip, "admin", PASSWORD)
    yield server
    server.kill()


async def test_the_right_password_opens(locked_server: RtspServer) -> None:
    source = camera(locked_server.url, username="env:CAMERA_USER", password="env:CAMERA_PASSWORD")
    assert len(await taken(source, 2)) == 2


async def test_a_wrong_password_is_refused_and_not_repeated(locked_server: RtspServer) -> None:
    source = camera(locked_server.url, username="env:CAMERA_USER", password="env:WRONG_PASSWORD")
    with pytest.raises(
        Unavailable, match=r"rejected the login.*check `username` and `password`"
    ) as refused:
        await taken(source, 1)
    assert "hunter3" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_a_password_in_the_clear_is_refused() -> None:
    with pytest.raises(ConfigError, match="in plain text"):
        camera("rtsp://admin:hunter2@10.0.0.1/live")


# --- what is no RTSP camera ----------------------------------------------------------------------


class Pretender:
    """A TCP server that answers as it is told."""

    def __init__(self, answer: bytes, *, hang_up: bool) -> None:
        self._answer = answer
        self._hang_up = hang_up
        self._release = asyncio.Event()

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"rtsp://{host}:{port}/gate"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._release.set()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._answer)
        if not self._hang_up:
            await self._release.wait()
        writer.close()


HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>login</html>"


@pytest.mark.parametrize(
    ("answer", "hang_up", "said"),
    [
        (b"", False, "did not respond within 0.5 s"),
        (b"", True, "camera gate"),
        (os.urandom(100_000), True, "camera gate"),
        (os.urandom(100_000), False, "camera gate"),
        (b"RTSP/1.0 200 OK\r\n" + b"X: " + b"y" * 200_000, False, "camera gate"),
        (b"\xff\xd8\xff", False, "did not respond within 0.5 s"),
        (HTML, True, "does not speak RTSP"),
    ],
    ids=["mute", "hangs up", "noise", "noise then mute", "endless header", "3 bytes", "HTML"],
)
async def test_what_is_no_camera_is_named(answer: bytes, hang_up: bool, said: str) -> None:
    async with Pretender(answer, hang_up=hang_up) as url:
        with pytest.raises(Unavailable, match=said) as raised:
            await taken(camera(url, open_seconds=0.5, silence_seconds=0.5), 1)
    assert url in str(raised.value)
    assert "check" in str(raised.value) or "trying again" in str(raised.value)


async def test_closing_while_the_camera_is_mute_ends_the_thread() -> None:
    async with Pretender(b"", hang_up=False) as url:
        iterator: AsyncIterator[object] = camera(url, open_seconds=0.5).frames()
        following = asyncio.ensure_future(anext(iterator))
        while not threads_of("rtsp-"):  # noqa: ASYNC110 - the thread starts by itself
            await asyncio.sleep(0.01)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        assert threads_of("rtsp-") == []
