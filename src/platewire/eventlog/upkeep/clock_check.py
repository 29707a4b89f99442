"""Reads the clocks for retention and stores the result: tables `believed_time` and `boot`.

For each boot the difference of the two clocks is stored, as of the last check with a trusted wall
time. With it, events of this boot that were written with a wrong clock still have the right age.

A person confirms the clock by a file in the log's folder, which works with and without a running
server. Only its existence and its modification time are used: a confirmation of one date does not
confirm another.
"""

import os
from datetime import datetime
from pathlib import Path

import apsw
import msgspec

from platewire.eventlog.upkeep.believed_time import (
    JUMP_SECONDS,
    ClockEstimate,
    ClockReading,
    Judgment,
    judge,
    since,
)
from platewire.runtime.clock import Clock, milliseconds

CONFIRMED = "retention.confirmed"


def check(connection: apsw.Connection, folder: Path, clock: Clock) -> tuple[ClockReading, Judgment]:
    """Only reads."""
    now = clock.now()
    reading = ClockReading(
        milliseconds(now), clock.boot(), clock.synchronized(), is_confirmed(folder, now)
    )
    return reading, judge(_stored(connection), reading)


def check_and_store(connection: apsw.Connection, folder: Path, clock: Clock) -> Judgment:
    """Looks, and keeps it; within the writer's transaction."""
    reading, judgment = check(connection, folder, clock)
    connection.execute(
        "REPLACE INTO believed_time (one, belief) VALUES (1, ?)",
        (msgspec.json.encode(judgment.estimate),),
    )
    if not judgment.held:
        connection.execute(
            "REPLACE INTO boot (id, began_ms) VALUES (?, ?)",
            (reading.at.boot, reading.wall_ms - round(reading.at.seconds * 1000)),
        )
    return judgment


def _stored(connection: apsw.Connection) -> ClockEstimate | None:
    """What the last look left; else no more than when the newest event was kept."""
    stored = connection.execute("SELECT belief FROM believed_time").get
    if stored is not None:
        return msgspec.json.decode(stored, type=ClockEstimate)
    newest = connection.execute("SELECT recorded_ms FROM event ORDER BY seq DESC LIMIT 1").get
    return None if newest is None else since(newest)


# --- a person's word ------------------------------------------------------------------------------


def confirm(folder: Path, now: datetime) -> None:
    """The date that this computer shows now is right. A disk on the network has its own time."""
    path = folder / CONFIRMED
    path.unlink(missing_ok=True)
    path.touch()
    os.utime(path, (now.timestamp(), now.timestamp()))


def is_confirmed(folder: Path, now: datetime) -> bool:
    try:
        at = (folder / CONFIRMED).stat().st_mtime
    except OSError:
        return False
    return abs(now.timestamp() - at) <= JUMP_SECONDS


def forget_confirmation(folder: Path) -> None:
    (folder / CONFIRMED).unlink(missing_ok=True)
