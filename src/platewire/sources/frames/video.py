"""Common to clip files and camera streams: opening with PyAV, decoding with limits, pixels.

Decoders get the maximum image size before they see the first byte of an image.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from platewire.decoding.decode import PIXELS_MAX, usable
from platewire.errors import PictureError
from platewire.model import Pixels


def video_stream(container: InputContainer, *, low_delay: bool) -> VideoStream | None:
    """The first stream with moving pictures that can be decoded, made ready; else None."""
    for stream in container.streams.video:
        if stream.codec_context is not None:
            stream.codec_context.options = {"max_pixels": str(PIXELS_MAX)}
            # Decoding several frames at once is faster, but hands each out some frames later.
            stream.thread_type = "SLICE" if low_delay else "AUTO"
            return stream
    return None


def pixels_of(picture: av.VideoFrame) -> Pixels:
    """Blue-green-red pixels, turned upright as the clip's rotation says. PictureError."""
    if picture.is_corrupt:
        raise PictureError("decoded with errors")
    pixels = picture.to_ndarray(format="bgr24")
    # FFmpeg states how far to turn against the clock, as rot90 does.
    turned = np.rot90(pixels, round(picture.rotation / 90) % 4)
    return usable(np.ascontiguousarray(turned, np.uint8))


def seconds(stamp: int | None, time_base: Fraction | None) -> float | None:
    return None if stamp is None or time_base is None else float(stamp * time_base)


def said(error: Exception) -> str:
    """What FFmpeg says of an error, without the address, which may hold a password."""
    if isinstance(error, av.error.FFmpegError):
        return str(error.strerror or type(error).__name__)
    return type(error).__name__


def decoded(packet: "av.Packet[Any]") -> Iterator[av.VideoFrame | PictureError]:
    """The packet's pictures, in presentation order; a PictureError when it is damaged."""
    try:
        pictures = packet.decode()
    except av.FFmpegError as error:
        yield PictureError(said(error))
    else:
        yield from pictures
