"""Bytes of one picture -> pixels, with limits that hold before any memory is asked for.

The size is read from the picture's own header first. A camera sends JPEG or PNG; what is neither is
no picture of a camera. Files may be of more kinds.
"""

import cv2
import numpy as np

from platewire.errors import PictureError, Unavailable
from platewire.model import Pixels
from platewire.wire.picture_size import size_of

PIXELS_MAX = 64_000_000
SIDE_MIN = 16
"""A shorter side shows no plate; cameras send such pictures as place holders."""
BROKEN_IN_A_ROW = 10
TRAILER_BYTES_MAX = 4096
"""Some cameras write notes of their own behind a JPEG's end."""

_JPEG_END = b"\xff\xd9"
_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"


def decode(data: bytes) -> Pixels:
    """Pixels of a whole JPEG or PNG, turned as its EXIF says. PictureError says what is wrong."""
    if not data.startswith((_JPEG, _PNG)):
        raise PictureError(f"neither JPEG nor PNG: {_shown(data)}")
    return decode_file(data)


def decode_file(data: bytes) -> Pixels:
    """The same, and also BMP, WebP, TIFF, GIF and JPEG 2000."""
    if not data:
        raise PictureError("empty: 0 bytes")
    _check_size(data)
    if data.startswith(_JPEG) and _JPEG_END not in data[-TRAILER_BYTES_MAX:]:
        raise PictureError(f"a JPEG that is cut off after {len(data):,} bytes")
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise PictureError(f"cannot be decoded: {error.err}") from error
    if pixels is None:
        raise PictureError(f"cannot be decoded: {_shown(data)}")
    return usable(np.ascontiguousarray(pixels, np.uint8))


def _check_size(data: bytes) -> None:
    """PictureError for a file that states no size, or too large a one."""
    size = size_of(data)
    if size is None:
        raise PictureError(f"cannot be decoded, as it states no size: {_shown(data)}")
    if size[0] * size[1] > PIXELS_MAX:
        raise PictureError(
            f"states {size[0]}x{size[1]} pixels, more than {PIXELS_MAX:,} in all; scale it down"
        )


def _shown(data: bytes) -> str:
    return f"{len(data):,} bytes that begin {data[:16]!r}"


def usable(pixels: Pixels) -> Pixels:
    """The pixels themselves; PictureError when a side is shorter than `SIDE_MIN`."""
    height, width = pixels.shape[:2]
    if min(width, height) < SIDE_MIN:
        raise PictureError(f"{width}x{height} pixels is too small to show a plate")
    return pixels


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
