"""Scenes drawn by code: a wall of one color with number plates on it."""

from datetime import UTC, datetime

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from platewire.model import Frame, Pixels

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def plate_picture(
    text: str, *, height: int = 60, ground: tuple[int, int, int] = (250, 250, 245), band: str = ""
) -> Pixels:
    """A plate as long as its text needs, black on `ground` (RGB), perhaps with a blue band."""
    font = ImageFont.load_default(height * 0.72)
    edge = height // 6
    start = edge * 2 + (height // 2 if band else 0)
    width = round(start + font.getlength(text) + 2 * edge)
    picture = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(picture)
    if band:
        draw.rectangle((0, 0, height // 2, height), fill=(0, 51, 153))
        small = ImageFont.load_default(height * 0.3)
        draw.text((height // 4, height * 0.75), band, fill=(255, 255, 255), font=small, anchor="mm")
    draw.text((start, height / 2), text, fill=(15, 15, 15), font=font, anchor="lm")
    draw.rectangle((0, 0, width - 1, height - 1), outline=(20, 20, 20), width=max(1, height // 20))
    return np.array(np.asarray(picture)[:, :, ::-1], np.uint8)


def wall(
    width: int = 640, height: int = 480, color: tuple[int, int, int] = (90, 100, 110)
) -> Pixels:
    """Plain paint (RGB) with a little noise."""
    noise = np.random.default_rng(1).integers(-4, 5, (height, width, 1))
    paint = np.array(color[::-1], np.int64) + noise
    return np.asarray(np.clip(paint, 0, 255), np.uint8)


def put(scene: Pixels, plate: Pixels, at: tuple[int, int], angle: float = 0.0) -> None:
    """Draws the plate with its middle at `at`, turned by `angle` degrees."""
    height, width = plate.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    matrix[:, 2] += np.array(at) - (width / 2, height / 2)
    size = scene.shape[1], scene.shape[0]
    cv2.warpAffine(plate, matrix, size, dst=scene, borderMode=cv2.BORDER_TRANSPARENT)


def frame_of(pixels: Pixels, number: int = 7) -> Frame:
    return Frame("drawn", number, NOW, pixels)


def scene_with(
    text: str,
    *,
    angle: float = 0.0,
    height: int = 60,
    ground: tuple[int, int, int] = (250, 250, 245),
    band: str = "",
) -> Frame:
    """A frame with one plate in its middle."""
    scene = wall()
    put(scene, plate_picture(text, height=height, ground=ground, band=band), (320, 260), angle)
    return frame_of(scene)
