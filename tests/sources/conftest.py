"""Fixtures: a clip, and cameras that are real servers."""

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.sources.cameras import HttpCameraServer, Notes, RtspServer
from tests.sources.clips import write_clip
from tests.support.counterparts import RTSP_SERVER, need


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4")


@pytest.fixture
async def http_camera() -> AsyncIterator[HttpCameraServer]:
    server = HttpCameraServer()
    yield server
    await server.stop()


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port that is held without listening, so that connections to it are refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture(scope="session")
def rtsp_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need(RTSP_SERVER)
    return write_clip(tmp_path_factory.mktemp("rtsp") / "long.mp4", 750, fps=25)


@pytest.fixture
def rtsp_server(rtsp_clip: Path) -> Iterator[RtspServer]:
    server = RtspServer(rtsp_clip)
    yield server
    server.kill()
