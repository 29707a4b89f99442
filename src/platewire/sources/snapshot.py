"""A camera that is asked for one picture after the other over HTTP.

Asks when the next frame is wanted, at most every `interval_seconds`; so nothing is ever dropped.
"""

from collections.abc import AsyncGenerator
from typing import Annotated

import aiohttp
from msgspec import Meta

from platewire.errors import PictureError
from platewire.model import Frame, Pixels
from platewire.sources.arrival import ArrivalTimes
from platewire.sources.http import HttpAccess, HttpCamera
from platewire.sources.off_loop import OffLoop, off_loop
from platewire.sources.picture import BrokenPictures, decode
from platewire.sources.source import SourceContext
from platewire.sources.tally import Tally

PICTURE_BYTES_MAX = 32 * 2**20


class SnapshotSource(HttpCamera, frozen=True, kw_only=True, tag_field="type", tag="snapshot"):
    """A camera that answers each HTTP request with one JPEG or PNG."""

    interval_seconds: Annotated[
        float, Meta(ge=0.05, le=3600, description="Time from one request to the next")
    ] = 1.0

    def build(self, context: SourceContext) -> "SnapshotFrames":
        """ConfigError when the address holds a password or a secret is not there."""
        return SnapshotFrames(self, HttpAccess(context.camera, self), context)


class SnapshotFrames:
    live = True
    dropped = 0

    def __init__(
        self, settings: SnapshotSource, access: HttpAccess, context: SourceContext
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
        pictures = BrokenPictures(camera, "open its address in a browser and check `url`")
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
                        yield Frame(camera, self._tally.number(), times.of(), pixels)
                    await clock.sleep(self._interval - (clock.monotonic() - asked))

    async def _picture(self, session: aiohttp.ClientSession, call: OffLoop) -> Pixels:
        data = bytearray()
        async with self._access.asked(session) as answer:
            async for chunk in answer.content.iter_any():
                data += chunk
                if len(data) > PICTURE_BYTES_MAX:
                    raise PictureError(f"longer than {PICTURE_BYTES_MAX:,} bytes")
        return await call(decode, bytes(data))
