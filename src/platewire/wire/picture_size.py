"""Width and height of a picture from its file's own header, without decoding it.

So a file that claims a billion pixels costs nothing. Formats as specified: PNG (RFC 2083, IHDR),
JPEG (ITU T.81, B.2.2), BMP, WebP (RFC 9649), TIFF 6.0 and BigTIFF (first page), GIF89a, JPEG 2000
(ITU T.800, A.5.1), HEIC and AVIF (ISO/IEC 23008-12, `ispe`). None for others, and for what is cut
off before its size.
"""

import struct

from platewire.wire import heif

START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers that carry the size."""
ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""JPEG markers without a length."""
PICTURE_BEGINS = frozenset({0xD9, 0xDA})
"""JPEG markers after which no size comes."""
CODESTREAM = b"\xff\x4f\xff\x51"
"""How a JPEG 2000 code stream begins; its size follows."""
TAG_WIDTH, TAG_HEIGHT = 256, 257
"""The tags of TIFF (6.0, section 8) that hold width and height."""
TIFF_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}
TIFF_ENTRIES_MAX = 4096
"""Entries of a directory that are looked at: the tags are sorted, so these two come early."""


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height as the file claims them."""
    try:
        return _size_of(data)
    except (struct.error, IndexError, OverflowError):
        return None


def _size_of(data: bytes) -> tuple[int, int] | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = struct.unpack_from(">II", data, 16)
    elif data.startswith(b"\xff\xd8"):
        return jpeg_size(data)
    elif data.startswith(b"BM"):
        width, height = struct.unpack_from("<ii", data, 18)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return webp_size(data)
    elif data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return tiff_size(data)
    elif data[:6] in (b"GIF87a", b"GIF89a"):
        width, height = struct.unpack_from("<HH", data, 6)
    elif data.startswith((CODESTREAM, b"\0\0\0\x0cjP  ")):
        return jpeg_2000_size(data)
    elif data[4:8] == b"ftyp":
        return heif.size_of(data)
    else:
        return None
    return abs(width), abs(height)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while 0 <= (at := data.find(b"\xff", at)) < len(data) - 9:
        marker = data[at + 1]
        if marker in START_OF_FRAME:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        if marker in PICTURE_BEGINS:
            return None
        at += 1 if marker == 0xFF else 2
        if marker not in ALONE and marker != 0xFF:
            at += struct.unpack_from(">H", data, at)[0]
    return None


def webp_size(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        return width, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def tiff_size(data: bytes) -> tuple[int, int] | None:
    order = "<" if data[:1] == b"I" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    offset, count, entry, value = ("Q", "Q", 20, 12) if big else ("I", "H", 12, 8)
    (at,) = struct.unpack_from(order + offset, data, 8 if big else 4)
    (entries,) = struct.unpack_from(order + count, data, at)
    at += struct.calcsize(order + count)
    found: dict[int, int] = {}
    for place in range(at, at + entry * min(entries, TIFF_ENTRIES_MAX), entry):
        tag, kind = struct.unpack_from(order + "HH", data, place)
        if tag in (TAG_WIDTH, TAG_HEIGHT) and kind in TIFF_TYPES:
            (found[tag],) = struct.unpack_from(order + TIFF_TYPES[kind], data, place + value)
    return (found[TAG_WIDTH], found[TAG_HEIGHT]) if len(found) == 2 else None


def jpeg_2000_size(data: bytes) -> tuple[int, int] | None:
    at = data.find(CODESTREAM)
    if at < 0:
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", data, at + 8)
    return max(right - left, 0), max(bottom - top, 0)
