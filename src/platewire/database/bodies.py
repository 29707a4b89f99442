"""The stored bytes of an event; corrupted bytes are reported and never delivered.

SQLite detects corruption of its own structures, but not of the values stored in them, so each body
has a CRC-32. Events of older versions have none: of them, only undecodable ones are detected.
"""

from typing import Any
from zlib import crc32

from msgspec import DecodeError

from platewire.errors import LogError
from platewire.model import BootTime, Entry, Event
from platewire.runtime import wrong_value
from platewire.wire import native

COLUMNS = "seq, body, body_crc32"
"""What `entry` wants, in this order."""
IN_LOG = f"{COLUMNS}, boot, boot_seconds"
"""The same with when it arrived, for those whom its age concerns."""


def entry(found: tuple[Any, ...]) -> Entry:
    """Raises LogError where the bytes are not those that were written."""
    seq, body, kept, *stamp = found
    if not isinstance(body, bytes) or (kept is not None and crc32(body) != kept):
        raise damaged(seq, "checksum mismatch")
    try:
        event = native.decode(body)
    except (DecodeError, ValueError, RecursionError) as error:
        why = wrong_value.reason(error, body, Event)
        raise damaged(seq, f"it cannot be decoded ({why})") from error
    if event.seq != seq:
        raise damaged(seq, f"its body is that of event {event.seq}")
    return Entry(event, body, _arrived(*stamp))


def _arrived(boot: str | None = None, seconds: float = 0.0) -> BootTime | None:
    return None if boot is None else BootTime(boot, seconds)


def damaged(seq: int, how: str) -> LogError:
    return LogError(
        f"event {seq} is corrupted in the file: {how}; it is never delivered. Check the disk; list "
        "all corruption with `platewire database verify`, and restore it from a backup"
    )
