"""Bytes of one picture -> pixels, with limits that hold before any memory is asked for.

The size is read from the picture's own header first: JPEG as in ITU-T T.81 annex B, PNG as in
ISO/IEC 15948 section 11.2.2. What is neither is no picture of a camera.
"""

import cv2
import numpy as np

from platewire.errors import PictureError, Unavailable
from platewire.model import Pixels

PIXELS_MAX = 64_000_000
SIDE_MIN = 16
"""A shorter side shows no plate; cameras send such pictures as place holders."""
BROKEN_IN_A_ROW = 10
TRAILER_BYTES_MAX = 4096
"""Some cameras write notes of their own behind a JPEG's end."""

_JPEG_END = b"\xff\xd9"
_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))


def decode(data: bytes) -> Pixels:
    """Pixels of a whole JPEG or PNG, turned as its EXIF says. PictureError says what is wrong."""
    width, height = _stated_size(data)
    if width * height > PIXELS_MAX:
        raise PictureError(f"states {width}x{height} pixels, more than {PIXELS_MAX:,} in all")
    if data.startswith(_JPEG) and _JPEG_END not in data[-TRAILER_BYTES_MAX:]:
        raise PictureError(f"a JPEG that is cut off after {len(data):,} bytes")
    return _decode(data)


def decode_file(data: bytes) -> Pixels:
    """The same, and also what else OpenCV reads (BMP, WebP, TIFF), whose size is not checked."""
    return decode(data) if data.startswith((_JPEG, _PNG)) else _decode(data)


def _decode(data: bytes) -> Pixels:
    if not data:
        raise PictureError("empty: 0 bytes")
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise PictureError(f"cannot be decoded: {error.err}") from error
    if pixels is None:
        raise PictureError(f"cannot be decoded: {len(data):,} bytes that begin {data[:16]!r}")
    return usable(np.ascontiguousarray(pixels, np.uint8))


def usable(pixels: Pixels) -> Pixels:
    """The pixels themselves; PictureError when a side is shorter than `SIDE_MIN`."""
    height, width = pixels.shape[:2]
    if min(width, height) < SIDE_MIN:
        raise PictureError(f"{width}x{height} pixels is too small to show a plate")
    return pixels


def _stated_size(data: bytes) -> tuple[int, int]:
    """Width and height that the header states."""
    if data.startswith(_PNG) and len(data) >= 24:
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if data.startswith(_JPEG):
        return _jpeg_size(data)
    raise PictureError(f"neither JPEG nor PNG: {len(data):,} bytes that begin {data[:16]!r}")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(data):
        marker = data[at + 1]
        if data[at] != 0xFF:
            break
        if marker in _FRAME_HEADERS:
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        if marker == 0xFF:
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    raise PictureError(f"a JPEG of {len(data):,} bytes that states no size")


class BrokenPictures:
    """Bears some broken pictures in a row, none before the first good one."""

    def __init__(self, camera: str, remedy: str) -> None:
        self._camera = camera
        self._remedy = remedy
        self._left = 1

    def good(self) -> None:
        self._left = BROKEN_IN_A_ROW

    def bad(self, reason: object) -> None:
        """Unavailable, naming camera, reason and remedy, when too many came in a row."""
        self._left -= 1
        if self._left <= 0:
            raise Unavailable(
                f"camera {self._camera} sends what is no usable picture: {reason}; {self._remedy}"
            )
