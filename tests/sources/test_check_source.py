"""The shipped check finds what is wrong with a source, and names the broken promise."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from platewire.errors import Unavailable
from platewire.model import Frame
from platewire.sources.source import FrameSource, SourceContext
from platewire.testing import check_source as checking
from platewire.testing import promises
from platewire.testing.check_source import Truth, check_source
from platewire.testing.checking import loop_watch
from tests.sources.clips import CAMERA, START, picture

SECOND = timedelta(seconds=1)
COUNT = 5
TRUTH = Truth(live=False, picture=picture(), frames=COUNT)


class Source(FrameSource):
    """A right source of a recording, of which wrong ones differ in one thing."""

    live = False
    dropped = 0
    broken = 0
    count = COUNT

    def __init__(self, context: SourceContext) -> None:
        self.camera = context.camera
        self.next_number = context.first_number

    async def frames(self) -> AsyncGenerator[Frame, None]:
        for position in range(self.count):
            number = self.next_number
            self.next_number += 1
            yield Frame(self.camera, number, START + position * SECOND, picture())


# --- numbers and frames --------------------------------------------------------------------------


class IgnoresFirstNumber(Source):
    def __init__(self, context: SourceContext) -> None:
        super().__init__(replace(context, first_number=0))


class BeginsNumbersAgain(Source):
    async def frames(self) -> AsyncGenerator[Frame, None]:
        self.next_number = checking.NUMBER
        async for frame in super().frames():
            yield frame


class LosesFrames(Source):
    async def frames(self) -> AsyncGenerator[Frame, None]:
        async for frame in super().frames():
            if frame.number % 2:
                yield frame


class LosesFramesUnnoticed(Source):
    """Without gaps in its numbers."""

    count = COUNT - 1


class EndsTooEarly(Source):
    count = 2


class NeverEnds(Source):
    count = 1_000_000


class FallsSilentAtItsEnd(Source):
    async def frames(self) -> AsyncGenerator[Frame, None]:
        async for frame in super().frames():
            yield frame
        await asyncio.Event().wait()


class SaysItIsLive(Source):
    live = True


class DropsUncounted(Source):
    live = True

    async def frames(self) -> AsyncGenerator[Frame, None]:
        self.next_number += 7
        async for frame in super().frames():
            yield frame


class CountsBack(Source):
    dropped = 3

    async def frames(self) -> AsyncGenerator[Frame, None]:
        self.dropped -= 1
        async for frame in super().frames():
            yield frame


def spoiled(name: str, spoil: Callable[[Frame], Frame]) -> type[Source]:
    class Spoiled(Source):
        async def frames(self) -> AsyncGenerator[Frame, None]:
            async for frame in super().frames():
                yield spoil(frame)

    Spoiled.__name__ = name
    return Spoiled


def _swapped(frame: Frame) -> Frame:
    return replace(frame, pixels=np.ascontiguousarray(frame.pixels[:, :, ::-1]))


def _naive(frame: Frame) -> Frame:
    return replace(frame, captured_at=frame.captured_at.replace(tzinfo=None))


SPOILED = [
    (spoiled("SwapsColors", _swapped), promises.PIXELS),
    (spoiled("Gray", lambda frame: replace(frame, pixels=frame.pixels[:, :, 0])), promises.PIXELS),
    (
        spoiled("Sparse", lambda frame: replace(frame, pixels=frame.pixels[:, ::2])),
        promises.PIXELS,
    ),
    (
        spoiled("Mirrored", lambda frame: replace(frame, pixels=frame.pixels[:, :, ::-1])),
        promises.PIXELS,
    ),
    (
        spoiled("Floats", lambda frame: replace(frame, pixels=frame.pixels.astype(np.float32))),
        promises.PIXELS,
    ),
    (spoiled("OtherCamera", lambda frame: replace(frame, camera="other")), promises.CAMERA),
    (
        spoiled("GoesBack", lambda frame: replace(frame, number=-frame.number)),
        promises.FIRST_NUMBER,
    ),
    (
        spoiled(
            "TimeGoesBack",
            lambda frame: replace(frame, captured_at=START - frame.number * SECOND),
        ),
        promises.TIMES,
    ),
    (spoiled("NaiveTimes", _naive), promises.TIMES),
]


# --- the event loop, and the end -----------------------------------------------------------------


class BlocksTheLoop(Source):
    async def frames(self) -> AsyncGenerator[Frame, None]:
        async for frame in super().frames():
            time.sleep(3600)  # noqa: ASYNC251
            yield frame


class CannotBeClosed(Source):
    async def frames(self) -> AsyncGenerator[Frame, None]:
        try:
            async for frame in super().frames():
                yield frame
        finally:
            await asyncio.Event().wait()


class _GoesOn:
    """Hands out a frame after it was closed."""

    def __init__(self, inside: AsyncGenerator[Frame, None]) -> None:
        self._inside = inside

    def __aiter__(self) -> "_GoesOn":
        return self

    async def __anext__(self) -> Frame:
        return await anext(self._inside)

    async def aclose(self) -> None:
        return


class GoesOnAfterClose(Source):
    def frames(self) -> AsyncGenerator[Frame, None]:
        return _GoesOn(super().frames())  # type: ignore[return-value]


class LeavesItsThread(Source):
    over = threading.Event()

    async def frames(self) -> AsyncGenerator[Frame, None]:
        self.over.clear()
        threading.Thread(target=self.over.wait, name="camera").start()
        async for frame in super().frames():
            yield frame


FOUND = [
    (IgnoresFirstNumber, promises.FIRST_NUMBER),
    (BeginsNumbersAgain, promises.NUMBERS),
    (LosesFrames, promises.COMPLETE),
    (LosesFramesUnnoticed, promises.COMPLETE),
    (EndsTooEarly, promises.COMPLETE),
    (NeverEnds, promises.ENDS),
    (FallsSilentAtItsEnd, promises.ENDS),
    (SaysItIsLive, promises.LIVE),
    (CountsBack, promises.COUNTED),
    *SPOILED,
    (BlocksTheLoop, promises.NOT_BLOCKED),
    (CannotBeClosed, promises.CLOSED),
    (GoesOnAfterClose, promises.CLOSED),
    (LeavesItsThread, promises.CLOSED),
]


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failing steps end soon. Those that succeed take a fraction of it."""
    monkeypatch.setattr(checking, "CLOSE_SECONDS_MAX", 1.0)
    monkeypatch.setattr(checking, "THREAD_LOOKS_MAX", 50)
    monkeypatch.setattr(loop_watch, "TURNS_MISSED_MAX", 100)


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize(("source", "promise"), FOUND)
async def test_a_broken_promise_is_found_and_named(source: type[Source], promise: str) -> None:
    try:
        with pytest.raises(AssertionError) as failure:
            await check_source(source, TRUTH, camera=CAMERA, seconds=3)
    finally:
        LeavesItsThread.over.set()
    assert str(failure.value).startswith(f"{promise}; ")


