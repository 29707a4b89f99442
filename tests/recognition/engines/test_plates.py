"""The engine of our own networks: what it reads on drawn plates, refuses and doubts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from platewire.errors import ConfigError, PictureError
from platewire.recognition.engines.plates import LOW_SCORE_MAX, Plates, PlatesSettings
from platewire.recognition.networks.plate_reader import PlateText
from platewire.recognition.networks.text_line import Character, TextLine
from platewire.recognition.refused import Reason
from platewire.recognition.stopwatch import Stopwatch
from platewire.testing.check_engine import check_engine
from tests.recognition.drawing import frame_of, plate_picture, put, scene_with, wall


@pytest.fixture(scope="module")
def plates() -> Iterator[Plates]:
    built = PlatesSettings().build()
    yield built
    built.close()


def test_it_is_an_engine() -> None:
    check_engine(PlatesSettings().build(), scene_with("MT09 HFK", height=40))


@pytest.mark.parametrize(
    ("written", "text"),
    [("MT09 HFK", "MT09HFK"), ("WI 027HJ", "WI027HJ"), ("34 AB 1234", "34AB1234")],
)
def test_a_plate_is_read(plates: Plates, written: str, text: str) -> None:
    (read,) = plates.read(scene_with(written, height=40))
    assert read.text == text
    assert read.confidence > 0.7
    assert read.quality is not None


def test_two_plates_are_read_from_left_to_right(plates: Plates) -> None:
    scene = wall()
    put(scene, plate_picture("MT09 HFK", height=36), (480, 200))
    put(scene, plate_picture("WI 027HJ", height=36), (150, 320))
    assert [read.text for read in plates.read(frame_of(scene))] == ["WI027HJ", "MT09HFK"]


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_plate_cut_off_by_the_edge_is_partial_and_of_no_country(
    plates: Plates, side: str
) -> None:
    whole = scene_with("WI 027HJ", height=40)
    (read,) = plates.read(whole)
    assert not read.partial
    middle = round(read.box.x + 0.35 * read.box.width)
    other = round(read.box.x + 0.65 * read.box.width)
    columns = slice(middle, None) if side == "left" else slice(None, other)
    (piece,) = plates.read(replace(whole, pixels=whole.pixels[:, columns].copy()))
    assert piece.partial
    assert piece.country is piece.region is None
    assert len(piece.text) < len(read.text)
    assert piece.confidence > 0.5


def test_a_crop_of_the_plate_alone_is_whole(plates: Plates) -> None:
    scene = scene_with("WI 027HJ", height=40)
    (read,) = plates.read(scene)
    x, y, width, height = map(round, read.box)
    crop = scene.pixels[y : y + height, x : x + width].copy()
    (again,) = plates.read(replace(scene, pixels=crop))
    assert (again.text, again.partial) == (read.text, False)


def test_a_wall_gives_nothing(plates: Plates) -> None:
    examined = plates.examine(frame_of(wall()))
    assert examined == ((), ())


def test_a_plate_too_narrow_is_refused_with_its_reason() -> None:
    engine = PlatesSettings(min_plate_width=400).build()
    examined = engine.examine(scene_with("MT09 HFK", height=40))
    assert examined.reads == ()
    assert {one.reason for one in examined.refused} == {Reason.SMALL}


def test_an_unsure_read_is_refused_with_its_text() -> None:
    engine = PlatesSettings(min_confidence=1.0).build()
    (refused,) = engine.examine(scene_with("MT09 HFK", height=24)).refused
    assert (refused.reason, refused.text) == (Reason.UNSURE, "MT09HFK")


def test_stages_are_timed(plates: Plates) -> None:
    ticks = iter(range(1000))
    watch = Stopwatch(lambda: float(next(ticks)))
    plates.examine(scene_with("MT09 HFK", height=40), watch)
    assert watch.seconds.keys() >= {"detect", "rectify", "read", "second", "quality"}


@pytest.mark.parametrize(
    ("score", "read_in"), [(LOW_SCORE_MAX - 0.1, [0, 2, 4]), (LOW_SCORE_MAX, [0, 1, 2, 3, 4])]
)
def test_a_place_unlikely_a_plate_is_read_five_times_a_second(
    plates: Plates, monkeypatch: pytest.MonkeyPatch, score: float, read_in: list[int]
) -> None:
    frame = scene_with("MT09 HFK", height=40)
    found = [place._replace(score=score) for place in plates.detector.find(frame.pixels)]
    monkeypatch.setattr(plates.detector, "find", lambda pixels: found)
    times = [frame.captured_at + timedelta(milliseconds=100 * index) for index in range(5)]
    reads = [plates.read(replace(frame, captured_at=at)) for at in times]
    assert [index for index, some in enumerate(reads) if some] == read_in


def test_a_recording_read_twice_reads_alike(plates: Plates) -> None:
    frame = scene_with("XQ 1Z7", height=18)
    assert plates.read(frame) == plates.read(frame)


@pytest.mark.parametrize(
    ("own", "other", "looks", "text"),
    [
        ("AB56DXV", "A056DXV", {"GB": 0.9}, "AB56DXV"),
        ("AB56DXV", "A056DXV", {"NL": 0.95}, "A056DXV"),
        ("8ABC123", "8A8C123", {"US": 0.95}, "8A8C123"),
        ("TN37C765", "TN37C52765", {"IN": 0.95}, "TN37CS2765"),
    ],
)
def test_a_text_of_the_form_of_its_looks_outlasts_a_second_opinion_of_no_form(
    plates: Plates,
    monkeypatch: pytest.MonkeyPatch,
    own: str,
    other: str,
    looks: dict[str, float],
    text: str,
) -> None:
    """Not so where owners choose their texts, nor where the other sees more characters."""
    seen = PlateText(line_of(own, 0.7), tuple(looks.items()), None, 1, 1.0)
    monkeypatch.setattr(plates.reader, "read", lambda crops: [seen] * len(crops))
    assert plates.second is not None
    monkeypatch.setattr(plates.second, "ask", lambda pixels, quad: line_of(other, 0.99))
    (read,) = plates.read(scene_with("MT09 HFK", height=40))
    assert read.text == text


def line_of(text: str, chance: float) -> TextLine:
    return TextLine(tuple(Character(symbol, chance, (), 0.5) for symbol in text), text)


def test_without_a_second_opinion_the_general_networks_are_not_loaded() -> None:
    assert PlatesSettings(second_opinion="never").build().second is None


def test_an_array_that_is_no_picture_is_refused(plates: Plates) -> None:
    with pytest.raises(PictureError, match="height x width x 3"):
        plates.read(frame_of(np.zeros((40, 40), np.uint8)))


def test_an_unknown_country_is_named() -> None:
    with pytest.raises(ConfigError, match=r"recognition\.countries: .*XX"):
        PlatesSettings(countries=("XX",)).build()
