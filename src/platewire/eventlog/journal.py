"""Detects corruption of SQLite's write-ahead log.

SQLite reads the log up to the first frame with a wrong checksum and reports nothing, because this
is also how it finds the end after a crash. This module reports complete transactions after that
frame. After a power failure they may be some that were never confirmed; otherwise events are lost.
Format: https://sqlite.org/walformat.html.

A separate process, which runs this module, reads the bytes: a process that closes a file loses its
locks on it (see `database.connection`), and SQLite locks these files.
"""

import json
import logging
import struct
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

HEAD = struct.Struct(">8I")
"""Magic, version, page size, checkpoint number, two salts, two checksums."""
FRAME = struct.Struct(">6I")
"""Page number, pages of the database after a commit or 0, two salts, two checksums."""
MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
"""And in which order of bytes the checksums are made."""
TAKEN_AT = 16
"""Where the index beside the journal says how many frames SQLite took."""


LOOK_SECONDS = 60.0
"""How long the other process may take; a journal of 64 MiB takes less than one."""

diagnostics = logging.getLogger(__name__)


def damage(database: Path) -> str:
    """What is wrong, or nothing. To be asked while the database is open, before it is written."""
    journal = journal_of(database)
    if not journal.exists() or not journal.stat().st_size:
        return ""
    try:
        return _damage_by_child(database)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        diagnostics.warning("the integrity of %s could not be checked: %s", journal, error)
        return ""


def _damage_by_child(database: Path) -> str:
    command = [sys.executable, "-P", "-m", __name__, str(database)]
    done = subprocess.run(  # noqa: S603 - our own program
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LOOK_SECONDS, check=False
    )
    if done.returncode:
        raise ValueError(done.stderr.decode("utf-8", "replace").strip() or done.returncode)
    return str(json.loads(done.stdout))


def journal_damage(database: Path) -> str:
    """As `damage`; only in a process that has no connection to the database."""
    try:
        with journal_of(database).open("rb") as file:
            return _damage(file, database)
    except FileNotFoundError:
        return ""


def journal_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


def _damage(file: BinaryIO, database: Path) -> str:
    head = file.read(HEAD.size)
    if len(head) < HEAD.size or not any(head):
        return ""
    magic, _, page_size, _, *salts, _, _ = HEAD.unpack(head)
    if magic not in MAGIC or not _is_whole(head, MAGIC[magic]):
        return f"the header of {file.name} is corrupted, so none of its transactions can be read"
    taken = _taken(database)
    step = FRAME.size + page_size
    file.seek(HEAD.size + taken * step)
    if commits := _commits(file, step, salts):
        return (
            f"{file.name} is corrupted at byte {HEAD.size + taken * step}; "
            f"{commits} transactions after it cannot be read"
        )
    return ""


def _taken(database: Path) -> int:
    with database.with_name(f"{database.name}-shm").open("rb") as file:
        file.seek(TAKEN_AT)
        return int.from_bytes(file.read(4), sys.byteorder)


def _is_whole(head: bytes, order: str) -> bool:
    first = second = 0
    for one, other in struct.iter_unpack(f"{order}2I", head[:-8]):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return (first, second) == HEAD.unpack(head)[-2:]


def _commits(file: BinaryIO, step: int, salts: list[int]) -> int:
    """Whole transactions from here to the end of what was written since the journal began anew."""
    commits = 0
    while len(head := file.read(FRAME.size)) == FRAME.size:
        _, commit, *frame_salts, _, _ = FRAME.unpack(head)
        if frame_salts != salts:
            break
        commits += commit > 0
        file.seek(step - FRAME.size, 1)
    return commits


if __name__ == "__main__":
    print(json.dumps(journal_damage(Path(sys.argv[1]))))
