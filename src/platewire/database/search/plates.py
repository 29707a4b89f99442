"""Table `plate`, the search index: each plate of the log once, with its other spellings; and
`plate_block`, blocks of a hundred plates as one text, for searches in the middle of plates.

Both are filled after the log, in small steps, so that appending is not slowed down. A search first
adds the plates of events that are not indexed yet, so it never misses one.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import apsw

from platewire.country import folded
from platewire.database.connection import row, rows

STEP_EVENTS = 2000
"""Per transaction, so that no append waits for long."""
BLOCK_LENGTH = 1500
"""Characters. PostgreSQL compresses texts of some 2000, which would have to be undone each time."""


class Block(NamedTuple):
    number: int
    texts: str
    """With a line feed before and after each plate."""


NO_BLOCK = Block(1, "\n")
LAST_BLOCK = "SELECT number, texts FROM plate_block ORDER BY number DESC LIMIT 1"


def keys(text: str) -> tuple[str, str, str]:
    """The first columns of table `plate`; the last is the number of its block."""
    return text, text[::-1], folded(text)


def added(last: Block, plates: Iterable[str]) -> Iterator[tuple[Block, Sequence[str]]]:
    """The blocks that are begun or go on, and which of the plates are in each."""
    number, texts, new = *last, list[str]()
    for plate in plates:
        if new and len(texts) + len(plate) > BLOCK_LENGTH:
            yield Block(number, texts), new
            number, texts, new = number + 1, "\n", []
        texts += f"{plate}\n"
        new.append(plate)
    if new:
        yield Block(number, texts), new


def plates_containing(piece: str, blocks: Iterable[str]) -> Iterator[str]:
    """The plates in texts of blocks that hold this."""
    for texts in blocks:
        at = texts.find(piece)
        while at >= 0:
            end = texts.find("\n", at)
            yield texts[texts.rfind("\n", 0, at) + 1 : end]
            at = texts.find(piece, end)


def take_in(connection: apsw.Connection) -> bool:
    """Takes in the next events; the caller commits. Gives whether there are more."""
    known, last = row(connection, "SELECT k.last_seq, l.last_seq FROM plates_known k JOIN log l")
    if known == last:
        return False
    # Numbers may be empty, perhaps by the million: see numbering.py.
    (head,) = row(connection, "SELECT coalesce(min(seq), ?) FROM event WHERE seq > ?", last, known)
    end = min(last, head - 1 + STEP_EVENTS)
    found = rows(
        connection,
        "SELECT DISTINCT plate FROM event WHERE seq > ? AND seq <= ? "
        "AND NOT EXISTS (SELECT 1 FROM plate p WHERE p.text = event.plate) ORDER BY plate",
        *(known, end),
    )
    put(connection, [text for (text,) in found])
    connection.execute("UPDATE plates_known SET last_seq = ?", (end,))
    return bool(end < last)


def put(connection: apsw.Connection, plates: Iterable[str]) -> None:
    """Plates that are not there yet."""
    last = Block(*next(iter(rows(connection, LAST_BLOCK)), NO_BLOCK))
    for block, new in added(last, plates):
        connection.execute("REPLACE INTO plate_block VALUES (?, ?)", block)
        connection.executemany(
            "INSERT INTO plate VALUES (?, ?, ?, ?)",
            [(*keys(text), block.number) for text in new],
        )