async def test_dropped_frames_of_a_live_source_are_counted() -> None:
    truth = Truth(live=True, picture=picture())
    with pytest.raises(AssertionError, match="7 numbers are missing and `dropped` is 0"):
        await check_source(DropsUncounted, truth)


async def test_a_right_source_passes() -> None:
    frames = await check_source(Source, TRUTH)
    assert [frame.number - checking.NUMBER for frame in frames] == [3, 4, 5]


# --- a camera that gives no frame ----------------------------------------------------------------


class Absent(Source):
    error: Exception = Unavailable('camera "gate" is not there; check its address')

    async def frames(self) -> AsyncGenerator[Frame, None]:
        async for _ in super().frames():
            raise self.error
            yield _


class SaysOnlyNo(Absent):
    error = Unavailable("no")


class RaisesForeignErrors(Absent):
    error = ConnectionResetError("reset by peer")


class EndsSilently(Source):
    count = 0


class WaitsForEver(Source):
    async def frames(self) -> AsyncGenerator[Frame, None]:
        async for frame in super().frames():
            await asyncio.Event().wait()
            yield frame


class MakesFramesUp(Source):
    pass


@pytest.mark.parametrize(
    ("failing", "promise"),
    [
        (SaysOnlyNo, promises.SOURCE_MESSAGE),
        (RaisesForeignErrors, promises.SOURCE_LEAVING),
        (EndsSilently, promises.SOURCE_UNAVAILABLE),
        (WaitsForEver, promises.SOURCE_UNAVAILABLE),
        (MakesFramesUp, promises.SOURCE_UNAVAILABLE),
    ],
)
async def test_what_a_failing_camera_breaks_is_found(failing: type[Source], promise: str) -> None:
    with pytest.raises(AssertionError) as failure:
        await check_source(Source, TRUTH, seconds=1, failing=[failing])
    assert str(failure.value).startswith(f"{promise}; ")


async def test_a_camera_that_fails_as_it_should_passes() -> None:
    await check_source(Source, TRUTH, failing=[Absent])


# --- what the check does not see -----------------------------------------------------------------


class BlocksTheLoopForMoments(Source):
    async def frames(self) -> AsyncGenerator[Frame, None]:
        async for frame in super().frames():
            time.sleep(0.04)  # noqa: ASYNC251
            yield frame


ShiftsTimes = spoiled(
    "ShiftsTimes", lambda frame: replace(frame, captured_at=frame.captured_at + 3600 * SECOND)
)


@pytest.mark.parametrize("source", [BlocksTheLoopForMoments, ShiftsTimes])
async def test_what_is_not_seen(source: type[Source]) -> None:
    await check_source(source, TRUTH)
