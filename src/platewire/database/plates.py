"""Table `plate`, in which searches look: each plate of the log once, with its other spellings.

It is filled behind the log and in small steps, so that appending costs nothing more. A search adds
the plates of the events that are not in it yet, so it never misses one.
"""

import apsw

from platewire.country import folded
from platewire.database.connection import row, rows

STEP_EVENTS = 2000
"""Per transaction, so that no append waits for long."""


def keys(text: str) -> tuple[str, str, str]:
    """The columns of table `plate`."""
    return text, text[::-1], folded(text)


def take_in(connection: apsw.Connection) -> bool:
    """Takes in the next events; the caller commits. Gives whether there are more."""
    known, last = row(connection, "SELECT k.last_seq, l.last_seq FROM plates_known k JOIN log l")
    end = min(last, known + STEP_EVENTS)
    if end == known:
        return False
    found = rows(
        connection,
        "SELECT DISTINCT plate FROM event WHERE seq > ? AND seq <= ? ORDER BY plate",
        *(known, end),
    )
    connection.executemany(
        "INSERT INTO plate VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [keys(text) for (text,) in found],
    )
    connection.execute("UPDATE plates_known SET last_seq = ?", (end,))
    return bool(end < last)
