"""HEIC pictures of phones and cameras, decoded by PyAV's HEVC decoder: tile by tile.

FFmpeg opens such a file as well, but gives the tiles of a picture as unrelated streams and does not
turn it; `wire.heif` knows both.
"""

import av
import numpy as np

from platewire.errors import PictureError
from platewire.model import Pixels
from platewire.wire.heif import HeifError, HeifPicture, Mirror, Tile, Turn, picture_of


def decode_heif(data: bytes, pixels_max: int) -> Pixels:
    """Upright pixels. PictureError says what is wrong."""
    try:
        picture = picture_of(data)
    except HeifError as error:
        raise PictureError(f"a HEIC file that cannot be decoded: {error}") from error
    if picture.width * picture.height > pixels_max:
        raise PictureError(
            f"the image size {picture.width}x{picture.height} exceeds {pixels_max:,} pixels; "
            "scale it down"
        )
    return _changed(_assembled(picture, pixels_max), picture)


def _assembled(picture: HeifPicture, pixels_max: int) -> Pixels:
    canvas: Pixels | None = None
    decoder = _Decoder(pixels_max)
    for index, tile in enumerate(picture.tiles):
        pixels = decoder.decode(tile)
        height, width = pixels.shape[:2]
        if canvas is None:
            if width * picture.columns < picture.width or height * picture.rows < picture.height:
                raise PictureError("a HEIC file whose tiles do not cover the image")
            canvas = np.empty((picture.height, picture.width, 3), np.uint8)
            size = width, height
        if (width, height) != size:
            raise PictureError("a HEIC file with tiles of different sizes")
        row, column = divmod(index, picture.columns)
        place = canvas[row * height : (row + 1) * height, column * width : (column + 1) * width]
        place[:] = pixels[: place.shape[0], : place.shape[1]]
    assert canvas is not None  # noqa: S101 - a picture has at least one tile
    return canvas


class _Decoder:
    """One decoder for all tiles with the same settings, which they nearly always have."""

    def __init__(self, pixels_max: int) -> None:
        self._options = {"max_pixels": str(pixels_max)}
        self._settings: bytes | None = None
        self._codec = av.CodecContext.create("hevc", "r")

    def decode(self, tile: Tile) -> Pixels:
        if tile.settings != self._settings:
            codec = av.CodecContext.create("hevc", "r")
            codec.options = self._options
            codec.extradata = tile.settings
            codec.thread_count = 1
            self._codec, self._settings = codec, tile.settings
        try:
            frames = [*self._codec.decode(av.Packet(bytes(tile.data))), *self._codec.decode(None)]
            self._codec.flush_buffers()
        except av.FFmpegError as error:
            raise PictureError(f"a HEIC file that cannot be decoded: {error.strerror}") from error
        if not frames or frames[0].is_corrupt:
            raise PictureError("a HEIC file that cannot be decoded: a part of the image is damaged")
        return np.asarray(frames[0].to_ndarray(format="bgr24"), np.uint8)


def _changed(pixels: Pixels, picture: HeifPicture) -> Pixels:
    """Cut to the stated size, turned and mirrored as the file says."""
    pixels = pixels[: picture.height, : picture.width]
    for change in picture.changes:
        match change:
            case Turn(quarters):
                pixels = np.rot90(pixels, quarters)
            case Mirror(left_right):
                pixels = pixels[:, ::-1] if left_right else pixels[::-1]
    return np.ascontiguousarray(pixels)
