"""What every engine must keep: call it from a test of your own. Free of pytest.

    check_engine(MyEngine().build(), frame_with_a_plate)

`plate` is a frame in which the engine finds at least one plate. AssertionError begins with the
broken sentence of the contract (`platewire.testing.promises`). Not checked: whether the text is
right, and how long a read takes.
"""

import itertools
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np

from platewire.errors import PictureError
from platewire.model import Box, Frame, Read
from platewire.recognition.engine import Engine
from platewire.recognition.refused import REFUSED_MAX
from platewire.recognition.stopwatch import Stopwatch
from platewire.testing.checking.steps import broken, expect
from platewire.testing.promises import (
    ANY_THREAD,
    BAD_FRAME,
    BOXES,
    CALLS_AT_ONCE,
    ENGINE_CLOSE,
    EXAMINE,
    PLAIN,
    READS,
    STATELESS,
)

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TEXT = re.compile("[A-Z0-9]+")
COUNTRY = re.compile("[A-Z]{2}")
BOX_TOLERANCE = 0.1
"""Pixels by which a box may leave the frame, for rounding."""


def check_engine(engine: Engine, plate: Frame) -> None:
    """Raises AssertionError that says what is wrong. Closes the engine."""
    check_empty(engine)
    check_reads(engine, plate)
    check_repeats(engine, plate)
    check_threads(engine, plate)
    check_nonsense(engine)
    check_examine(engine, plate)
    check_close(engine)


def check_empty(engine: Engine) -> None:
    for value in (0, 127, 255):
        frame = Frame("empty", 0, START, np.full((120, 160, 3), value, np.uint8))
        reads = list(engine.read(frame))
        expect(not reads, PLAIN, f"{reads} were read in a plain picture of {value}")


def check_reads(engine: Engine, plate: Frame) -> None:
    reads = engine.read(plate)
    expect(bool(reads), READS, "no plate was read in the frame that shows one")
    for read in reads:
        check_read(read, plate)


def check_read(read: Read, frame: Frame) -> None:
    at = f"`at` is {read.at} and `frame` {read.frame}"
    expect(read.at == frame.captured_at and read.frame == frame.number, READS, at)
    expect(bool(TEXT.fullmatch(read.text)), READS, f"text {read.text!r} is not A-Z and 0-9")
    expect(bool(read.raw), READS, "`raw` is empty")
    each = f"`characters` has {len(read.characters)} numbers for {read.text!r}"
    expect(len(read.characters) == len(read.text), READS, each)
    sure = (read.confidence, *read.characters, *(one.confidence for one in read.candidates))
    expect(all(0 <= value <= 1 for value in sure), READS, f"confidences {sure} are not 0 to 1")
    own = read.text in {one.text for one in read.candidates}
    expect(not own, READS, f"text {read.text!r} is its own candidate")
    known = read.country is None or COUNTRY.fullmatch(read.country) is not None
    expect(known, READS, f"country {read.country!r} is not ISO 3166-1 alpha-2")
    if read.quality is not None:
        weight = read.quality.weight
        expect(0 < weight <= 1, READS, f"the quality's weight is {weight}")
    check_box(read.box, frame)


def check_box(box: Box, frame: Frame) -> None:
    height, width = frame.pixels.shape[:2]
    seen = f"box {box} is empty or leaves the frame of {width} x {height} pixels"
    inside = (
        min(box.width, box.height) > 0
        and min(box.x, box.y) >= 0
        and box.x + box.width <= width + BOX_TOLERANCE
        and box.y + box.height <= height + BOX_TOLERANCE
    )
    expect(inside, BOXES, seen)


def check_repeats(engine: Engine, plate: Frame) -> None:
    """The same picture reads the same later, and nothing of it is read in a plain one after it."""
    first = engine.read(plate)
    plain = Frame(plate.camera, plate.number + 1, START, np.full_like(plate.pixels, 127))
    left = list(engine.read(plain))
    expect(not left, STATELESS, f"after a frame with a plate, a plain picture reads {left}")
    later = Frame(plate.camera, plate.number + 2, START + timedelta(1), plate.pixels)
    again = engine.read(later)
    same = _told(first) == _told(again)
    expect(same, STATELESS, f"the same picture reads {_told(first)}, later {_told(again)}")
    for read in again:
        own = (read.at, read.frame) == (later.captured_at, later.number)
        expect(own, STATELESS, "a read has the time or the number of another frame")


def _told(reads: Sequence[Read]) -> list[tuple[str, Box, float]]:
    return [(read.text, read.box, read.confidence) for read in reads]


def check_threads(engine: Engine, plate: Frame) -> None:
    """The pool reads on threads of its own, not on the one that built the engine."""
    expected = _told(engine.read(plate))
    with ThreadPoolExecutor(1) as executor:
        try:
            told = _told(executor.submit(engine.read, plate).result())
        except Exception as error:
            broken(ANY_THREAD, f"it raised {error!r}", error)
    expect(told == expected, ANY_THREAD, f"it reads {told} instead of {expected}")
    if (calls := engine.calls_at_once) > 1:
        _check_side_by_side(engine, plate, calls, expected)


def _check_side_by_side(
    engine: Engine, plate: Frame, calls: int, expected: list[tuple[str, Box, float]]
) -> None:
    with ThreadPoolExecutor(calls) as executor:
        try:
            all_told = [_told(each) for each in executor.map(engine.read, [plate] * calls)]
        except Exception as error:
            broken(CALLS_AT_ONCE, f"one of {calls} raised {error!r}", error)
    wrong = [told for told in all_told if told != expected]
    expect(not wrong, CALLS_AT_ONCE, f"{len(wrong)} of {calls} read otherwise: {wrong[:1]}")


def check_examine(engine: Engine, plate: Frame) -> None:
    """`examine` says the same reads, timed or not, and few refused candidates in the frame."""
    ticks = itertools.count()
    watch = Stopwatch(lambda: next(ticks))
    timed, untimed = engine.examine(plate, watch), engine.examine(plate)
    expect(timed == untimed, EXAMINE, "a stopwatch changes what is read")
    expect(bool(watch.seconds), EXAMINE, "no stage was timed")
    expect(bool(untimed.reads), EXAMINE, "it reads nothing in the frame that shows a plate")
    few = len(untimed.refused) <= REFUSED_MAX
    expect(few, EXAMINE, f"{len(untimed.refused)} refused are kept, at most {REFUSED_MAX} may be")
    for refused in untimed.refused:
        share = f"the confidence of a refused one is {refused.confidence}"
        expect(0 <= refused.confidence <= 1, EXAMINE, share)
        check_box(refused.box, plate)


def check_nonsense(engine: Engine) -> None:
    """An array that is no picture is a PictureError or no reads, never another error."""
    for shape in ((1, 1, 3), (0, 0, 3), (64, 64), (64, 64, 4)):
        try:
            reads = list(engine.read(Frame("nonsense", 0, START, np.zeros(shape, np.uint8))))
        except PictureError:
            continue
        except Exception as error:
            broken(BAD_FRAME, f"an array of {shape} raised {error!r}", error)
        expect(not reads, BAD_FRAME, f"{reads} were read in an array of {shape}")


def check_close(engine: Engine) -> None:
    for time in ("first", "second"):
        try:
            engine.close()
        except Exception as error:
            broken(ENGINE_CLOSE, f"the {time} call raised {error!r}", error)
