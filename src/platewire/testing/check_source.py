"""The check that every source must pass, shipped so that a source of your own can be held to it.

    truth = Truth(live=False, picture=pixels, frames=25)
    await check_source(settings.build, truth, failing=[settings_of_a_missing_file.build])

The test knows what the source shows: its `Truth`. AssertionError begins with the broken sentence of
the contract (`platewire.testing.promises`). Not checked: how exact times are, and how long a source
waits before it takes a camera for silent; the event loop blocked for less than about 3 seconds.
"""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import timedelta
from typing import NamedTuple, cast

import numpy as np

from platewire.errors import ConfigError, Unavailable
from platewire.model import Frame, Pixels
from platewire.runtime.clock import SystemClock
from platewire.sources.source import FrameSource, SourceContext
from platewire.testing.checking.loop_watch import loop_watched
from platewire.testing.checking.steps import broken, expect
from platewire.testing.promises import (
    CAMERA,
    CLOSED,
    COMPLETE,
    COUNTED,
    ENDS,
    FIRST_NUMBER,
    LIVE,
    NUMBERS,
    PIXELS,
    SOURCE_LEAVING,
    SOURCE_MESSAGE,
    SOURCE_UNAVAILABLE,
    TIMES,
)

CLOSE_SECONDS_MAX = 10.0
"""Seconds for closing a source, at most: a restart waits as long."""
THREAD_LOOKS_MAX = 500
"""Looks for threads that still run, `THREAD_LOOK_SECONDS` apart, before they count as left."""
THREAD_LOOK_SECONDS = 0.01
"""Seconds between two looks for threads that still run: short, as tests wait for it."""
NUMBER = 4711
"""Number of the first frame: that of no source by itself."""
WORDS_MIN = 4
"""Words of an error message, at least: fewer cannot say what is wrong and where."""
SURPLUS = 3
"""So many frames more than there should be are read before a source counts as endless."""

Make = Callable[[SourceContext], FrameSource]


class Truth(NamedTuple):
    live: bool
    picture: Pixels
    """What every frame shows: BGR bytes of the frames' height and width. It needs parts in pure
    colors; how bright the rest is may differ."""
    frames: int | None = None
    """How many frames a recording has; None for a camera, and for a recording that is looped."""


async def check_source(
    make: Make,
    truth: Truth,
    *,
    camera: str = "gate",
    frames: int = 3,
    seconds: float = 60.0,
    failing: Sequence[Make] = (),
) -> list[Frame]:
    """Reads `frames` frames over each of two connections, then a recording to its end.

    `make` is the config's `build`; it must be able to give that many frames twice, within `seconds`
    of real time. Each of `failing` makes a source that has no frame to give: its camera is not
    there, or silent, or it sends what is no picture. Returns the frames of the second connection.
    """
    context = SourceContext(camera, SystemClock(), NUMBER)
    threads = set(threading.enumerate())
    async with loop_watched():
        threads |= set(threading.enumerate())
        taken = await _check_frames(make(context), truth, camera, frames, seconds)
        for broken_one in failing:
            await _check_failing(broken_one(context), camera, seconds)
        await _check_threads(threads)
    return taken


async def _check_frames(
    source: FrameSource, truth: Truth, camera: str, count: int, seconds: float
) -> list[Frame]:
    expect(source.live == truth.live, LIVE, f"it is {source.live} instead of {truth.live}")
    before = (source.dropped, source.broken)
    first = await _connection(source, count, seconds)
    second = await _connection(source, count, seconds)
    _check_numbers(source, truth, first)
    _check_order([*first, *second])
    for frame in (*first, *second):
        _check_frame(frame, camera, truth.picture)
    for taken in (first, second):
        _check_times(taken)
    if truth.frames is not None:
        await _check_end(source, truth.frames, seconds)
    after = (source.dropped, source.broken)
    rises = all(b <= a for b, a in zip(before, after, strict=True))
    expect(rises, COUNTED, f"`dropped` and `broken` went from {before} to {after}")
    return second


# --- connections ---------------------------------------------------------------------------------


async def _connection(source: FrameSource, count: int, seconds: float) -> list[Frame]:
    iterator = cast("AsyncGenerator[Frame, None]", source.frames())
    taken = await _taken(iterator, count, seconds)
    expect(len(taken) == count, COMPLETE, f"{len(taken)} frames came instead of {count}")
    return taken


async def _taken(iterator: AsyncGenerator[Frame, None], count: int, seconds: float) -> list[Frame]:
    """At most `count` frames; closes the iterator."""
    taken: list[Frame] = []
    try:
        async with asyncio.timeout(seconds):
            async for frame in iterator:
                taken.append(frame)
                if len(taken) == count:
                    break
    except TimeoutError as error:
        broken(ENDS, f"after {len(taken)} frames nothing came for {seconds:g} s", error)
    finally:
        await _close(iterator)
    return taken


