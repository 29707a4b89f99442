"""Runs the engine off the event loop, shared fairly by all cameras.

There are as many named threads as the engine allows, and one waiting frame per camera: a camera
awaits its result before it passes the next frame, so a slow engine slows recordings down and makes
live sources drop frames by their own policy. Frames are read in order of arrival, so busy cameras
get equal shares, and a camera that needs less than its share gets all it needs. The queue is
bounded by the number of cameras.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from platewire.model import Frame, Read
from platewire.recognition.engine import Engine
from platewire.recognition.refused import Examined


class Pool:
    """Reads up to `calls_at_once` frames of the engine concurrently."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._executor = ThreadPoolExecutor(engine.calls_at_once, thread_name_prefix="recognition")
        self._waiting: dict[str, asyncio.Lock] = {}
        self._closed = False

    async def read(self, frame: Frame) -> Sequence[Read]:
        """The frame's reads, as `examine` says them."""
        return (await self.examine(frame)).reads

    async def examine(self, frame: Frame) -> Examined:
        """All that the engine says. PictureError and whatever else it raises come through.

        A second frame of the same camera waits until the first is read.
        """
        if self._closed:
            raise RuntimeError("the recognition pool is closed")
        async with self._waiting.setdefault(frame.camera, asyncio.Lock()):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, self._engine.examine, frame)

    async def close(self) -> None:
        """Waits for the frame in work, then closes the engine. Calling it again does nothing."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)
        self._engine.close()
