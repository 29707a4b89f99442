"""What an engine found and did not report is kept with its reason."""

from collections.abc import Sequence

import numpy as np
import pytest

from platewire.model import Box, Frame, Read
from platewire.recognition.engine import Engine
from platewire.recognition.engines.rapidocr import RapidOcr, RapidOcrSettings
from platewire.recognition.refused import REFUSED_MAX, Reason, Refused, counted, likeliest
from platewire.recognition.stopwatch import Stopwatch
from tests.recognition.drawing import frame_of, plate_picture, put, scene_with, wall


def refused_of(config: RapidOcrSettings, frame: Frame) -> list[tuple[Reason, str]]:
    return [(one.reason, one.text) for one in config.build().examine(frame).refused]


def test_a_word_is_refused_for_its_form(engine: RapidOcr) -> None:
    scene = wall()
    put(scene, plate_picture("TOYOTA"), (320, 120))
    put(scene, plate_picture("12-BDF-3"), (320, 320))
    found = engine.examine(frame_of(scene))
    assert [read.text for read in found.reads] == ["12BDF3"]
    (refused,) = found.refused
    assert (refused.reason, refused.text) == (Reason.FORM, "TOYOTA")
    assert refused.box.center == pytest.approx((320, 120), abs=12)
    assert refused.confidence > 0.8


def test_a_narrow_plate_is_refused_for_its_size() -> None:
    config = RapidOcrSettings(min_plate_width=300)
    assert refused_of(config, scene_with("12-BDF-3", height=40)) == [(Reason.SMALL, "12BDF3")]


def test_an_unsure_plate_is_refused_with_its_text() -> None:
    config = RapidOcrSettings(min_confidence=1.0)
    assert refused_of(config, scene_with("12-BDF-3")) == [(Reason.UNSURE, "12BDF3")]


def test_a_square_text_is_refused_for_its_shape(engine: RapidOcr) -> None:
    scene = wall()
    put(scene, plate_picture("12-BDF-3-MT09HFK-WI027HJ-AB125CD", height=26), (320, 240))
    assert {one.reason for one in engine.examine(frame_of(scene)).refused} == {Reason.SHAPE}


def test_the_pieces_of_a_plate_are_not_refused(engine: RapidOcr) -> None:
    assert engine.examine(scene_with("34 AB 1234")).refused == ()


def test_of_many_the_likeliest_are_kept() -> None:
    many = [
        Refused(reason=Reason.FORM, text="", confidence=number / 100, box=Box(0, 0, 1, 1))
        for number in range(50)
    ]
    kept = likeliest(many)
    assert len(kept) == REFUSED_MAX
    assert kept[0].confidence == 0.49
    assert counted(kept) == {"refused_form": REFUSED_MAX}


class Plain(Engine):
    """An engine with `read` alone."""

    def read(self, frame: Frame) -> Sequence[Read]:
        return []

    def close(self) -> None: ...


def test_an_engine_with_read_alone_is_examined_too() -> None:
    ticks = iter((1.0, 3.5))
    watch = Stopwatch(lambda: next(ticks))
    assert Plain().examine(frame_of(wall()), watch) == ((), ())
    assert watch.seconds == {"read": 2.5}


def test_stages_are_timed_and_change_nothing(engine: RapidOcr) -> None:
    frame = scene_with("12-BDF-3")
    seconds = iter(np.arange(1000.0).tolist())
    watch = Stopwatch(lambda: next(seconds))
    assert engine.examine(frame, watch) == engine.examine(frame)
    assert set(watch.seconds) == {"detect", "rectify", "read", "vehicle", "quality"}
