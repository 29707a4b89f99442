"""Checks whether a camera delivers a frame, for `platewire check`."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import cast

from platewire.errors import Unavailable
from platewire.model import Frame
from platewire.runtime.clock import Clock
from platewire.sources.source import FrameSource


async def first_frame(source: FrameSource, timeout_seconds: float, clock: Clock) -> Frame:
    """The first frame of a new connection, which is closed again.

    Unavailable when none comes within `timeout_seconds`, else as the source raises.
    """
    frames = cast("AsyncGenerator[Frame, None]", source.frames())
    begun = clock.monotonic()
    async with contextlib.aclosing(frames):
        try:
            async with asyncio.timeout(timeout_seconds):
                return await anext(frames)
        except TimeoutError as error:
            raise Unavailable(
                f"no frame within {clock.monotonic() - begun:.1f} s; check that the camera is on, "
                "or that the folder contains a readable image"
            ) from error
        except StopAsyncIteration as error:
            raise Unavailable("ended without a frame; check the source") from error