async def _close(iterator: AsyncGenerator[Frame, None]) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            await iterator.aclose()
    except TimeoutError as error:
        broken(CLOSED, f"closing took longer than {CLOSE_SECONDS_MAX:g} s", error)
    with contextlib.suppress(StopAsyncIteration):
        frame = await anext(iterator)
        broken(CLOSED, f"frame {frame.number} came after closing")


async def _check_end(source: FrameSource, count: int, seconds: float) -> None:
    iterator = cast("AsyncGenerator[Frame, None]", source.frames())
    taken = await _taken(iterator, count + SURPLUS, seconds)
    expect(len(taken) <= count, ENDS, f"{len(taken)} frames came of a recording of {count}")
    if not source.live:
        expect(len(taken) == count, COMPLETE, f"{len(taken)} of {count} frames came")


async def _check_failing(source: FrameSource, camera: str, seconds: float) -> None:
    iterator = cast("AsyncGenerator[Frame, None]", source.frames())
    try:
        taken = await _taken(iterator, 1, seconds)
    except (Unavailable, ConfigError) as error:
        text = str(error)
        named = f"{text!r} does not contain the camera's name {camera!r}"
        expect(camera in text, SOURCE_MESSAGE, named)
        long = f"{text!r} has {len(text.split())} words; use at least {WORDS_MIN}"
        expect(len(text.split()) >= WORDS_MIN, SOURCE_MESSAGE, long)
    except AssertionError as error:
        broken(SOURCE_UNAVAILABLE, str(error), error)
    except Exception as error:
        broken(SOURCE_LEAVING, f"{error!r} left it", error)
    else:
        broken(SOURCE_UNAVAILABLE, f"{len(taken)} frames came and nothing was raised")


async def _check_threads(before: set[threading.Thread]) -> None:
    """Executors' threads stay; those that a source starts end with its iterator."""
    left: list[str] = []
    for _ in range(THREAD_LOOKS_MAX):
        new = set(threading.enumerate()) - before
        left = [each.name for each in new if not each.name.startswith("asyncio_")]
        if not left:
            return
        await asyncio.sleep(THREAD_LOOK_SECONDS)
    broken(CLOSED, f"threads still run: {', '.join(left)}")


# --- frames --------------------------------------------------------------------------------------


def _check_numbers(source: FrameSource, truth: Truth, taken: list[Frame]) -> None:
    """Of the first connection."""
    first, last = taken[0].number, taken[-1].number
    if not truth.live:
        expect(first == NUMBER, FIRST_NUMBER, f"it is {first} instead of {NUMBER}")
        whole = last - first + 1 == len(taken)
        expect(whole, COMPLETE, f"frames {[frame.number for frame in taken]} came")
        return
    expect(first >= NUMBER, FIRST_NUMBER, f"it is {first}, below {NUMBER}")
    missing, stated = last - NUMBER + 1 - len(taken), source.dropped
    seen = f"{missing} numbers are missing and `dropped` is {stated}"
    expect(missing <= stated, COUNTED, seen)


def _check_order(frames: list[Frame]) -> None:
    for one, other in itertools.pairwise(frames):
        expect(one.number < other.number, NUMBERS, f"number {other.number} follows {one.number}")


def _check_times(frames: list[Frame]) -> None:
    """Of one connection: a recording begins again."""
    for frame in frames:
        aware = frame.captured_at.utcoffset() == timedelta(0)
        expect(aware, TIMES, f"{frame.captured_at} is not aware and in UTC")
    for one, other in itertools.pairwise(frames):
        seen = f"time goes back from {one.captured_at} to {other.captured_at}"
        expect(one.captured_at <= other.captured_at, TIMES, seen)


def _check_frame(frame: Frame, camera: str, picture: Pixels) -> None:
    expect(frame.camera == camera, CAMERA, f"it is {frame.camera!r} instead of {camera!r}")
    pixels = frame.pixels
    expect(pixels.dtype == np.uint8, PIXELS, f"they are {pixels.dtype} instead of uint8")
    expect(pixels.shape == picture.shape, PIXELS, f"they have the shape {pixels.shape}")
    expect(pixels.flags.c_contiguous, PIXELS, "they are not contiguous")
    right, swapped = _distance(pixels, picture), _distance(pixels, picture[:, :, ::-1])
    seen = f"frame {frame.number} is closer to the picture with red and blue swapped"
    expect(right < swapped, PIXELS, seen)


def _distance(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())
