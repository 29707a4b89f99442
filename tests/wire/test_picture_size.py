"""The size stands in the first bytes of every kind of picture, and noise has none."""

import io
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from platewire.wire.picture_size import CODESTREAM, size_of

KINDS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "JPEG2000")
SIZES = st.tuples(st.integers(1, 300), st.integers(1, 300))


def saved(kind: str, size: tuple[int, int], **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (9, 99, 199)).save(file, kind, **options)
    return file.getvalue()


@given(st.sampled_from(KINDS), SIZES)
def test_the_size_is_what_was_saved(kind: str, size: tuple[int, int]) -> None:
    assert size_of(saved(kind, size)) == size


@given(SIZES, st.sampled_from([{"lossless": True}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}]))
def test_webp_of_all_kinds(size: tuple[int, int], options: dict[str, object]) -> None:
    assert size_of(saved("WEBP", size, **options)) == size


@pytest.mark.parametrize("options", [{"progressive": True}, {"comment": b"\xff\xc0" * 99}])
def test_jpeg_of_all_kinds(options: dict[str, object]) -> None:
    assert size_of(saved("JPEG", (33, 44), **options)) == (33, 44)


@pytest.mark.parametrize("suffix", [".tif", ".png", ".bmp", ".jp2"])
def test_of_another_encoder(suffix: str) -> None:
    pixels = np.zeros((44, 33, 3), np.uint8)
    assert size_of(cv2.imencode(suffix, pixels)[1].tobytes()) == (33, 44)


def test_tiff_in_either_order_and_large() -> None:
    small = struct.pack(">2sHIHHHIIHHII", b"MM", 42, 8, 2, 256, 4, 1, 33, 257, 4, 1, 44)
    assert size_of(small) == (33, 44)
    large = struct.pack("<2sHHHQQHHQQHHQQ", b"II", 43, 8, 0, 16, 2, 256, 4, 1, 33, 257, 16, 1, 44)
    assert size_of(large) == (33, 44)


def test_a_bare_code_stream() -> None:
    data = saved("JPEG2000", (33, 44))
    assert size_of(data[data.index(CODESTREAM) :]) == (33, 44)


@given(st.sampled_from(KINDS), st.floats(0, 1))
def test_a_file_cut_off_has_its_size_or_none(kind: str, share: float) -> None:
    data = saved(kind, (33, 44))
    assert size_of(data[: int(len(data) * share)]) in (None, (33, 44))


STARTS = [saved(kind, (1, 1))[:12] for kind in KINDS] + [b"MM\0+", b"II+\0", b"\xff\xd8", b""]


@given(st.sampled_from(STARTS), st.binary(max_size=300))
def test_noise_never_fails(start: bytes, noise: bytes) -> None:
    found = size_of(start + noise)
    assert found is None or min(found) >= 0
