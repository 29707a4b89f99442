"""Encoded image -> pixels, with limits that are checked before memory is allocated.

The size is read from the picture's own header first. A camera sends JPEG or PNG; what is neither is
no picture of a camera. Files may be of more kinds.
"""

import cv2
import numpy as np

from platewire.errors import PictureError, Unavailable
from platewire.model import Pixels
from platewire.wire.picture_size import size_of

PIXELS_MAX = 64_000_000
"""Pixels of a picture, at most: above any camera's, about 200 MB once decoded."""
SIDE_MIN = 16
"""A shorter side shows no plate; cameras send such pictures as place holders."""
BROKEN_IN_A_ROW = 10
"""Broken pictures one after the other that are passed over; then the source counts as failed."""
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
        raise PictureError(f"a JPEG truncated after {len(data):,} bytes")
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
        raise PictureError(f"cannot be decoded, the image size is missing: {_shown(data)}")
    if size[0] * size[1] > PIXELS_MAX:
        raise PictureError(
            f"the image size {size[0]}x{size[1]} exceeds {PIXELS_MAX:,} pixels; scale it down"
        )


def _shown(data: bytes) -> str:
    return f"{len(data):,} bytes starting with {data[:16]!r}"


def usable(pixels: Pixels) -> Pixels:
    """The pixels themselves; PictureError when a side is shorter than `SIDE_MIN`."""
    height, width = pixels.shape[:2]
    if min(width, height) < SIDE_MIN:
        raise PictureError(f"{width}x{height} pixels are too few to show a plate")
    return pixels


class BrokenPictures:
    """Tolerates some invalid images in a row, but none before the first valid one."""

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
                f"camera {self._camera} sent invalid images: {reason}; {self._remedy}"
            )
