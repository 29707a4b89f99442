"""Motion JPEG over HTTP (multipart/x-mixed-replace).

A task reads the camera and keeps the newest image; only images that are used are decoded. The start
and end of an image are found in the image data itself: see `jpeg_stream`.
"""

import contextlib
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, NamedTuple

import aiohttp
from msgspec import Meta

from platewire.decoding.decode import decode
from platewire.errors import PictureError, Unavailable
from platewire.model import BootTime, Frame
from platewire.sources.frames.arrival import ArrivalTimes
from platewire.sources.frames.handover import Handover, taken_from_task
from platewire.sources.frames.off_loop import off_loop
from platewire.sources.frames.picture import BrokenPictures
from platewire.sources.frames.tally import Tally
from platewire.sources.frames.thinning import Thinning
from platewire.sources.network.http import HttpAccess, HttpCamera
from platewire.sources.network.jpeg_stream import JpegStream
from platewire.sources.source import FrameSource, SourceContext

PICTURE_BYTES_MAX = 16 * 2**20
"""Bytes of one picture of the stream, at most: above any camera's, a bound on memory."""


class MjpegSettings(HttpCamera, frozen=True, kw_only=True, tag="mjpeg"):
    """A camera that streams Motion JPEG over HTTP."""

    max_fps: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="Maximum frames per second; excess frames are dropped evenly"),
    ] = None

    def build(self, context: SourceContext) -> "MjpegFrames":
        """ConfigError when the address holds a password or a secret is not there."""
        return MjpegFrames(self, HttpAccess(context.camera, self), context)


class _Jpeg(NamedTuple):
    number: int
    taken_at: datetime
    arrived: BootTime
    data: bytes


class MjpegFrames(FrameSource):
    live = True

    def __init__(self, settings: MjpegSettings, access: HttpAccess, context: SourceContext) -> None:
        self._settings = settings
        self._access = access
        self._context = context
        self._tally = Tally(context.first_number)

    @property
    def dropped(self) -> int:
        return self._tally.dropped

    @property
    def broken(self) -> int:
        return self._tally.broken

    async def frames(self) -> AsyncGenerator[Frame, None]:
        camera = self._context.camera
        pictures = BrokenPictures(camera, "open its URL in a browser and check `url`")
        handover = Handover[_Jpeg](newest_wins=True, on_dropped=self._tally.drop)
        taken = taken_from_task(f"mjpeg-{camera}", self._read, handover)
        with off_loop(f"mjpeg-{camera}") as call:
            async with contextlib.aclosing(taken):
                async for number, taken_at, arrived, data in taken:
                    try:
                        pixels = await call(decode, data)
                    except PictureError as error:
                        self._tally.broken += 1
                        pictures.bad(error)
                    else:
                        pictures.good()
                        yield Frame(camera, number, taken_at, pixels, arrived)

    async def _read(self, to: Handover[_Jpeg]) -> None:
        async with self._access.session() as session, self._access.asked(session) as answer:
            if answer.content_type.startswith("text/"):
                raise Unavailable(
                    f"{self._access.named} sent {answer.content_type} instead of images; check "
                    "the path in `url`"
                )
            before = self._tally.next_number
            await self._follow(answer, to)
        remedy = "check `url`" if self._tally.next_number == before else "reconnecting"
        raise Unavailable(f"{self._access.named} ended the stream; {remedy}")

    async def _follow(self, answer: aiohttp.ClientResponse, to: Handover[_Jpeg]) -> None:
        """Gives pictures until the answer ends; Unavailable when none comes for too long."""
        clock = self._context.clock
        times = ArrivalTimes(self._context.camera, clock)
        thinning = Thinning(self._settings.max_fps)
        stream = JpegStream(PICTURE_BYTES_MAX)
        last, junk = clock.monotonic(), 0
        async for chunk in answer.content.iter_any():
            given_up = stream.broken
            pictures = stream.feed(chunk)
            self._tally.broken += stream.broken - given_up
            for data in pictures:
                jpeg = _Jpeg(self._tally.number(), times.of(), clock.boot(), data)
                self._give(jpeg, thinning, to)
            # Noise keeps the connection busy, so silence is measured from picture to picture.
            last, junk = (clock.monotonic(), 0) if pictures else (last, junk + len(chunk))
            silent = clock.monotonic() - last
            if silent > self._settings.silence_seconds or junk > 2 * PICTURE_BYTES_MAX:
                raise Unavailable(
                    f"{self._access.named} sent {junk:,} bytes in {silent:.1f} s without a JPEG; "
                    "open its URL in a browser and check `url`"
                )

    def _give(self, jpeg: _Jpeg, thinning: Thinning, to: Handover[_Jpeg]) -> None:
        if thinning.keeps(jpeg.taken_at):
            to.give(jpeg)
        else:
            self._tally.drop()
