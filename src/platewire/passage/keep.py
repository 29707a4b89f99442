"""Serializes open passages, for a crash or a restart.

Four bytes of name, two of version, four of CRC-32 (started from the version), then msgpack. Fields
are added to the state with defaults; the version rises only when an older platewire would misread
it.
"""

import struct
import zlib
from datetime import datetime

import msgspec
from msgspec import Struct

from platewire.errors import PlatewireError
from platewire.passage.tracking.track import Track
from platewire.runtime import wrong_value

NAME = b"PWPA"
VERSION = 1
"""Of the format of these bytes; newer ones are refused."""
_HEAD = struct.Struct(">4sHI")
_REMEDY = "delete it to start without the passages that were open"


class Kept(Struct, kw_only=True):
    """The state of one camera's passages that a restart requires."""

    frame_time: datetime | None
    next_key: int
    tracks: list[Track]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Kept)


def pack(kept: Kept) -> bytes:
    body = _encoder.encode(kept)
    return _HEAD.pack(NAME, VERSION, zlib.crc32(body, VERSION)) + body


def unpack(state: bytes) -> Kept:
    """PlatewireError for what is damaged, was written by a newer version, or is no state at all."""
    if len(state) < _HEAD.size or state[:4] != NAME:
        raise PlatewireError(
            f"the stored state of open passages is invalid: it starts with {state[:8]!r}; {_REMEDY}"
        )
    _, version, checksum = _HEAD.unpack_from(state)
    body = state[_HEAD.size :]
    if version > VERSION:
        raise PlatewireError(
            f"the stored state of open passages has version {version}, but this platewire "
            f"supports {VERSION}: start the newer platewire again, or {_REMEDY}"
        )
    if zlib.crc32(body, version) != checksum:
        raise PlatewireError(f"the stored state of open passages is corrupted; {_REMEDY}")
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError as error:
        why = wrong_value.reason(error, body, Kept, msgspec.msgpack.decode)
        raise PlatewireError(
            f"the stored state of open passages is corrupted ({why}); {_REMEDY}"
        ) from error
