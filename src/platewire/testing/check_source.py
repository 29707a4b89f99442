"""The check that every source must pass, shipped so that a source of your own can be held to it."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import cast

import numpy as np

from platewire.model import Frame
from platewire.sources.source import FrameSource

CLOSE_SECONDS_MAX = 10.0


async def check_source(
    source: FrameSource, camera: str, *, frames: int = 3, seconds: float = 60.0
) -> list[Frame]:
    """Reads `frames` frames over each of two connections; AssertionError says what is wrong.

    The source must be able to give that many frames twice, within `seconds` of real time. Returns
    the frames of the second connection.
    """
    before = (source.dropped, source.broken)
    first = await _connection(source, frames, seconds)
    second = await _connection(source, frames, seconds)
    for taken in (first, second):
        _check_order(taken)
        for frame in taken:
            _check_frame(frame, camera)
    _say(second[0].number > first[-1].number, "numbers begin again with a new connection")
    after = (source.dropped, source.broken)
    _say(all(b <= a for b, a in zip(before, after, strict=True)), "a counter went back")
    return second


async def _connection(source: FrameSource, count: int, seconds: float) -> list[Frame]:
    iterator = cast("AsyncGenerator[Frame, None]", source.frames())
    taken: list[Frame] = []
    try:
        async with asyncio.timeout(seconds):
            async for frame in iterator:
                taken.append(frame)
                if len(taken) == count:
                    break
    finally:
        await _close(iterator)
    _say(len(taken) == count, f"{len(taken)} frames came instead of {count}")
    return taken


async def _close(iterator: AsyncGenerator[Frame, None]) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            await iterator.aclose()
    except TimeoutError:
        raise AssertionError(f"closing took longer than {CLOSE_SECONDS_MAX:g} s") from None
    with contextlib.suppress(StopAsyncIteration):
        await anext(iterator)
        raise AssertionError("a closed iterator gave another frame")


def _check_order(frames: list[Frame]) -> None:
    for one, other in itertools.pairwise(frames):
        _say(one.number < other.number, f"number {other.number} follows {one.number}")
        _say(
            one.captured_at <= other.captured_at,
            f"time goes back from {one.captured_at} to {other.captured_at}",
        )


def _check_frame(frame: Frame, camera: str) -> None:
    pixels = frame.pixels
    _say(frame.camera == camera, f"camera is {frame.camera!r} instead of {camera!r}")
    _say(frame.number >= 0, f"number {frame.number} is below 0")
    _say(frame.captured_at.utcoffset() == timedelta(0), f"{frame.captured_at} is not aware and UTC")
    _say(pixels.dtype == np.uint8, f"pixels are {pixels.dtype} instead of uint8")
    _say(pixels.ndim == 3 and pixels.shape[2] == 3, f"pixels have the shape {pixels.shape}")
    _say(pixels.flags.c_contiguous, "pixels do not lie in one piece")


def _say(good: bool, wrong: str) -> None:
    if not good:
        raise AssertionError(wrong)
