"""An event's bytes as they come from the file: what is not as it was written is never given out.

SQLite finds damage of its own structure, but not of what is stored in it. So beside each body lies
its CRC-32. Events from before that have none: of them only what cannot be read at all is found.
"""

from typing import Any
from zlib import crc32

from msgspec import DecodeError

from platewire.errors import LogError
from platewire.model import Entry
from platewire.wire import native

COLUMNS = "seq, body, body_crc32"
"""What `entry` wants, in this order."""


def entry(found: tuple[Any, ...]) -> Entry:
    """Raises LogError where the bytes are not those that were written."""
    seq, body, kept = found
    if not isinstance(body, bytes) or (kept is not None and crc32(body) != kept):
        raise damaged(seq, "its bytes are not those that were written")
    try:
        event = native.decode(body)
    except (DecodeError, ValueError) as error:
        raise damaged(seq, f"it cannot be read: {error}") from error
    if event.seq != seq:
        raise damaged(seq, f"it is stored as event {event.seq}")
    return Entry(event, body)


def damaged(seq: int, how: str) -> LogError:
    return LogError(
        f"event {seq} is damaged in the file, {how}; it is given to nobody. Look at the disk; "
        "`platewire database verify` names all that is damaged, a backup may have it whole"
    )
