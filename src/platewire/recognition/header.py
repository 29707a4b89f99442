"""Width and height of a picture from the first bytes of its file, without decoding it.

So a file that claims a billion pixels costs nothing. Formats as specified: PNG (RFC 2083, IHDR),
JPEG (ITU T.81, B.2.2), BMP, WebP (RFC 9649). None for others: those are checked once decoded.
"""

import struct

START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers that carry the size."""
ALONE = frozenset({0x01, *range(0xD0, 0xDA)})
"""JPEG markers without a length."""


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height as the file claims them; None where the format is not known here."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            width, height = struct.unpack_from(">II", data, 16)
        elif data.startswith(b"\xff\xd8"):
            return jpeg_size(data)
        elif data.startswith(b"BM"):
            width, height = struct.unpack_from("<ii", data, 18)
        elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return webp_size(data)
        else:
            return None
    except struct.error:
        return None
    return abs(width), abs(height)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            at += 1
            continue
        marker = data[at + 1]
        if marker in START_OF_FRAME:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2
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
