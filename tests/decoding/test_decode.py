"""Decoding one picture: limits first, errors in words."""

import contextlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from platewire.decoding.decode import decode, is_moving, moving
from platewire.errors import PictureError
from tests.decoding.foreign import changed_heic, gif, heic, multipart, odd_pictures, scene
from tests.sources.clips import HEIGHT, WIDTH, jpeg, picture


def encoded(suffix: str) -> bytes:
    return cv2.imencode(suffix, picture())[1].tobytes()


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_pixels_come_as_they_went(suffix: str) -> None:
    pixels = decode(encoded(suffix))
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(pixels.astype(int) - picture()).mean() < 4


@pytest.mark.parametrize("suffix", [".bmp", ".webp", ".tif"])
def test_cameras_may_send_what_files_may_hold(suffix: str) -> None:
    assert decode(encoded(suffix)).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("odd", odd_pictures())
def test_odd_pictures_are_decoded(odd: str) -> None:
    pixels = decode(odd_pictures()[odd])
    assert pixels.shape == scene().shape
    assert np.abs(pixels.astype(int) - scene()).mean() < 5


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (b"irot", 1, np.rot90(scene(), 1)),
        (b"irot", 3, np.rot90(scene(), 3)),
        (b"imir", 0, scene()[::-1]),
        (b"imir", 1, scene()[:, ::-1]),
    ],
)
def test_a_heic_is_turned_and_mirrored_as_it_says(
    kind: bytes, value: int, expected: np.ndarray
) -> None:
    """As libheif does with these bytes."""
    pixels = decode(changed_heic(kind, value))
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() < 5


def test_an_avif_is_turned_as_it_says() -> None:
    turned = Image.fromarray(np.ascontiguousarray(scene()[..., ::-1])).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = BytesIO()
    turned.save(data, "AVIF", quality=90, exif=exif)
    assert np.abs(decode(data.getvalue()).astype(int) - scene()).mean() < 5


@pytest.mark.parametrize("cut", [2, 10, 100, 1000])
def test_a_heic_that_is_cut_off_is_told(cut: int) -> None:
    with pytest.raises(PictureError, match=r"HEIC file that cannot be decoded|size is missing"):
        decode(heic()[: len(heic()) // cut])


@given(st.integers(0, 700), st.integers(0, 255))
def test_a_damaged_heic_is_a_picture_or_an_error(at: int, value: int) -> None:
    data = bytearray(heic("tiles"))
    data[at] = value
    with contextlib.suppress(PictureError):
        decode(bytes(data))


def test_the_pictures_of_a_gif_come_with_their_times() -> None:
    assert is_moving(gif())
    assert not is_moving(odd_pictures()["gif"])
    found = list(moving(gif(4, 200)))
    assert [round(at, 1) for at, _ in found] == [0.0, 0.2, 0.4, 0.6]
    assert all(pixels.shape == scene().shape for _, pixels in found)
    with pytest.raises(PictureError, match="GIF that cannot be decoded"):
        list(moving(gif()[:200]))


@given(st.binary(max_size=300), st.sampled_from([b"--a\r\n", multipart(("x", b"y"))[:30], b"\r\n"]))
def test_noise_in_parts_is_an_error(noise: bytes, start: bytes) -> None:
    with pytest.raises(PictureError):
        decode(start + noise)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty: 0 bytes"),
        (b"<html>login</html>", "cannot be decoded.*<html>.*supported: JPEG, PNG"),
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
        decode(start + noise)
