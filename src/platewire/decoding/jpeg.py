"""Where a JPEG ends, and whether it is whole.

Phones and cameras write more behind a JPEG's end: the clip of a motion photo, a preview, notes of
the maker. Some leave the end marker out. Markers as in ITU-T T.81, annex B.
"""

import re

import cv2
import numpy as np

START = b"\xff\xd8\xff"
"""How every JPEG begins."""
_END, _SCAN, _BEGIN = 0xD9, 0xDA, 0xD8
"""JPEG's markers for the end of a picture, of the data of a scan, and of a picture's beginning."""
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a length."""
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]", re.DOTALL)
"""What ends the data of a scan: no escaped 0xFF, no restart marker."""
_LAST = re.compile(rb"\xff+\xd9")
"""An end marker with its fill bytes."""

TAILS = (b"\x00", b"\xaa")
TAIL_BYTES = 64
"""Enough for some blocks of 8 x 8 pixels, which take from one to some dozen bytes each."""


class MarkerError(ValueError):
    """There is no marker where one has to be: the picture is cut off, or no JPEG."""


class Markers:
    """Walks over the markers of one JPEG, of which more bytes may come later."""

    def __init__(self) -> None:
        self._at = len(START) - 1
        self._in_scan = False

    def end(self, data: bytes | bytearray) -> int | None:
        """Bytes up to behind the end marker; None if more are needed. `data` begins with the
        picture and only grows from call to call. Raises MarkerError."""
        while len(data) >= self._at + 4 or self._in_scan:
            if self._in_scan:
                if (found := _MARKER.search(data, self._at)) is None:
                    # The last byte may be the first half of a marker.
                    self._at = max(self._at, len(data) - 1)
                    return None
                self._at, self._in_scan = found.start(), False
            elif data[self._at + 1] == _END and data[self._at] == 0xFF:
                return self._at + 2
            else:
                self._segment(data)
        last = _LAST.match(data, self._at)
        return last.end() if last else None

    def _segment(self, data: bytes | bytearray) -> None:
        marker = data[self._at + 1]
        if data[self._at] != 0xFF or marker in (0x00, _BEGIN):
            raise MarkerError
        if marker == 0xFF:
            self._at += 1
        elif marker in _ALONE:
            self._at += 2
        else:
            self._at += 2 + int.from_bytes(data[self._at + 2 : self._at + 4])
            self._in_scan = marker == _SCAN


def end_of(data: bytes) -> int | None:
    """Bytes from the beginning up to behind the end marker; None where there is none."""
    try:
        return Markers().end(data)
    except MarkerError:
        return None


def is_whole(data: bytes) -> bool:
    """Whether every pixel is there, of a JPEG without an end marker.

    Decodes it twice with different bytes behind it: where these become pixels, some were missing.
    """
    begun = data.rstrip(b"\xff")
    one, other = (decoded(ended(begun + tail * TAIL_BYTES)) for tail in TAILS)
    return one is not None and other is not None and np.array_equal(one, other)


def ended(data: bytes) -> bytes:
    """With an end marker."""
    return data.rstrip(b"\xff") + bytes((0xFF, _END))


def decoded(data: bytes) -> np.ndarray | None:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
