"""Where a JPEG ends, and whether it is whole.

Phones and cameras write more behind a JPEG's end: the clip of a motion photo, a preview, notes of
the maker. Some leave the end marker out. Markers as in ITU-T T.81, annex B.
"""

import re

import cv2
import numpy as np

_END, _SCAN, _BEGIN = 0xD9, 0xDA, 0xD8
"""JPEG's markers for the end of a picture, of the data of a scan, and of a picture's beginning."""
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a length."""
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]", re.DOTALL)
"""What ends the data of a scan: no escaped 0xFF, no restart marker."""

TAILS = (b"\x00", b"\xaa")
TAIL_BYTES = 64
"""Enough for some blocks of 8 x 8 pixels, which take from one to some dozen bytes each."""


def end_of(data: bytes) -> int | None:
    """Bytes from the beginning up to behind the end marker; None where there is none."""
    at = 2
    while at + 1 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == _END:
            return at + 2
        if marker in (0x00, _BEGIN):
            return None
        if marker == 0xFF:
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
            if marker == _SCAN:
                found = _MARKER.search(data, at)
                if found is None:
                    return None
                at = found.start()
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
