"""The mark: the last sequence number of the log, in a small file beside the database.

The log is compared with it when it is opened: an older copy of the database, or one whose journal
was deleted, ends before the mark. Two slots with checksums are written in turn, so a torn write
leaves the other one intact. It is written after each commit and before the commit is reported, so
the log is behind it only if its file was changed. It is not flushed each time, so after a power
failure the mark may be behind the log, which is harmless.
"""

import logging
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple
from uuid import UUID

from platewire.database.connection import of_file
from platewire.eventlog.images import flush_folder
from platewire.model import Entry
from platewire.runtime.clock import Clock, SystemClock

NAME = "platewire.mark"
MAGIC = b"pltwmrk1"
SLOT = struct.Struct(">8sQ16sQQQ16s")
"""Magic, counter of writes, id of the log, epoch, last seq, last passage number, last event."""
SUM = struct.Struct(">I")
SLOT_STEP = 4096
"""Bytes from one slot to the other: disks write blocks of 4 KiB, so never both slots at once."""
FLUSH_SECONDS = 1.0
"""Seconds between two flushes (fsync) of the mark; a power failure may lose this much of it."""
NO_EVENT = UUID(int=0)

diagnostics = logging.getLogger(__name__)


class Mark(NamedTuple):
    """Progress of a log: its last sequence and passage numbers."""

    log_id: UUID
    epoch: int
    last_seq: int
    last_passage_number: int
    last_event: UUID = NO_EVENT
    """The id of the event at `last_seq`; all zeros where there is none."""


def encoded(mark: Mark, counter: int) -> bytes:
    """One slot."""
    log_id, epoch, seq, number, event = mark
    slot = SLOT.pack(MAGIC, counter, log_id.bytes, epoch, seq, number, event.bytes)
    return slot + SUM.pack(zlib.crc32(slot))


def decoded(slot: bytes) -> tuple[int, Mark] | None:
    """The counter and the mark; None for a slot that was never written, or not completely."""
    slot, kept = slot[: SLOT.size], slot[SLOT.size : SLOT.size + SUM.size]
    if len(kept) < SUM.size or SUM.unpack(kept)[0] != zlib.crc32(slot):
        return None
    magic, counter, log_id, epoch, seq, number, event = SLOT.unpack(slot)
    if magic != MAGIC:
        return None
    return counter, Mark(UUID(bytes=log_id), epoch, seq, number, UUID(bytes=event))


def newest(content: bytes) -> tuple[int, Mark] | None:
    """Of both slots of the file."""
    slots = (decoded(content[:SLOT_STEP]), decoded(content[SLOT_STEP:]))
    return max((slot for slot in slots if slot is not None), default=None)


def read_mark(folder: Path) -> Mark | None:
    """None if it is missing or corrupted. Raises LogError if the file cannot be read."""
    found = newest(_content(folder / NAME))
    return None if found is None else found[1]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise of_file(
            f"{path}, which records the sequence numbers already assigned, cannot be read",
            error,
        ) from error


class MarkFile:
    """Written by one thread. A failed write is reported once and retried with the next commit: the
    events themselves are safe."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        """Raises LogError if the file exists and cannot be read."""
        self.path = folder / NAME
        self.exists = self.path.exists()
        found = newest(_content(self.path))
        self._counter = 0 if found is None else found[0]
        self.kept = None if found is None else found[1]
        """As it was at the start; None if it was missing or corrupted."""
        self._mark = self.kept
        self.failure = ""
        """Error of the last write; empty if it succeeded."""
        self._clock = clock or SystemClock()
        self._flushed_at = float("-inf")
        self._file: BinaryIO | None = None

    def write(self, mark: Mark) -> None:
        """Into the older slot. Flushed if the last flush was at least a second ago."""
        self._mark = mark
        try:
            self._put(encoded(mark, self._counter + 1))
        except OSError as error:
            self._close()
            self._tell(error)
            return
        self._counter += 1
        self.failure = ""

    def raise_to(self, entries: Sequence[Entry]) -> None:
        """To the last of these; `write` comes first."""
        if self._mark is None:
            return
        last = entries[-1].event
        numbers = (entry.event.passage_number for entry in entries)
        self._mark = self._mark._replace(
            last_seq=last.seq,
            last_passage_number=max(self._mark.last_passage_number, *numbers),
            last_event=last.id,
        )
        self.write(self._mark)

    def _put(self, slot: bytes) -> None:
        due = self._clock.monotonic() - self._flushed_at >= FLUSH_SECONDS
        if due and self._file is not None and not self._is_there(self._file):
            self._close()
        if self._file is None:
            self._file = _opened(self.path)
        self._file.seek((self._counter + 1) % 2 * SLOT_STEP)
        self._file.write(slot)
        if due:
            self._flush(self._file)

    def _is_there(self, file: BinaryIO) -> bool:
        """False if another program has deleted it."""
        try:
            return os.path.samestat(self.path.stat(), os.fstat(file.fileno()))
        except FileNotFoundError:
            return False

    def _flush(self, file: BinaryIO) -> None:
        os.fsync(file.fileno())
        self._flushed_at = self._clock.monotonic()

    def _tell(self, error: OSError) -> None:
        said = (
            f"{self.path} cannot be written: {error.strerror or error}; check the disk and the "
            "write permission. Events are stored, but a rollback of the log to an "
            "older state would "
            "not be detected"
        )
        if said != self.failure:
            diagnostics.error("%s", said)
        self.failure = said

    def close(self) -> None:
        """With a flush."""
        if self._file is not None:
            try:
                self._flush(self._file)
            except OSError as error:
                self._tell(error)
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("r+b", buffering=0)
    except FileNotFoundError:
        file = path.open("x+b", buffering=0)
        flush_folder(path.parent)
        return file
