"""The plate picture of test events: a drawn plate that says TEST, the same everywhere.

The event log gives it out as if it were stored, so that outputs send it and its link works; it is
never stored, deleted or counted.
"""

import hashlib
from importlib.resources import files
from typing import Final

from platewire.model import Image, Picture, picture_path

WIDTH, HEIGHT = 240, 64
"""Pixels, as in the file."""


def _picture() -> Picture:
    jpeg = files("platewire.runtime").joinpath("test_plate.jpg").read_bytes()
    digest = hashlib.sha256(jpeg).hexdigest()
    url = picture_path(digest)
    image = Image(url=url, sha256=digest, width=WIDTH, height=HEIGHT, bytes=len(jpeg))
    return Picture("plate", image, jpeg)


TEST_PICTURE: Final = _picture()
