"""A camera polled for snapshots over HTTP.

Asks when the next frame is wanted, at most every `interval_seconds`; so nothing is ever dropped.
"""

from collections.abc import AsyncGenerator
from typing import Annotated

import aiohttp
from msgspec import Meta

from platewire.decoding.decode import decode
from platewire.errors import PictureError
from platewire.model import Frame, Pixels
from platewire.sources.frames.arrival import ArrivalTimes
from platewire.sources.frames.off_loop import OffLoop, off_loop
from platewire.sources.frames.picture import BrokenPictures
from platewire.sources.frames.tally import Tally
from platewire.sources.network.http import HttpAccess, HttpCamera
from platewire.sources.network.jpeg_stream import JpegStream
from platewire.sources.source import FrameSource, SourceContext

PICTURE_BYTES_MAX = 32 * 2**20
"""Bytes of one picture, at most: above any camera's, a bound on memory."""

STILLS_SECONDS = 5.0
"""Seconds between two pictures from which on each vehicle is in one of them: after as many without
a read a passage is lost by default, so no second picture can confirm the first."""


class SnapshotSettings(HttpCamera, frozen=True, kw_only=True, tag="snapshot"):
    """A camera that responds to each HTTP request with one picture."""

    interval_seconds: Annotated[float, Meta(ge=0.05, le=3600, description="Polling interval")] = 1.0

    @property
    def stills(self) -> bool:
        return self.interval_seconds >= STILLS_SECONDS

    def build(self, context: SourceContext) -> "SnapshotFrames":
        """ConfigError when the address holds a password or a secret is not there."""
        return SnapshotFrames(self, HttpAccess(context.camera, self), context)


class SnapshotFrames(FrameSource):
    live = True
    dropped = 0

    def __init__(
        self, settings: SnapshotSettings, access: HttpAccess, context: SourceContext
    ) -> None:
        self._interval = settings.interval_seconds
        self._patience = settings.open_seconds + settings.silence_seconds
        self._access = access
        self._context = context
        self._tally = Tally(context.first_number)

    @property
    def broken(self) -> int:
        return self._tally.broken

    async def frames(self) -> AsyncGenerator[Frame, None]:
        camera, clock = self._context.camera, self._context.clock
        times = ArrivalTimes(camera, clock)
        pictures = BrokenPictures(camera, "open its URL in a browser and check `url`")
        with off_loop(f"snapshot-{camera}") as call:
            async with self._access.session(self._patience) as session:
                while True:
                    asked = clock.monotonic()
                    try:
                        pixels = await self._picture(session, call)
                    except PictureError as error:
                        self._tally.broken += 1
                        pictures.bad(error)
                    else:
                        pictures.good()
                        yield Frame(camera, self._tally.number(), times.of(), pixels, clock.boot())
                    await clock.sleep(self._interval - (clock.monotonic() - asked))

    async def _picture(self, session: aiohttp.ClientSession, call: OffLoop) -> Pixels:
        data = bytearray()
        async with self._access.asked(session) as answer:
            stream = JpegStream(PICTURE_BYTES_MAX) if _is_multipart(answer) else None
            async for chunk in answer.content.iter_any():
                data += chunk
                if stream is not None and (pictures := stream.feed(chunk)):
                    data = bytearray(pictures[0])  # A stream would never end.
                    break
                if len(data) > PICTURE_BYTES_MAX:
                    raise PictureError(f"larger than {PICTURE_BYTES_MAX:,} bytes")
        return await call(decode, bytes(data))


def _is_multipart(answer: aiohttp.ClientResponse) -> bool:
    return answer.content_type.startswith("multipart/")
