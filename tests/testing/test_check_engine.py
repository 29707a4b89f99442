"""The check of engines finds engines that break their promises, and names the broken one."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace as replaced
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from platewire.errors import PictureError
from platewire.model import Box, Candidate, Frame, Read
from platewire.recognition.engine import Engine
from platewire.recognition.refused import Examined
from platewire.recognition.stopwatch import Stopwatch
from platewire.testing import promises
from platewire.testing.check_engine import START, check_engine

PIXELS = np.full((60, 120, 3), 90, np.uint8)
PIXELS[20:40, 30:90] = (0, 0, 255)
PLATE = Frame("gate", 7, START, PIXELS)


class Right(Engine):
    """A right engine: what is red is the plate. Wrong ones differ in one thing."""

    def read(self, frame: Frame) -> Sequence[Read]:
        if frame.pixels.ndim != 3 or frame.pixels.shape[2] != 3:
            raise PictureError(f"a frame of the shape {frame.pixels.shape} is no picture")
        rows, columns = np.nonzero((frame.pixels == (0, 0, 255)).all(axis=2))
        if not len(rows):
            return []
        x, y = float(columns.min()), float(rows.min())
        box = Box(x, y, float(columns.max()) - x + 1, float(rows.max()) - y + 1)
        return [self.spoil(self._read(frame, box))]

    def _read(self, frame: Frame, box: Box) -> Read:
        return Read(
            at=frame.captured_at,
            frame=frame.number,
            text="AB12",
            raw="AB12",
            display="AB 12",
            unicode="AB12",
            confidence=0.9,
            characters=(0.9,) * 4,
            candidates=(Candidate("A812", 0.3),),
            country="DE",
            box=box,
        )

    def spoil(self, read: Read) -> Read:
        return read

    def close(self) -> None:
        pass


def spoiled(name: str, **changes: Any) -> type[Right]:
    class Spoiled(Right):
        def spoil(self, read: Read) -> Read:
            return structs.replace(read, **changes)

    Spoiled.__name__ = name
    return Spoiled


# --- state ---------------------------------------------------------------------------------------


class RepeatsItsLastReads(Right):
    """Where it finds nothing."""

    last: Sequence[Read] = ()

    def read(self, frame: Frame) -> Sequence[Read]:
        self.last = super().read(frame) or self.last
        return self.last


class ReportsAPlateTwice(Right):
    """And then never again."""

    reported = 0

    def read(self, frame: Frame) -> Sequence[Read]:
        reads = super().read(frame) if self.reported < 2 else []
        self.reported += len(reads)
        return reads


class GrowsMoreSure(Right):
    seen = 0

    def spoil(self, read: Read) -> Read:
        self.seen += 1
        return structs.replace(read, confidence=min(1.0, 0.5 + self.seen / 10))


class KeepsTheFirstTime(Right):
    first: Read | None = None

    def spoil(self, read: Read) -> Read:
        self.first = self.first or read
        return structs.replace(read, at=self.first.at, frame=self.first.frame)


# --- threads, bad frames, the end ----------------------------------------------------------------


class BoundToItsThread(Right):
    def __init__(self) -> None:
        self.thread = threading.get_ident()

    def read(self, frame: Frame) -> Sequence[Read]:
        if threading.get_ident() != self.thread:
            raise RuntimeError("created in another thread")
        return super().read(frame)


class NotReentrant(Right):
    calls_at_once = 4
    busy = False

    def read(self, frame: Frame) -> Sequence[Read]:
        if self.busy:
            raise RuntimeError("already reading")
        self.busy = True
        try:
            time.sleep(0.05)
            return super().read(frame)
        finally:
            self.busy = False


class RaisesForeignErrors(Right):
    def read(self, frame: Frame) -> Sequence[Read]:
        height, _, channels = frame.pixels.shape
        if channels != 3 or height == 0:
            raise IndexError("index 0 is out of bounds")
        return super().read(frame)


class ReadsAnything(Right):
    def read(self, frame: Frame) -> Sequence[Read]:
        if frame.pixels.size < 10:
            return [self._read(frame, Box(0, 0, 1, 1))]
        return super().read(frame)


class SeesPlatesEverywhere(Right):
    def read(self, frame: Frame) -> Sequence[Read]:
        return super().read(frame) or [self._read(frame, Box(0, 0, 1, 1))]


class SeesNothing(Right):
    def read(self, frame: Frame) -> Sequence[Read]:
        return super().read(replaced(frame, pixels=np.zeros_like(frame.pixels)))


class FailsOnASecondClose(Right):
    closed = False

    def close(self) -> None:
        if self.closed:
            raise RuntimeError("already closed")
        self.closed = True


class ExaminesOtherwise(Right):
    def examine(self, frame: Frame, watch: Stopwatch | None = None) -> Examined:
        reads = tuple(self.read(frame))
        return Examined(reads if watch is None else reads[:0])


class ChangesTheText(Right):
    """Whether the text is right is for the benchmarks."""

    def spoil(self, read: Read) -> Read:
        return structs.replace(read, text="XX99", raw="XX99")


FOUND = [
    (RepeatsItsLastReads, promises.STATELESS),
    (ReportsAPlateTwice, promises.STATELESS),
    (GrowsMoreSure, promises.STATELESS),
    (KeepsTheFirstTime, promises.STATELESS),
    (BoundToItsThread, promises.ANY_THREAD),
    (NotReentrant, promises.CALLS_AT_ONCE),
    (RaisesForeignErrors, promises.BAD_FRAME),
    (ReadsAnything, promises.BAD_FRAME),
    (SeesPlatesEverywhere, promises.PLAIN),
    (SeesNothing, promises.READS),
    (FailsOnASecondClose, promises.ENGINE_CLOSE),
    (ExaminesOtherwise, promises.EXAMINE),
    (spoiled("OutsideLeft", box=Box(-5, 20, 60, 20)), promises.BOXES),
    (spoiled("OutsideRight", box=Box(90, 20, 60, 20)), promises.BOXES),
    (spoiled("EmptyBox", box=Box(30, 20, 0, 20)), promises.BOXES),
    (spoiled("TooSure", confidence=1.2), promises.READS),
    (spoiled("Percent", characters=(90.0,) * 4), promises.READS),
    (spoiled("Negative", candidates=(Candidate("A812", -0.1),)), promises.READS),
    (spoiled("FewCharacters", characters=(0.9,)), promises.READS),
    (spoiled("OwnCandidate", candidates=(Candidate("AB12", 0.3),)), promises.READS),
    (spoiled("LowerCase", text="ab12"), promises.READS),
    (spoiled("Alpha3", country="DEU"), promises.READS),
    (spoiled("OtherFrame", frame=8), promises.READS),
    (spoiled("NothingRaw", raw=""), promises.READS),
]


@pytest.mark.parametrize(("engine", "promise"), FOUND)
def test_a_broken_promise_is_found_and_named(engine: type[Right], promise: str) -> None:
    with pytest.raises(AssertionError) as failure:
        check_engine(engine(), PLATE)
    assert str(failure.value).startswith(f"{promise}; ")


@pytest.mark.parametrize("engine", [Right, ChangesTheText])
def test_a_right_engine_passes_and_so_does_what_the_check_does_not_see(
    engine: type[Right],
) -> None:
    check_engine(engine(), PLATE)
