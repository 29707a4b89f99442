"""`platewire read` and a folder as a camera, on pictures of every odd kind: right, or told why."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from platewire.decoding.decode import decode
from platewire.errors import PictureError
from platewire.recognition.engines.rapidocr import RapidOcr, RapidOcrSettings
from platewire.recognition.pictures import load_picture
from tests.cli.conftest import Platewire
from tests.recognition.drawing import frame_of, scene_with

SIDEWAYS = Image.Exif()
SIDEWAYS[0x0112] = 6


@pytest.fixture(scope="module")
def engine() -> Iterator[RapidOcr]:
    built = RapidOcrSettings().build()
    yield built
    built.close()


def scene() -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(scene_with("12-BDF-3").pixels[:, :, ::-1]))


def deep(channels: int) -> np.ndarray:
    pixels = scene_with("12-BDF-3").pixels.astype(np.uint16) * 257
    return pixels[:, :, 0] if channels == 1 else pixels


def save(path: Path, kind: str) -> None:
    picture, turned = scene(), scene().transpose(Image.Transpose.ROTATE_90)
    if kind.startswith("16-bit"):
        cv2.imwrite(str(path), deep(1 if "gray" in kind else 3))
    elif kind == "turned":
        turned.save(path, exif=SIDEWAYS)
    elif kind == "turned CMYK":
        turned.convert("CMYK").save(path, exif=SIDEWAYS)
    elif kind == "palette":
        picture.convert("P", palette=Image.Palette.ADAPTIVE).save(path)
    else:
        picture.convert({"gray": "L", "CMYK": "CMYK", "alpha": "RGBA", "color": "RGB"}[kind]).save(
            path
        )


GOOD = [
    ("gray", "a.jpg"),
    ("gray", "a.png"),
    ("gray", "a.tif"),
    ("16-bit gray", "a.png"),
    ("16-bit gray", "a.tif"),
    ("16-bit color", "a.png"),
    ("16-bit color", "a.tif"),
    ("CMYK", "a.jpg"),
    ("CMYK", "a.tif"),
    ("alpha", "a.png"),
    ("alpha", "a.webp"),
    ("palette", "a.png"),
    ("color", "a.gif"),
    ("color", "a.jp2"),
    ("color", "a.bmp"),
    ("turned", "a.jpg"),
    ("turned", "a.png"),
    ("turned", "a.webp"),
    ("turned CMYK", "a.jpg"),
]


@pytest.mark.parametrize(("kind", "name"), GOOD)
def test_odd_pictures_are_read_right(
    engine: RapidOcr, tmp_path: Path, kind: str, name: str
) -> None:
    save(tmp_path / name, kind)
    for pixels in (load_picture(tmp_path / name), decode((tmp_path / name).read_bytes())):
        assert [read.text for read in engine.read(frame_of(pixels))] == ["12BDF3"]


def test_broken_pictures_are_told_and_do_not_hold_up_the_others(
    platewire: Platewire, tmp_path: Path
) -> None:
    for name in ("a.jpg", "b.png", "c.webp", "d.tif", "e.bmp", "f.gif", "g.jp2"):
        save(tmp_path / name, "color")
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) * 2 // 3])
    Image.new("RGB", (1, 1)).save(tmp_path / "h.png")
    (tmp_path / "i.jpg").write_bytes(b"")
    (tmp_path / "j.jpg").write_text("<html>")
    save(tmp_path / "z.png", "color")
    said = platewire("read", tmp_path)
    assert said.code == 3
    lines = [json.loads(line) for line in said.lines]
    told = {Path(line["file"]).name: line.get("error", "") for line in lines}
    assert sorted(told) == [*(f"{n}" for n in sorted(p.name for p in tmp_path.iterdir()))]
    assert lines[-1]["text"] == "12BDF3"
    assert "1 x 1 pixels, too few" in told["h.png"]
    assert "is empty" in told["i.jpg"]
    for name in ("a.jpg", "b.png", "c.webp", "d.tif", "e.bmp", "f.gif", "g.jp2", "j.jpg"):
        assert f"{name} is not a decodable image, or truncated" in told[name]


def test_a_picture_of_a_hundred_megapixels_is_refused_by_both(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    Image.new("L", (12_800, 10_001)).save(path)
    with pytest.raises(
        PictureError, match="12800 x 10001 pixels; the maximum is 128 million; scale"
    ):
        load_picture(path)
    with pytest.raises(PictureError, match=r"12800x10001 exceeds .* pixels; scale it down"):
        decode(path.read_bytes())
