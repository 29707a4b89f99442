"""Clips and pictures made here."""

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from platewire.model import Pixels

CAMERA = "gate"
START = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
WIDTH, HEIGHT = 128, 96


def picture(brightness: int = 90, width: int = WIDTH, height: int = HEIGHT) -> Pixels:
    """Gray with a blue left and a red top, so that turns and channel order show."""
    pixels = np.full((height, width, 3), brightness, np.uint8)
    pixels[:, : width // 4] = (255, 0, 0)
    pixels[: height // 4, width // 2 :] = (0, 0, 255)
    return pixels


def jpeg(brightness: int = 90, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    good, data = cv2.imencode(".jpg", picture(brightness, width, height))
    assert good
    return data.tobytes()


def write_clip(
    path: Path,
    frames: int = 10,
    *,
    fps: int = 10,
    codec: str = "libx264",
    turned: int = 0,
    made: str = "",
    title: str = "",
) -> Path:
    """A clip whose pictures grow brighter; `turned` in degrees against the clock."""
    layout = {"movflags": "faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=layout) as container:
        container.metadata.update({"creation_time": made} if made else {}, title=title)
        options = {"g": "10", "bf": "0", "preset": "ultrafast"}
        stream = cast("VideoStream", container.add_stream(codec, rate=fps, options=options))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        if turned:
            stream.set_display_rotation(turned)
        for number in range(frames):
            pixels = picture(min(250, 20 + number))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode(None))
    return path
