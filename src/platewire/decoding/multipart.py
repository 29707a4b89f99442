"""The picture in the answer of a camera that wraps it: blank lines first, or a multipart.

Cameras send one picture as `multipart/x-mixed-replace` or `multipart/form-data` too. The boundary
is what the first line says. RFC 2046, 5.1.
"""

import re

BLANK = b"\r\n\t "
BLANK_MAX = 64
"""Bytes of blank lines before a picture that are left out."""
HEAD_MAX = 8192
"""Bytes of the lines above a part, at most."""
PARTS_MAX = 32
"""Parts that are looked at, at most."""
_BOUNDARY = re.compile(rb"--[^\r\n]{1,200}\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(
    rb"^content-length:[ \t]*([0-9]{1,10})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
_TEXT = re.compile(
    rb"^content-type:[ \t]*(text/|application/(json|xml))", re.IGNORECASE | re.MULTILINE
)


def unwrapped(data: bytes) -> bytes:
    """The first part that is no text; the data itself where it has no parts."""
    begun = data[:BLANK_MAX].lstrip(BLANK)
    if len(begun) < min(len(data), BLANK_MAX):
        data = data[min(len(data), BLANK_MAX) - len(begun) :]
    if (line := _BOUNDARY.match(data)) is None:
        return data
    boundary, at = line[0].strip(), line.end()
    for _ in range(PARTS_MAX):
        head_end = _HEAD_END.search(data, at, at + HEAD_MAX)
        if head_end is None:
            break
        head, start = data[at : head_end.start()], head_end.end()
        end = _end(data, start, head, boundary)
        if not _TEXT.search(head):
            return data[start:end].lstrip(BLANK)
        following = data.find(b"\n", data.find(boundary, end))
        if following < 0:
            break
        at = following + 1
    return data


def _end(data: bytes, start: int, head: bytes, boundary: bytes) -> int:
    """By the length that the part states where a boundary follows it; else the next boundary."""
    if stated := _LENGTH.search(head):
        end = start + int(stated[1])
        if data[end : end + len(boundary) + 4].lstrip(BLANK).startswith(boundary):
            return end
    found = data.find(b"\n" + boundary, start)
    if found < 0:
        return len(data)
    return found - (data[found - 1 : found] == b"\r")
