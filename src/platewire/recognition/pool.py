"""Runs the engine off the event loop, for all cameras of a server in turn.

There are as many named threads as asked for, and one waiting frame for each camera: whoever reads
a camera awaits its answer before it brings the next frame, so a slow engine holds back recordings
and makes live sources drop frames by their own policy. Frames are read in the order in which they
came; the queue's bound is the number of cameras.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from platewire.model import Frame, Read
from platewire.recognition.engine import Engine


class Pool:
    """The engine must allow `threads` calls of `read` at a time; one thread is the default."""

    def __init__(self, engine: Engine, *, threads: int = 1) -> None:
        self._engine = engine
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="recognition")
        self._waiting: dict[str, asyncio.Lock] = {}
        self._closed = False

    async def read(self, frame: Frame) -> Sequence[Read]:
        """The frame's reads. PictureError and whatever else the engine raises come through.

        A second frame of the same camera waits until the first is read.
        """
        if self._closed:
            raise RuntimeError("the recognition pool is closed")
        async with self._waiting.setdefault(frame.camera, asyncio.Lock()):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, self._engine.read, frame)

    async def close(self) -> None:
        """Waits for the frame in work, then closes the engine. Calling it again does nothing."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)
        self._engine.close()
