"""The log's smaller statements: the installation for the views, and what it reads back.

Those that write run on the writer thread within its transaction, the others on the reader's.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import apsw

from platewire.database import bodies
from platewire.database.connection import row, rows
from platewire.database.local_time import Period, renewed
from platewire.errors import LogError
from platewire.model import Entry, Site

# --- writing ---------------------------------------------------------------------------------


def describe(connection: apsw.Connection, site: Site, now: datetime) -> None:
    _tell_local_time(connection, site.time_zone, now)
    connection.execute(
        "UPDATE log SET system_id = ?, node = ?, time_zone = ?",
        (site.system_id, site.name, site.time_zone),
    )
    connection.execute("UPDATE camera SET channel_index = NULL, checkpoint = 0")
    connection.executemany(
        "REPLACE INTO camera (name, channel_index, checkpoint) VALUES (?, ?, ?)",
        [(name, at, site.checkpoints.get(name, 0)) for name, at in site.channels.items()],
    )
    connection.execute("DELETE FROM zone")
    connection.executemany(
        "INSERT INTO zone VALUES (?, ?, ?)",
        [
            (camera, zone, index)
            for camera, zones in site.zones.items()
            for index, zone in enumerate(zones)
        ],
    )


def _tell_local_time(connection: apsw.Connection, zone: str, now: datetime) -> None:
    kept = rows(connection, "SELECT from_ms, minutes FROM local_time ORDER BY from_ms")
    (told,) = row(connection, "SELECT time_zone FROM log")
    new = renewed([Period(*each) for each in kept], zone, now, first_time=told is None)
    connection.execute("DELETE FROM local_time")
    connection.executemany("INSERT INTO local_time VALUES (?, ?)", new)


# --- reading ---------------------------------------------------------------------------------


def last_seq(connection: apsw.Connection) -> int:
    return int(row(connection, "SELECT last_seq FROM log")[0])


def entries(connection: apsw.Connection, after: int, last: int, limit: int) -> Sequence[Entry]:
    """Entries after `after` up to and with `last`, rising. Nothing is open when this returns.

    One that is damaged ends what is given; where it would be the first, it is left out, as if
    retention had taken it. LogError where nothing but damage is left.
    """
    damage: LogError | None = None
    while after < last and (
        page := rows(
            connection,
            f"SELECT {bodies.IN_LOG} FROM event WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",  # noqa: S608
            *(after, last, limit),
        )
    ):
        intact, damage = _until_damaged(after, page)
        if intact:
            return intact
        after = max(after + 1, page[0][0])
    if damage is not None:
        raise damage
    return []


def of_passages(
    connection: apsw.Connection, numbers: Collection[int], last: int
) -> Sequence[Entry]:
    """See `EventReader.of_passages`."""
    places = ", ".join("?" * len(numbers))
    found = rows(
        connection,
        f"SELECT {bodies.IN_LOG} FROM event WHERE passage_number IN ({places}) AND seq <= ? "  # noqa: S608
        "ORDER BY seq",
        *(*numbers, last),
    )
    intact = []
    for each in found:
        with suppress(LogError):
            intact.append(bodies.entry(each))
    return intact


def _until_damaged(
    after: int, page: Sequence[tuple[Any, ...]]
) -> tuple[list[Entry], LogError | None]:
    intact: list[Entry] = []
    try:
        for found in page:
            entry = bodies.entry(found)
            if entry.event.seq <= after or (intact and entry.event.seq > after + 1):
                raise bodies.damaged(after + 1, f"its row contains event {entry.event.seq}")
            intact.append(entry)
            after = entry.event.seq
    except LogError as error:
        return intact, error
    return intact, None
