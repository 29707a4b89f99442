"""Splits a byte stream into JPEG images by their markers.

Cameras send wrong multipart boundaries and lengths; a JPEG contains its own start and end. Its
markers are parsed (`decoding.jpeg`), so that a thumbnail inside a header segment is not mistaken
for the image. Bytes between images are skipped. No sockets, bounded memory.
"""

from platewire.decoding.jpeg import START, MarkerError, Markers


class JpegStream:
    """Feed it chunks of any size, get complete images. `broken` counts invalid ones."""

    def __init__(self, bytes_max: int) -> None:
        self.broken = 0
        self._bytes_max = bytes_max
        self._buffer = bytearray()
        self._markers: Markers | None = None
        """Of the picture at the start of the buffer; None: none has begun."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Pictures that are complete with this chunk, in order."""
        self._buffer += chunk
        pictures = []
        while (picture := self._next()) is not None:
            pictures.append(picture)
        return pictures

    def _next(self) -> bytes | None:
        while (markers := self._markers or self._begun()) is not None:
            try:
                end = markers.end(self._buffer)
            except MarkerError:
                self._give_up(len(START) - 1)
                continue
            if end is None:
                if len(self._buffer) > self._bytes_max:
                    self._give_up(len(self._buffer))
                return None
            picture = bytes(self._buffer[:end])
            self._restart(end)
            return picture
        return None

    def _begun(self) -> Markers | None:
        """Drops what stands before a picture; None while none begins."""
        start = self._buffer.find(START)
        if start < 0:
            # The last two bytes may be the beginning of a start.
            del self._buffer[: max(0, len(self._buffer) - 2)]
            return None
        del self._buffer[:start]
        self._markers = Markers()
        return self._markers

    def _give_up(self, end: int) -> None:
        """The picture is cut off, or too large: begins again at the next start behind `end`."""
        self.broken += 1
        self._restart(end)

    def _restart(self, end: int) -> None:
        del self._buffer[:end]
        self._markers = None
