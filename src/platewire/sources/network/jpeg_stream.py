"""Splits a byte stream into JPEG images by their markers.

Cameras send wrong multipart boundaries and lengths; a JPEG contains its own start and end. Markers
are parsed as in ITU-T T.81 annex B, so that a thumbnail inside a header segment is not mistaken for
the image. Bytes between images are skipped. No sockets, bounded memory.
"""

import re

_START = b"\xff\xd8\xff"
_END, _NEW, _SCAN = 0xD9, 0xD8, 0xDA
"""JPEG's markers for the end, the beginning and the scan of a picture (ITU-T T.81, B.1)."""
_STUFFED = frozenset((0x00, 0x01, *range(0xD0, 0xD8)))
"""Bytes that may follow 0xFF inside a scan: an escaped 0xFF, and restart markers."""
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]", re.DOTALL)


class JpegStream:
    """Feed it chunks of any size, get complete images. `broken` counts invalid ones."""

    def __init__(self, bytes_max: int) -> None:
        self.broken = 0
        self._bytes_max = bytes_max
        self._buffer = bytearray()
        self._at = 0
        """How far the picture at the start of the buffer is walked; 0: none has begun."""
        self._in_scan = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Pictures that are complete with this chunk, in order."""
        self._buffer += chunk
        pictures = []
        while (picture := self._next()) is not None:
            pictures.append(picture)
        return pictures

    def _next(self) -> bytes | None:
        while self._at or self._begun():
            step = self._scan if self._in_scan else self._segment
            if (end := step()) is None:
                self._limit()
                return None
            if end:
                picture = bytes(self._buffer[:end])
                self._restart(end)
                return picture
        return None

    def _begun(self) -> bool:
        """Drops what stands before a picture; True when one begins."""
        start = self._buffer.find(_START)
        if start < 0:
            # The last two bytes may be the beginning of a start.
            del self._buffer[: max(0, len(self._buffer) - 2)]
            return False
        del self._buffer[:start]
        self._at, self._in_scan = 2, False
        return True

    def _segment(self) -> int | None:
        """Walks one header segment. 0: go on, None: more bytes are needed, else: the end."""
        if len(self._buffer) < self._at + 4:
            ended = self._buffer[self._at : self._at + 2] == bytes((0xFF, _END))
            return self._at + 2 if ended else None
        marker = self._buffer[self._at + 1]
        if self._buffer[self._at] != 0xFF or marker == _NEW or marker == 0:
            return self._give_up()
        if marker == _END:
            return self._at + 2
        if marker == 0xFF:
            self._at += 1
        elif marker in _STUFFED:
            self._at += 2
        else:
            self._at += 2 + int.from_bytes(self._buffer[self._at + 2 : self._at + 4])
            self._in_scan = marker == _SCAN
        return 0

    def _scan(self) -> int | None:
        """Walks over picture data to the next marker; answers as `_segment` does."""
        if (found := _MARKER.search(self._buffer, self._at)) is None:
            # The last byte may be the first half of a marker.
            self._at = max(self._at, len(self._buffer) - 1)
            return None
        self._at, self._in_scan = found.start(), False
        return 0

    def _give_up(self) -> int:
        """The picture is cut off: begins again at the next start after its own."""
        self.broken += 1
        self._restart(2)
        return 0

    def _restart(self, end: int) -> None:
        del self._buffer[:end]
        self._at, self._in_scan = 0, False

    def _limit(self) -> None:
        if len(self._buffer) > self._bytes_max:
            self.broken += 1
            self._buffer.clear()
            self._at, self._in_scan = 0, False
