"""The engine reads plates drawn by code, and nothing where there is none."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from platewire.errors import ConfigError, PictureError
from platewire.model import Read
from platewire.recognition.engines.rapidocr import RapidOcr, RapidOcrSettings
from platewire.testing.check_engine import check_engine
from tests.recognition.drawing import frame_of, plate_picture, put, scene_with, wall


def only(reads: Sequence[Read]) -> Read:
    assert len(reads) == 1
    return reads[0]


@pytest.mark.parametrize(
    ("written", "text", "country"),
    [
        ("12-BDF-3", "12BDF3", "NL"),
        ("MT09 HFK", "MT09HFK", "GB"),
        ("SB 90 TZI", "SB90TZI", "RO"),
        ("1-ABC-234", "1ABC234", "BE"),
        ("WI 027HJ", "WI027HJ", "PL"),
        ("34 AB 1234", "34AB1234", "TR"),
    ],
)
def test_a_plate_is_read(engine: RapidOcr, written: str, text: str, country: str) -> None:
    read = only(engine.read(scene_with(written)))
    assert (read.text, read.display, read.country) == (text, written, country)
    assert read.confidence > 0.8


@pytest.mark.parametrize("angle", [-18.0, -8.0, 8.0, 18.0])
def test_a_tilted_plate_is_read(engine: RapidOcr, angle: float) -> None:
    assert only(engine.read(scene_with("12-BDF-3", angle=angle))).text == "12BDF3"


def test_a_small_plate_is_read(engine: RapidOcr) -> None:
    assert only(engine.read(scene_with("12-BDF-3", height=16))).text == "12BDF3"


def test_a_blurred_and_compressed_plate_is_read(engine: RapidOcr) -> None:
    blurred = cv2.GaussianBlur(scene_with("12-BDF-3", height=40).pixels, (0, 0), 2.0)
    _, jpeg = cv2.imencode(".jpg", blurred, [cv2.IMWRITE_JPEG_QUALITY, 30])
    decoded = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)
    assert only(engine.read(frame_of(decoded))).text == "12BDF3"


def test_a_plate_of_another_ground_is_read(engine: RapidOcr) -> None:
    assert only(engine.read(scene_with("12-BDF-3", ground=(245, 190, 20)))).text == "12BDF3"


def test_the_sign_of_the_band_is_no_part_of_the_text(engine: RapidOcr) -> None:
    read = only(engine.read(scene_with("12-BDF-3", band="NL", height=90)))
    assert (read.text, read.country) == ("12BDF3", "NL")


def test_two_plates_are_read_from_left_to_right(engine: RapidOcr) -> None:
    scene = wall()
    put(scene, plate_picture("MT09 HFK", height=40), (480, 200))
    put(scene, plate_picture("12-BDF-3", height=40), (150, 320))
    first, second = engine.read(frame_of(scene))
    assert (first.text, second.text) == ("12BDF3", "MT09HFK")
    assert first.box.x < second.box.x


def test_a_plate_in_wide_pieces_is_one_read(engine: RapidOcr) -> None:
    scene = wall()
    plate = np.full((60, 330, 3), 245, np.uint8)
    for piece, x in (("34", 10), ("AB", 110), ("1234", 205)):
        drawn = plate_picture(piece, height=60)[6:54, 16:-16]
        width = min(drawn.shape[1], plate.shape[1] - x)
        plate[6:54, x : x + width] = drawn[:, :width]
    put(scene, plate, (320, 240))
    assert [read.text for read in engine.read(frame_of(scene))] == ["34AB1234"]


def test_a_plate_of_two_lines_is_one_read(engine: RapidOcr) -> None:
    scene = wall()
    plate = np.full((120, 220, 3), 245, np.uint8)
    for piece, x, y in (("MH 12", 40, 6), ("AB 1234", 15, 62)):
        drawn = plate_picture(piece, height=50)[5:45, 12:-12]
        plate[y : y + 40, x : x + drawn.shape[1]] = drawn[:, : 220 - x]
    put(scene, plate, (320, 240))
    read = only(engine.read(frame_of(scene)))
    assert (read.text, read.country, read.region) == ("MH12AB1234", "IN", "MH")


@pytest.mark.parametrize(
    "writing",
    [
        *("TAXI", "POLICE 112", "STOP", "SUZUKI", "TOYOTA"),
        *("2024-05-06", "06-05-2024 10:12:10", "10:12:10", "12 MAY 2024"),
        *("CAM 01", "Channel 04", "0800 123456", "www.dealer24.com", "25 FPS"),
    ],
)
def test_other_writing_is_no_plate(engine: RapidOcr, writing: str) -> None:
    scene = wall()
    cv2.putText(scene, writing, (30, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (255, 255, 255), 2)
    put(scene, plate_picture(writing), (320, 300))
    assert [read.text for read in engine.read(frame_of(scene))] == []


def test_an_empty_scene_has_no_plate(engine: RapidOcr) -> None:
    assert engine.read(frame_of(wall())) == []


def test_a_repair_is_never_silent() -> None:
    engine = RapidOcrSettings(countries=("FR",)).build()
    read = only(engine.read(scene_with("AB-12S-CD")))
    assert (read.text, read.raw) == ("AB125CD", "AB12SCD")
    assert "AB12SCD" in {one.text for one in read.candidates}


def test_expected_countries_decide_between_forms() -> None:
    frame = scene_with("AB-123-CD")
    french = RapidOcrSettings(countries=("FR",)).build()
    italian = RapidOcrSettings(countries=("IT",)).build()
    assert only(french.read(frame)).country == "FR"
    assert only(italian.read(frame)).country == "IT"


def test_a_plate_narrower_than_asked_for_is_not_read() -> None:
    engine = RapidOcrSettings(min_plate_width=300).build()
    assert engine.read(scene_with("12-BDF-3", height=40)) == []


def test_the_box_lies_around_the_plate(engine: RapidOcr) -> None:
    box = only(engine.read(scene_with("12-BDF-3"))).box
    assert box.center == pytest.approx((320, 260), abs=12)
    assert 20 < box.height < 75


def test_a_plate_at_the_edge_keeps_its_box_inside(engine: RapidOcr) -> None:
    scene = wall()
    put(scene, plate_picture("12-BDF-3"), (120, 28))
    put(scene, plate_picture("MT09 HFK"), (500, 452))
    for read in engine.read(frame_of(scene)):
        assert read.box.x >= 0
        assert read.box.y >= 0
        assert read.box.x + read.box.width <= 640
        assert read.box.y + read.box.height <= 480


def test_the_engine_keeps_what_engines_promise() -> None:
    check_engine(RapidOcrSettings().build(), scene_with("12-BDF-3"))


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(ConfigError, match="no plate forms for XX"):
        RapidOcrSettings(countries=("NL", "XX")).build()


@pytest.mark.parametrize("shape", [(480, 640), (480, 640, 4), (2, 2, 3), (0, 640, 3)])
def test_an_array_that_is_no_picture_is_refused(engine: RapidOcr, shape: tuple[int, ...]) -> None:
    with pytest.raises(PictureError, match="camera drawn, frame 7"):
        engine.read(frame_of(np.zeros(shape, np.uint8)))


def test_a_picture_of_floats_is_refused(engine: RapidOcr) -> None:
    with pytest.raises(PictureError, match="float64"):
        engine.read(frame_of(np.zeros((480, 640, 3))))  # type: ignore[arg-type]
