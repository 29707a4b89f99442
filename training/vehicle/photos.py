"""The photos to learn from: one `View` for each plate box of the train photos, in groups.

A group holds what shows the same vehicle or the same photo again: copies are found by a hash of
the picture, neighboring frames of one drive by their time. A group is learned from as a whole or
held back as a whole, decided by a hash of its first name, so that no score comes from a picture
that was learned from in another copy.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from platewire.model import Box, Pixels
from training.detector.photos import read_picture
from training.photo_index import SOURCES, entries

SAME_PHOTO_BITS = 8
"""Photos whose hashes of 64 bits differ in at most so many are copies of each other."""
DRIVE_SECONDS = 30
"""Frames of a drive within one such span may show the same vehicle."""
HELD_BACK_PERCENT = 25
ONE_FOR_CHOOSING = 8
"""One group in so many, of those that are not held back."""
LABELS = Path(__file__).parent / "labels.jsonl"
DRIVE = re.compile(r"(.*)\.mp4#t=(\d+)")


class View(NamedTuple):
    """One plate in one photo."""

    file: str
    """Relative to the folder of the train photos."""
    number: int
    """Of the plate in the photo's list."""
    box: Box

    @property
    def name(self) -> str:
        return f"{self.file}#{self.number}"


def views(folder: Path) -> Iterator[View]:
    for source in SOURCES:
        for photo in entries(folder, source):
            for number, plate in enumerate(photo["plates"]):
                if plate["box"]:
                    yield View(photo["file"], number, Box(*plate["box"]))


def photo_hash(pixels: Pixels) -> int:
    """64 bits: the signs of the low frequencies of the picture's brightness."""
    gray = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return int("".join("1" if bit else "0" for bit in bits), 2)


def groups(folder: Path, files: Sequence[str]) -> dict[str, str]:
    """File -> the first name of its group."""
    first = {file: file for file in files}
    hashes = [photo_hash(read_picture(folder / file)) for file in files]
    for index, file in enumerate(files):
        for before in range(index):
            copied = (hashes[index] ^ hashes[before]).bit_count() <= SAME_PHOTO_BITS
            if copied or same_drive(file, files[before]):
                join(first, files[before], file)
    return {file: root(first, file) for file in files}


def same_drive(a: str, b: str) -> bool:
    one, other = DRIVE.fullmatch(a.removesuffix(".jpg")), DRIVE.fullmatch(b.removesuffix(".jpg"))
    if not one or not other or one[1] != other[1]:
        return False
    return int(one[2]) // DRIVE_SECONDS == int(other[2]) // DRIVE_SECONDS


def root(first: dict[str, str], file: str) -> str:
    while first[file] != file:
        file = first[file]
    return file


def join(first: dict[str, str], a: str, b: str) -> None:
    one, other = sorted((root(first, a), root(first, b)))
    first[other] = one


def is_held_back(group: str) -> bool:
    """Whether the group serves for the final report alone."""
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % 100 < HELD_BACK_PERCENT


def is_for_choosing(group: str) -> bool:
    """Whether the group serves for choosing thresholds (unless `--all` trains on it)."""
    digest = hashlib.md5(group.encode(), usedforsecurity=False).hexdigest()
    return int(digest, 16) % ONE_FOR_CHOOSING == 0
