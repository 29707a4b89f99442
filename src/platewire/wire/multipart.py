"""A multipart/form-data body (RFC 7578) of files, and of plain fields where a receiver wants them.

The same parts give the same bytes, so that a repeated attempt repeats its signature's input too.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple


class Part(NamedTuple):
    name: str
    filename: str | None
    """None for a plain field, which then has no content type of its own either."""
    content_type: str
    content: bytes


def encode(parts: Sequence[Part]) -> tuple[str, bytes]:
    """Content type with its boundary, and the body.

    ValueError for a name, file name or type that would break out of its header line.
    """
    boundary = _boundary(parts)
    pieces = [piece for part in parts for piece in _piece(part, boundary)]
    body = b"".join((*pieces, b"--", boundary, b"--\r\n"))
    return f"multipart/form-data; boundary={boundary.decode()}", body


def _piece(part: Part, boundary: bytes) -> tuple[bytes, ...]:
    header = f'Content-Disposition: form-data; name="{_quoted(part.name)}"'
    if part.filename is not None:
        header += f'; filename="{_quoted(part.filename)}"'
        header += f"\r\nContent-Type: {_quoted(part.content_type)}"
    header += "\r\n\r\n"
    return b"--", boundary, b"\r\n", header.encode("ascii"), part.content, b"\r\n"


def _quoted(text: str) -> str:
    if not text or not text.isascii() or not text.isprintable() or '"' in text or "\\" in text:
        raise ValueError(f"{text!r} is not allowed in a multipart header")
    return text


def _boundary(parts: Sequence[Part]) -> bytes:
    """From the content's own hash: content that holds its own SHA-256 cannot be made."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.content)
    return digest.hexdigest()[:40].encode()
