"""What plays a camera, and what takes its frames: real servers on free ports."""

import signal
import ssl
import subprocess
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import cast

from aiohttp import web

from platewire.model import Frame
from platewire.runtime.clock import Clock, SystemClock
from platewire.sources.source import FrameSource, SourceContext
from tests.sources.clips import CAMERA
from tests.support.counterparts import SYSTEM_PYTHON


class Notes(list[str]):
    """What a source said on the way."""

    def context(self, clock: Clock | None = None) -> SourceContext:
        return SourceContext(CAMERA, clock or SystemClock(), note=self.append)


async def taken(source: FrameSource, count: int | None = None) -> list[Frame]:
    """`count` frames, or all to the end."""
    frames: list[Frame] = []
    iterator = cast("AsyncGenerator[Frame, None]", source.frames())
    try:
        async for frame in iterator:
            frames.append(frame)
            if len(frames) == count:
                break
    finally:
        await iterator.aclose()
    return frames


def threads_of(name: str) -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(name)]


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpCameraServer:
    """A real HTTP server on a free port; each path is one way to behave."""

    def __init__(self) -> None:
        self._application = web.Application()
        self._runner = web.AppRunner(self._application, shutdown_timeout=0.1)
        self._address = ""

    async def start(self, tls: ssl.SSLContext | None = None, **paths: Handler) -> None:
        for path, handler in paths.items():
            self._application.router.add_get(f"/{path}", handler)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._address = f"{'https' if tls else 'http'}://{host}:{port}"

    def url(self, path: str) -> str:
        return f"{self._address}/{path}"

    async def stop(self) -> None:
        await self._runner.cleanup()


class RtspServer:
    """Debian's GStreamer RTSP server in a process of its own."""

    CODE = Path(__file__).with_name("rtsp_server.py")

    def __init__(self, clip: Path, *login: str, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(self.CODE), str(port), str(clip), *login],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.url = f"rtsp://127.0.0.1:{self.port}/gate"

    def stop(self) -> None:
        """Falls silent without closing any connection."""
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()
