"""Decoding one picture: limits first, errors in words."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.errors import PictureError, Unavailable
from platewire.sources.frames.picture import BROKEN_IN_A_ROW, BrokenPictures, decode, decode_file
from tests.sources.clips import HEIGHT, WIDTH, jpeg, picture


def encoded(suffix: str) -> bytes:
    return cv2.imencode(suffix, picture())[1].tobytes()


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_pixels_come_as_they_went(suffix: str) -> None:
    pixels = decode(encoded(suffix))
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(pixels.astype(int) - picture()).mean() < 4


@pytest.mark.parametrize("suffix", [".bmp", ".webp", ".tif"])
def test_files_may_have_more_formats_than_cameras(suffix: str) -> None:
    assert decode_file(encoded(suffix)).shape == (HEIGHT, WIDTH, 3)
    with pytest.raises(PictureError, match="neither JPEG nor PNG"):
        decode(encoded(suffix))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "neither JPEG nor PNG: 0 bytes"),
        (b"<html>login</html>", "neither JPEG nor PNG.*<html>"),
        (jpeg(90, 1, 1), "1x1 pixels are too few"),
        (jpeg()[:-300], "truncated after"),
        (jpeg()[:20], "image size is missing"),
        (b"\xff\xd8\xff", "image size is missing"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "cannot be decoded"),
    ],
)
def test_what_is_no_picture_is_said_in_words(data: bytes, said: str) -> None:
    with pytest.raises(PictureError, match=said):
        decode(data)


def test_a_picture_that_states_a_giant_size_is_refused_before_it_is_decoded() -> None:
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = (30_000).to_bytes(2, "big") * 2
    with pytest.raises(PictureError, match="image size 30000x30000"):
        decode(bytes(data))


@given(st.binary(max_size=300), st.sampled_from([b"", jpeg()[:100], encoded(".png")[:60]]))
def test_noise_gives_a_picture_error_and_nothing_else(noise: bytes, start: bytes) -> None:
    with pytest.raises(PictureError):
        decode_file(start + noise)


def test_the_first_broken_picture_is_told_at_once_later_ones_when_they_repeat() -> None:
    with pytest.raises(Unavailable, match="camera gate sent invalid images: why; do"):
        BrokenPictures("gate", "do this").bad("why")
    pictures = BrokenPictures("gate", "do this")
    for _ in range(3):
        pictures.good()
        for _ in range(BROKEN_IN_A_ROW - 1):
            pictures.bad("why")
    with pytest.raises(Unavailable):
        pictures.bad("why")
