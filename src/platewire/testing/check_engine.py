"""What every engine must keep, as plain assertions: call it from a test of your own.

    check_engine(MyEngine().build(), frame_with_a_plate)

`plate` is a frame in which the engine finds at least one plate.
"""

# ruff: noqa: S101
import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np

from platewire.errors import PictureError
from platewire.model import Box, Frame, Read
from platewire.recognition.engine import Engine, ExaminingEngine
from platewire.recognition.refused import REFUSED_MAX
from platewire.recognition.stopwatch import Stopwatch

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TEXT = re.compile("[A-Z0-9]+")


def check_engine(engine: Engine, plate: Frame) -> None:
    """Raises AssertionError that says what is wrong. Closes the engine."""
    check_empty(engine)
    check_reads(engine, plate)
    check_repeats(engine, plate)
    check_threads(engine, plate)
    check_nonsense(engine)
    if isinstance(engine, ExaminingEngine):
        check_examine(engine, plate)
    engine.close()
    engine.close()


def check_empty(engine: Engine) -> None:
    for value in (0, 127, 255):
        frame = Frame("empty", 0, START, np.full((120, 160, 3), value, np.uint8))
        assert list(engine.read(frame)) == [], f"a plate was read in a plain picture of {value}"


def check_reads(engine: Engine, plate: Frame) -> None:
    reads = engine.read(plate)
    assert reads, "no plate was read in the frame that shows one"
    for read in reads:
        check_read(read, plate)


def check_read(read: Read, frame: Frame) -> None:
    assert read.at == frame.captured_at, "`at` is not the frame's time"
    assert read.frame == frame.number, "`frame` is not the frame's number"
    assert TEXT.fullmatch(read.text), f"text {read.text!r} is not A-Z and 0-9"
    assert read.raw, "`raw` is empty"
    assert len(read.characters) == len(read.text), "`characters` has not one number for each"
    sure = (read.confidence, *read.characters, *(one.confidence for one in read.candidates))
    assert all(0 <= value <= 1 for value in sure), f"confidences {sure} are not 0 to 1"
    assert read.text not in {one.text for one in read.candidates}, "the text is its own candidate"
    assert read.country is None or re.fullmatch("[A-Z]{2}", read.country), "country is no alpha-2"
    check_box(read.box, frame)
    if read.quality is not None:
        assert 0 < read.quality.weight <= 1, f"quality's weight {read.quality.weight} is no share"


def check_box(box: Box, frame: Frame) -> None:
    height, width = frame.pixels.shape[:2]
    assert min(box.width, box.height) > 0, f"box {box} is empty"
    assert min(box.x, box.y) >= 0, f"box {box} begins outside the frame"
    assert box.x + box.width <= width + 0.1, f"box {box} leaves the frame of {width} pixels"
    assert box.y + box.height <= height + 0.1, f"box {box} leaves the frame of {height} pixels"


def check_repeats(engine: Engine, plate: Frame) -> None:
    """Nothing is kept between frames: the same picture later reads the same."""
    later = Frame(plate.camera, plate.number, plate.captured_at + timedelta(1), plate.pixels)
    first = [(read.text, read.box) for read in engine.read(plate)]
    again = [(read.text, read.box) for read in engine.read(later)]
    assert first == again, f"the same picture read {first}, then {again}"


def check_threads(engine: Engine, plate: Frame) -> None:
    """The pool reads on a thread of its own, not on the one that built the engine."""
    with ThreadPoolExecutor(1) as executor:
        assert executor.submit(engine.read, plate).result(), "nothing was read on another thread"


def check_examine(engine: ExaminingEngine, plate: Frame) -> None:
    """`examine` says the same reads, timed or not, and few refused candidates in the frame."""
    ticks = itertools.count()
    watch = Stopwatch(lambda: next(ticks))
    timed, untimed = engine.examine(plate, watch), engine.examine(plate)
    assert timed == untimed, "a stopwatch changes what is read"
    assert watch.seconds, "no stage was timed"
    assert untimed.reads, "`examine` reads nothing in the frame that shows a plate"
    assert len(untimed.refused) <= REFUSED_MAX, f"more than {REFUSED_MAX} refused are kept"
    for refused in untimed.refused:
        assert 0 <= refused.confidence <= 1, f"confidence {refused.confidence} is not 0 to 1"
        check_box(refused.box, plate)


def check_nonsense(engine: Engine) -> None:
    """An array that is no picture is a PictureError or no reads, never another error."""
    for shape in ((1, 1, 3), (0, 0, 3), (64, 64), (64, 64, 4)):
        try:
            reads = engine.read(Frame("nonsense", 0, START, np.zeros(shape, np.uint8)))
        except PictureError:
            continue
        assert list(reads) == [], f"a plate was read in an array of {shape}"
