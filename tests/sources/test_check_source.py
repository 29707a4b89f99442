"""The shipped check finds what is wrong with a source."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from platewire.model import Frame
from platewire.testing.check_source import check_source
from tests.sources.clips import CAMERA, START, picture

SECOND = timedelta(seconds=1)


class Source:
    """A right source, whose `spoil` may make it wrong."""

    live = False
    dropped = 0
    broken = 0

    def __init__(self) -> None:
        self.next_number = 0
        self.count = 5

    async def frames(self) -> AsyncGenerator[Frame, None]:
        for _ in range(self.count):
            number = self.next_number
            self.next_number += 1
            yield self.spoil(Frame(CAMERA, number, START + number * SECOND, picture()))

    def spoil(self, frame: Frame) -> Frame:
        return frame


async def test_a_right_source_passes() -> None:
    frames = await check_source(Source(), CAMERA)
    assert [frame.number for frame in frames] == [3, 4, 5]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda frame: replace(frame, camera="other"), "camera is 'other'"),
        (lambda frame: replace(frame, number=-frame.number), "follows"),
        (lambda frame: replace(frame, captured_at=START - frame.number * SECOND), "goes back"),
        (
            lambda frame: replace(frame, captured_at=frame.captured_at.replace(tzinfo=None)),
            "is not aware and UTC",
        ),
        (lambda frame: replace(frame, pixels=frame.pixels[:, :, 0]), "have the shape"),
        (lambda frame: replace(frame, pixels=frame.pixels[:, ::2]), "do not lie in one piece"),
        (lambda frame: replace(frame, pixels=frame.pixels.astype(np.float32)), "are float32"),
    ],
)
async def test_a_wrong_frame_is_found(wrong: object, said: str) -> None:
    source = Source()
    source.spoil = wrong  # type: ignore[method-assign, assignment]
    with pytest.raises(AssertionError, match=said):
        await check_source(source, CAMERA)


async def test_too_few_frames_are_found() -> None:
    source = Source()
    source.count = 2
    with pytest.raises(AssertionError, match="2 frames came instead of 3"):
        await check_source(source, CAMERA)


async def test_numbers_that_begin_again_are_found() -> None:
    class Forgetful(Source):
        async def frames(self) -> AsyncGenerator[Frame, None]:
            self.next_number = 0
            async for frame in super().frames():
                yield frame

    with pytest.raises(AssertionError, match="numbers begin again"):
        await check_source(Forgetful(), CAMERA)
