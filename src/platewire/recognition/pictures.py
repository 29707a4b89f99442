"""Images in and out: photos from files, crops for events, annotated frames."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from platewire.decoding.decode import KINDS, PIXELS_MAX, SIDE_MIN, decode
from platewire.decoding.multipart import unwrapped
from platewire.errors import PictureError
from platewire.model import Box, Frame, Image, Picture, Pixels, Read, picture_path
from platewire.wire.picture_size import size_of

PLATE_MARGIN = 0.15
"""Of the plate's height, on each side of its crop."""

Role = Literal["plate", "vehicle", "frame"]


# --- in ---------------------------------------------------------------------------------------


def load_picture(path: Path) -> Pixels:
    """The photo in a file: any depth and number of channels becomes blue-green-red of 8 bits, a
    turned one (EXIF) is set upright, what shines through becomes white.

    Raises PictureError for what is no picture, or one too small or too large.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {error.strerror}") from error
    return decode_picture(data, str(path))


def decode_picture(data: bytes, name: str) -> Pixels:
    """As `load_picture`, for bytes; `name` is what messages call it."""
    if not data:
        raise PictureError(f"{name} is empty; save the image again")
    if (size := size_of(unwrapped(data))) is not None:
        check_size(size, name)
    try:
        return decode(data)
    except PictureError as error:
        raise PictureError(
            f"{name} is not a decodable image, or truncated ({error}); supported: {KINDS}"
        ) from error


def checked(frame: Frame) -> Pixels:
    """The frame's picture, for an engine to read; PictureError for an array that is none."""
    pixels = frame.pixels
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise PictureError(
            f"camera {frame.camera}, frame {frame.number}: the image must have the shape height x "
            f"width x 3 with 8 bits, not {pixels.shape} {pixels.dtype}"
        )
    if min(pixels.shape[:2]) < SIDE_MIN:
        raise PictureError(
            f"camera {frame.camera}, frame {frame.number}: {pixels.shape[1]} x {pixels.shape[0]} "
            f"pixels are too few to read a plate; the minimum is {SIDE_MIN} per side"
        )
    return pixels


def check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > PIXELS_MAX:
        raise PictureError(
            f"{name} has {width} x {height} pixels; the maximum is {PIXELS_MAX // 1000000} "
            "million; scale it down"
        )
    if min(size) < SIDE_MIN:
        raise PictureError(
            f"{name} has {width} x {height} pixels, too few to read a plate; the minimum is "
            f"{SIDE_MIN} per side"
        )


# --- out --------------------------------------------------------------------------------------


def plate_crop(frame: Frame, box: Box) -> Pixels:
    """The part of the frame that was read, with a small margin."""
    margin = box.height * PLATE_MARGIN
    return cut(
        frame.pixels,
        box.x - margin,
        box.y - margin,
        box.width + 2 * margin,
        box.height + 2 * margin,
    )


def vehicle_crop(frame: Frame, plate_box: Box) -> Pixels:
    """The vehicle around a plate, by the plate's width: cars are about three and a half wide."""
    width = plate_box.width * 4.2
    left = plate_box.center[0] - width / 2
    top = plate_box.y - width * 0.62
    return cut(frame.pixels, left, top, width, width * 0.85)


def cut(pixels: Pixels, x: float, y: float, width: float, height: float) -> Pixels:
    """The part of the picture that lies in the box; at least one pixel."""
    high, wide = pixels.shape[:2]
    left, top = int(np.clip(x, 0, wide - 1)), int(np.clip(y, 0, high - 1))
    right = int(np.clip(np.ceil(x + width), left + 1, wide))
    bottom = int(np.clip(np.ceil(y + height), top + 1, high))
    return pixels[top:bottom, left:right]


def encode(
    pixels: Pixels, role: Role, *, quality: int = 85, longest_side: int | None = None
) -> Picture:
    """The picture as JPEG under its content's name, scaled down to `longest_side` pixels if it
    is larger. Raises PictureError for what cannot be encoded."""
    scaled = scaled_down(pixels, longest_side)
    try:
        done, encoded = cv2.imencode(".jpg", scaled, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error as error:
        raise PictureError(f"the {role} image of shape {pixels.shape} cannot be encoded") from error
    if not done:
        raise PictureError(f"the {role} image of shape {pixels.shape} cannot be encoded as JPEG")
    jpeg = encoded.tobytes()
    digest = hashlib.sha256(jpeg).hexdigest()
    height, width = scaled.shape[:2]
    url = picture_path(digest)
    image = Image(url=url, sha256=digest, width=width, height=height, bytes=len(jpeg))
    return Picture(role, image, jpeg)


def scaled_down(pixels: Pixels, longest_side: int | None) -> Pixels:
    height, width = pixels.shape[:2]
    if longest_side is None or max(height, width) <= longest_side:
        return pixels
    ratio = longest_side / max(height, width)
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def annotate(pixels: Pixels, reads: Sequence[Read]) -> Pixels:
    """A copy with a box and a label at each plate."""
    drawn = pixels.copy()
    scale = max(0.5, min(pixels.shape[:2]) / 800)
    for read in reads:
        x, y, width, height = (round(value) for value in read.box)
        cv2.rectangle(drawn, (x, y), (x + width, y + height), (0, 200, 0), round(2 * scale))
        label = " ".join(part for part in (read.text, read.country, percent(read)) if part)
        put_label(drawn, label, (x, y), scale)
    return drawn


def percent(read: Read) -> str:
    return f"{read.confidence:.0%}"


def put_label(drawn: Pixels, label: str, corner: tuple[int, int], scale: float) -> None:
    """Black on green above the box, or inside where there is no room above."""
    (width, height), below = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    x = max(0, min(corner[0], drawn.shape[1] - width))
    y = max(height + below, corner[1] - below)
    cv2.rectangle(drawn, (x, y - height - below), (x + width, y + below), (0, 200, 0), -1)
    cv2.putText(drawn, label, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 1, cv2.LINE_AA)
