"""Pictures as others' encoders write them; the HEIC files are libheif's (`files/README.md`)."""

import functools
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from platewire.model import Pixels
from tests.recognition.drawing import scene_with

FILES = Path(__file__).parent / "files"
PLATE = "12BDF3"


def scene() -> Pixels:
    """320 x 240 pixels with a plate."""
    whole = scene_with("12-BDF-3").pixels
    return np.asarray(cv2.resize(whole, (320, 240), interpolation=cv2.INTER_AREA), np.uint8)


def by_pillow(kind: str, **options: object) -> bytes:
    encoded = BytesIO()
    Image.fromarray(np.ascontiguousarray(scene()[..., ::-1])).save(encoded, kind, **options)
    return encoded.getvalue()


def heic(name: str = "plain") -> bytes:
    return (FILES / f"{name}.heic").read_bytes()


def changed_heic(kind: bytes, value: int) -> bytes:
    """With a property that turns or mirrors the picture in place of one that says nothing new."""
    return heic().replace(b"pixi\0\0\0\0", kind + bytes((value, 0, 0, 0)))


def multipart(*parts: tuple[str, bytes], length: bool = True, end: bytes = b"\r\n") -> bytes:
    """Each part by its type; with or without its length."""
    data = b""
    for kind, body in parts:
        data += b"--camera" + end + f"Content-Type: {kind}".encode() + end
        data += f"Content-Length: {len(body)}".encode() + end if length else b""
        data += end + body + end
    return data + b"--camera--" + end


def gif(frames: int = 3, milliseconds: int = 200) -> bytes:
    """A clip in which a light moves."""
    pictures = []
    for number in range(frames):
        pixels = scene()
        pixels[:20, 40 * number : 40 * number + 20] = 255
        pictures.append(Image.fromarray(np.ascontiguousarray(pixels[..., ::-1])))
    encoded = BytesIO()
    pictures[0].save(
        encoded, "GIF", save_all=True, append_images=pictures[1:], duration=milliseconds
    )
    return encoded.getvalue()


@functools.cache
def odd_pictures() -> dict[str, bytes]:
    """What phones and cameras send, by what is odd; every one shows `scene`."""
    jpeg = by_pillow("JPEG", quality=90)
    progressive = by_pillow("JPEG", quality=90, progressive=True)
    return {
        "jpeg": jpeg,
        "motion photo": jpeg + b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 280,
        "notes with the end marker": jpeg + b"MAKER\xff\xd9" + b"x" * 70_000,
        "no end marker": jpeg[:-2],
        "half an end marker": jpeg[:-1],
        "progressive, no end marker": progressive[:-2],
        "leading line breaks": b"\r\n\r\n" + jpeg,
        "multipart": multipart(("image/jpeg", jpeg)),
        "multipart without lengths": multipart(("image/jpeg", jpeg), length=False),
        "multipart, text first": multipart(("application/json", b"{}"), ("image/jpeg", jpeg)),
        "multipart with bare line feeds": multipart(("image/png", by_pillow("PNG")), end=b"\n"),
        "multipart of WebP": b"\r\n" + multipart(("image/webp", by_pillow("WEBP", quality=90))),
        "webp": by_pillow("WEBP", quality=90),
        "avif": by_pillow("AVIF", quality=90),
        "heic": heic(),
        "heic in tiles": heic("tiles"),
        "png": by_pillow("PNG"),
        "gif": by_pillow("GIF"),
        "jpeg 2000": by_pillow("JPEG2000"),
    }
