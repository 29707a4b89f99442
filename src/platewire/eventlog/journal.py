"""Whether SQLite could read its write-ahead journal to the end.

SQLite takes the journal up to the first frame whose checksum is wrong, and says nothing: so does
it find the end after a crash. Whole transactions behind that place are told here. After a power
cut they may be some that nobody was promised; in any other case events are lost. The form is that
of https://sqlite.org/walformat.html.
"""

import struct
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


def damage(database: Path) -> str:
    """What is wrong, or nothing. To be asked while the database is open, before it is written."""
    journal = database.with_name(f"{database.name}-wal")
    try:
        with journal.open("rb") as file:
            return _damage(file, database)
    except FileNotFoundError:
        return ""


def _damage(file: BinaryIO, database: Path) -> str:
    head = file.read(HEAD.size)
    if len(head) < HEAD.size or not any(head):
        return ""
    magic, _, page_size, _, *salts, _, _ = HEAD.unpack(head)
    if magic not in MAGIC or not _is_whole(head, MAGIC[magic]):
        return f"the head of {file.name} is damaged, so that nothing in it could be read"
    taken = _taken(database)
    step = FRAME.size + page_size
    file.seek(HEAD.size + taken * step)
    if commits := _commits(file, step, salts):
        return (
            f"{file.name} cannot be read from byte {HEAD.size + taken * step} on, where "
            f"{commits} more transactions are"
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
