"""Photos of all kinds come in as one kind; crops and drawings go out."""

import hashlib
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from platewire.errors import PictureError
from platewire.model import Box, Pixels
from platewire.recognition.engines.rapidocr import RapidOcr
from platewire.recognition.pictures import (
    annotate,
    decode_picture,
    encode,
    load_picture,
    plate_crop,
    vehicle_crop,
)
from tests.recognition.drawing import frame_of, scene_with, wall


def half_red() -> Image.Image:
    """64 wide, 48 high, the left half red, the right half white."""
    picture = Image.new("RGB", (64, 48), (255, 255, 255))
    picture.paste((200, 0, 0), (0, 0, 32, 48))
    return picture


def is_half_red(pixels: Pixels) -> bool:
    red, white = pixels[24, 8].tolist(), pixels[24, 56].tolist()
    return bool(red[2] > 150 and max(red[:2]) < 80 and min(white) > 240)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.bmp", "a.tiff"])
def test_formats_are_understood(tmp_path: Path, name: str) -> None:
    half_red().save(tmp_path / name)
    pixels = load_picture(tmp_path / name)
    assert pixels.shape == (48, 64, 3)
    assert pixels.dtype == np.uint8
    assert is_half_red(pixels)


def test_gray_becomes_color(tmp_path: Path) -> None:
    Image.new("L", (64, 48), 90).save(tmp_path / "gray.png")
    assert load_picture(tmp_path / "gray.png")[0, 0].tolist() == [90, 90, 90]


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((48, 64, 3), 0x8000, np.uint16))
    assert load_picture(tmp_path / "deep.png")[0, 0].tolist() == [128, 128, 128]


def test_printing_colors_become_light(tmp_path: Path) -> None:
    half_red().convert("CMYK").save(tmp_path / "print.jpg")
    assert is_half_red(load_picture(tmp_path / "print.jpg"))


def test_a_turned_photo_is_set_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to view
    half_red().transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.jpg", exif=exif)
    pixels = load_picture(tmp_path / "turned.jpg")
    assert pixels.shape == (48, 64, 3)
    assert is_half_red(pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["RGB", "RGBA", "L"])
def test_all_orientations_are_set_upright(tmp_path: Path, orientation: int, form: str) -> None:
    """Pillow turns the picture as EXIF says it must be turned to be viewed; we set it upright."""
    upright = half_red().convert(form)
    exif = Image.Exif()
    exif[0x0112] = orientation
    away = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turned = upright.transpose(away[orientation]) if orientation in away else upright
    turned.save(tmp_path / "turned.png", exif=exif)
    expected = np.asarray(upright.convert("RGB"))[:, :, ::-1]
    assert np.array_equal(load_picture(tmp_path / "turned.png"), expected)


def test_what_shines_through_is_white(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    picture.paste((200, 0, 0, 255), (0, 0, 32, 48))
    picture.save(tmp_path / "clear.png")
    assert is_half_red(load_picture(tmp_path / "clear.png"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"gone\.jpg cannot be read"):
        load_picture(tmp_path / "gone.jpg")


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(PictureError, match=r"empty\.jpg is empty"):
        load_picture(tmp_path / "empty.jpg")


@pytest.mark.parametrize("data", [b"no picture", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"BM"])
def test_what_is_no_picture_is_named(data: bytes) -> None:
    with pytest.raises(PictureError, match="the file is not a decodable image"):
        decode_picture(data, "the file")


def test_a_picture_of_one_pixel_is_too_small(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    with pytest.raises(PictureError, match=r"dot\.png has 1 x 1 pixels, too few"):
        load_picture(tmp_path / "dot.png")


def test_a_huge_picture_is_refused_before_it_is_decoded() -> None:
    size = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + size
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    data += struct.pack(">I", zlib.crc32(chunk))
    with pytest.raises(PictureError, match="60000 x 60000 pixels; the maximum is 128 million"):
        decode_picture(data, "huge.png")


@pytest.mark.parametrize("name", ["huge.tif", "huge.gif", "huge.jp2", "huge.bmp"])
def test_no_huge_picture_of_any_kind_is_decoded(tmp_path: Path, name: str) -> None:
    """What would take gigabytes is refused by its header alone; here the rest is not even there."""
    Image.new("L", (64, 48)).save(tmp_path / name)
    data = bytearray((tmp_path / name).read_bytes())
    at, form = {
        "huge.tif": (18, "<I"),
        "huge.gif": (6, "<H"),
        "huge.jp2": (data.find(b"\xff\x4f\xff\x51") + 8, ">I"),
        "huge.bmp": (18, "<i"),
    }[name]
    step = 12 if name == "huge.tif" else struct.calcsize(form)
    for place in (at, at + step):
        struct.pack_into(form, data, place, 60_000)
    with pytest.raises(PictureError, match="60000 x 60000 pixels; the maximum is 128 million"):
        decode_picture(bytes(data), name)


@given(
    st.binary(max_size=200), st.sampled_from([b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"BM", b"RIFF"])
)
def test_noise_is_a_picture_error(noise: bytes, start: bytes) -> None:
    with pytest.raises(PictureError):
        decode_picture(start + noise, "noise")


def test_the_plate_crop_holds_the_plate_and_a_margin() -> None:
    frame = scene_with("12-BDF-3")
    crop = plate_crop(frame, Box(200, 240, 100, 40))
    assert crop.shape == (52, 112, 3)
    assert np.array_equal(crop, frame.pixels[234:286, 194:306])


def test_crops_at_the_edge_stay_inside() -> None:
    frame = frame_of(wall())
    assert plate_crop(frame, Box(600, 470, 40, 10)).shape[1] <= 42
    for box in (Box(0, 0, 30, 10), Box(610, 470, 30, 10)):
        crop = vehicle_crop(frame, box)
        assert min(crop.shape[:2]) > 0


def test_the_vehicle_crop_is_wider_than_the_plate() -> None:
    crop = vehicle_crop(frame_of(wall()), Box(280, 300, 80, 20))
    assert crop.shape[1] == pytest.approx(336, abs=2)


def test_an_encoded_picture_is_named_by_its_bytes() -> None:
    picture = encode(wall(), "frame", longest_side=320)
    assert picture.image.sha256 == hashlib.sha256(picture.jpeg).hexdigest()
    assert picture.image.url == f"/api/v1/images/{picture.image.sha256}.jpg"
    assert (picture.image.width, picture.image.height) == (320, 240)
    assert picture.image.bytes == len(picture.jpeg)
    assert decode_picture(picture.jpeg, "again").shape == (240, 320, 3)
    assert encode(wall(), "frame", longest_side=320) == picture


def test_a_lower_quality_is_smaller() -> None:
    pixels = scene_with("12-BDF-3").pixels
    assert len(encode(pixels, "frame", quality=30).jpeg) < len(encode(pixels, "frame").jpeg)


def test_an_array_without_pixels_is_not_encoded() -> None:
    with pytest.raises(PictureError, match="plate image"):
        encode(np.zeros((0, 0, 3), np.uint8), "plate")


def test_boxes_are_drawn_on_a_copy(engine: RapidOcr) -> None:
    frame = scene_with("12-BDF-3")
    before = frame.pixels.copy()
    reads = engine.read(frame)
    drawn = annotate(frame.pixels, reads)
    assert np.array_equal(frame.pixels, before)
    box = reads[0].box
    assert drawn[round(box.y + box.height), round(box.center[0])].tolist() == [0, 200, 0]
    assert np.array_equal(annotate(frame.pixels, ()), before)
