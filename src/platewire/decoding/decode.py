"""A picture's bytes -> pixels. Whatever a file, a camera or a request brings goes through here.

What stands before a picture and behind its end is left out, then its own header says what it is and
how large; only then memory is allocated. Upright, blue-green-red, 8 bits; what shines through
becomes white. OpenCV decodes most kinds, Pillow AVIF, PyAV HEIC.
"""

from collections.abc import Iterator
from io import BytesIO

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps
import PIL.ImageSequence

from platewire.decoding import jpeg
from platewire.decoding.heif import decode_heif
from platewire.decoding.multipart import unwrapped
from platewire.errors import PictureError
from platewire.model import Pixels
from platewire.wire import heif
from platewire.wire.picture_size import size_of

PIXELS_MAX = 128_000_000
"""Pixels of a picture, at most: phones take 108 million. About 400 MB once decoded."""
SIDE_MIN = 16
"""Pixels; a shorter side shows no plate; cameras send such pictures as place holders."""
ORIENTATION_TAG = 0x0112
"""The Exif tag that says how a camera was held."""
SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"),
        *(".jp2", ".heic", ".heif", ".hif", ".avif"),
    )
)
"""Of files that are pictures, in lower case."""
KINDS = "JPEG, PNG, WebP, HEIC, AVIF, BMP, TIFF, GIF and JPEG 2000"
CLIP_FRAMES_MAX = 10_000
"""Pictures of an animated GIF that are read, at most: ten minutes at 15 a second."""
FRAME_SECONDS_MIN = 0.02
"""Shorter durations in a GIF mean "as fast as possible"."""
FRAME_SECONDS = 0.1
"""Seconds that browsers show a picture of such a GIF for."""
GIF = (b"GIF87a", b"GIF89a")

# Sizes are checked here, before Pillow sees a picture; its own limit is lower.
PIL.Image.MAX_IMAGE_PIXELS = PIXELS_MAX


def decode(data: bytes) -> Pixels:
    """Height x width x 3. PictureError says what is wrong, without a name."""
    if not data:
        raise PictureError("empty: 0 bytes")
    data = unwrapped(data)
    _check_size(data)
    if heif.is_heif(data):
        pixels = decode_heif(data, PIXELS_MAX)
    elif heif.is_avif(data):
        pixels = _by_pillow(data)
    else:
        pixels = _by_opencv(_bounded(data))
    return usable(pixels)


def is_moving(data: bytes) -> bool:
    """Whether it is a GIF of several pictures."""
    if not data.startswith(GIF):
        return False
    try:
        with PIL.Image.open(BytesIO(data)) as picture:
            return bool(getattr(picture, "is_animated", False))
    except (OSError, ValueError, SyntaxError):
        return False


def moving(data: bytes) -> Iterator[tuple[float, Pixels]]:
    """The pictures of an animated GIF, with their seconds since the first one. PictureError."""
    _check_size(data)
    at = 0.0
    try:
        with PIL.Image.open(BytesIO(data)) as clip:
            pictures = PIL.ImageSequence.Iterator(clip)
            for _, picture in zip(range(CLIP_FRAMES_MAX), pictures, strict=False):
                yield at, usable(_of_pillow(picture))
                shown = float(picture.info.get("duration", 0)) / 1000
                at += shown if shown >= FRAME_SECONDS_MIN else FRAME_SECONDS
    except (OSError, ValueError, SyntaxError) as error:
        raise PictureError(f"a GIF that cannot be decoded: {error}") from error


def usable(pixels: Pixels) -> Pixels:
    """The pixels themselves; PictureError when a side is shorter than `SIDE_MIN`."""
    height, width = pixels.shape[:2]
    if min(width, height) < SIDE_MIN:
        raise PictureError(f"{width}x{height} pixels are too few to show a plate")
    return pixels


def _check_size(data: bytes) -> None:
    """PictureError for what is no picture, states no size, or too large a one."""
    size = size_of(data)
    if size is None:
        raise PictureError(
            f"cannot be decoded, the image size is missing: {_shown(data)}; supported: {KINDS}"
        )
    if size[0] * size[1] > PIXELS_MAX:
        raise PictureError(
            f"the image size {size[0]}x{size[1]} exceeds {PIXELS_MAX:,} pixels; scale it down"
        )


def _shown(data: bytes) -> str:
    return f"{len(data):,} bytes starting with {data[:16]!r}"


def _bounded(data: bytes) -> bytes:
    """A JPEG up to its end marker, with one where it was left out; all else as it is."""
    if not data.startswith(jpeg.START):
        return data
    if (end := jpeg.end_of(data)) is not None:
        return data[:end]
    if not jpeg.is_whole(data):
        raise PictureError(f"a JPEG truncated after {len(data):,} bytes")
    return jpeg.ended(data)


def _by_opencv(data: bytes) -> Pixels:
    buffer = np.frombuffer(data, np.uint8)
    try:
        pixels = cv2.imdecode(buffer, cv2.IMREAD_COLOR)
        with_alpha = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED) if data[:4] == b"\x89PNG" else None
    except cv2.error as error:
        raise PictureError(f"cannot be decoded: {error.err}") from error
    if pixels is None:
        raise PictureError(f"cannot be decoded: {_shown(data)}")
    if with_alpha is not None and with_alpha.ndim == 3 and with_alpha.shape[2] == 4:
        return turned(on_white(with_alpha), orientation_of(data))
    return np.ascontiguousarray(pixels, np.uint8)


def _by_pillow(data: bytes) -> Pixels:
    try:
        with PIL.Image.open(BytesIO(data)) as picture:
            return _of_pillow(PIL.ImageOps.exif_transpose(picture))
    except (OSError, ValueError, SyntaxError) as error:
        raise PictureError(f"cannot be decoded: {error}") from error


def _of_pillow(picture: PIL.Image.Image) -> Pixels:
    if picture.has_transparency_data:
        return on_white(np.asarray(picture.convert("RGBA"))[..., [2, 1, 0, 3]])
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"), np.uint8)[..., ::-1])


def orientation_of(data: bytes) -> int:
    """EXIF's number from 1 to 8; 1, upright, where there is none."""
    try:
        with PIL.Image.open(BytesIO(data)) as picture:
            return int(picture.getexif().get(ORIENTATION_TAG, 1))
    except (OSError, ValueError, SyntaxError):
        return 1


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """Set upright from one of EXIF's orientations."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def on_white(pixels: np.ndarray) -> Pixels:
    """Blends four channels of 8 or 16 bits over white."""
    full = 255.0 if pixels.dtype == np.uint8 else 65535.0
    shares = pixels.astype(np.float32) / full
    blended = shares[..., :3] * shares[..., 3:] + (1 - shares[..., 3:])
    return np.asarray((blended * 255).round(), np.uint8)
