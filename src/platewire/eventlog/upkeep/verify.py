"""Integrity check of a folder: the database, its sequence numbers, its mark, the progress of
outputs, events and their pictures, and the other databases in the folder.

Read-only, also while platewire runs. Faults are reported, not repaired. A picture deleted by
retention is not a fault; a missing picture that a row names is one.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import apsw
from msgspec import Struct, structs

from platewire.database import bodies, projection
from platewire.database.connection import FILE_NAME, explained, open_reader, row, rows
from platewire.database.migrate import EVENT_LOG, check_version, reading
from platewire.errors import LogError
from platewire.eventlog.history.mark import read_mark
from platewire.eventlog.history.numbers import numbering
from platewire.eventlog.history.verifying import against_mark, numbers, places
from platewire.numbering import Gap

STEPS = {"lists.db": "platewire.lists", "decisions.db": "platewire.lists.decisions"}
"""Of the databases beside the log, the packages that know their versions."""
PAGE = 500
"""Rows checked at once: each statement is short, so none keeps the log from its writer."""
SHOWN_MAX = 20
"""Faults of one sort that are told one by one."""

Advance = Callable[[int], object]
"""Is called with how many events or pictures were looked at since."""


class Verified(Struct, frozen=True):
    """What was checked, and the faults found."""

    events: int
    pictures: int
    faults: tuple[str, ...]
    log_id: UUID | None = None
    """Of the event log; None where another database was looked at."""
    epoch: int | None = None
    gaps: tuple[Gap, ...] = ()
    """They are known and no fault."""


def verify(folder: Path, advance: Advance = lambda _: None, *, of_backup: bool = False) -> Verified:
    """Raises LogError where there is nothing that could be looked at. A backup has no mark."""
    with reading(folder / FILE_NAME) as connection:
        mark = read_mark(folder)
        # One state for all questions, whatever is written meanwhile.
        connection.execute("BEGIN")
        found = _verify(connection, folder, advance)
        marked = [] if of_backup else _some(against_mark(connection, folder, mark))
        known = numbering(connection)
    faults = (*marked, *found.faults, *_some(_beside(folder)))
    return structs.replace(
        found, faults=faults, log_id=known.log_id, epoch=known.epoch, gaps=known.gaps
    )


def total(folder: Path) -> int:
    """How much `verify` will look at, for a progress bar."""
    path = folder / FILE_NAME
    with explained(path):
        connection = open_reader(path)
        try:
            counted = "SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM image)"
            return int(row(connection, counted)[0])
        finally:
            connection.close()


def _verify(connection: apsw.Connection, folder: Path, advance: Advance) -> Verified:
    faults = [f"the file is corrupted: {said}" for said in _damage(connection)]
    (events,) = row(connection, "SELECT count(*) FROM event")
    (pictures,) = row(connection, "SELECT count(*) FROM image")
    if not faults:
        for found in (
            numbers(connection),
            places(connection),
            _events(connection, advance),
            _passages(connection),
            _pictures(connection, folder, advance),
        ):
            faults += _some(found)
    return Verified(events, pictures, tuple(faults))


def _some(faults: Iterator[str]) -> list[str]:
    """The first, and how many more there are."""
    reported = [fault for _, fault in zip(range(SHOWN_MAX), faults, strict=False)]
    if more := sum(1 for _ in faults):
        reported.append(f"... and {more} more of this kind")
    return reported


def _damage(connection: apsw.Connection) -> Iterator[str]:
    for (said,) in connection.execute("PRAGMA integrity_check(20)"):
        if said != "ok":
            yield str(said)


def _beside(folder: Path) -> Iterator[str]:
    """Lists and decisions: files of other rooms, of which only SQLite's own check is known here."""
    for path in sorted(folder.glob("*.db")):
        if path.name != FILE_NAME:
            try:
                check_version(path, STEPS.get(path.name, EVENT_LOG))
                if not path.stat().st_size:
                    yield f"{path.name} is empty: another program has truncated it"
                with explained(path), closing(open_reader(path)) as connection:
                    yield from (f"{path.name} is corrupted: {said}" for said in _damage(connection))
            except LogError as error:
                yield str(error)


def _events(connection: apsw.Connection, advance: Advance) -> Iterator[str]:
    """Each event against the columns that stand beside it."""
    names = ", ".join(projection.IN_FILE)
    after = 0
    while True:
        page = rows(
            connection,
            f"SELECT {names} FROM event WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608
            *(after, PAGE),
        )
        if not page:
            return
        for found in page:
            if fault := _fault_of(found):
                yield fault
        after = page[-1][0]
        advance(len(page))


def _fault_of(found: tuple[object, ...]) -> str | None:
    seq, body, kept = found[0], *found[-2:]
    try:
        entry = bodies.entry((seq, body, kept))
    except LogError as error:
        return str(error)
    reported = projection.columns(entry)
    wrong = [
        name
        for name, ours, theirs in zip(projection.COLUMNS, reported, found, strict=False)
        if ours != theirs
    ]
    return f"event {seq}: {', '.join(wrong)} do not match the event" if wrong else None


def _passages(connection: apsw.Connection) -> Iterator[str]:
    """Revisions rise by one from `new` on, `lost` is the last, the row is of the newest."""
    for number, gaps, late, lost in connection.execute(
        """
        SELECT e.passage_number,
               max(e.revision) - min(e.revision) + 1 <> count(*)
                 OR count(DISTINCT e.revision) <> count(*),
               sum((e.kind = 'new') <> (e.revision = 0)),
               sum(e.kind = 'lost' AND e.seq <> p.last_seq) + (p.last_seq <> max(e.seq))
        FROM event e LEFT JOIN passage p ON p.number = e.passage_number
        GROUP BY e.passage_number
        """
    ):
        if gaps:
            yield f"passage {number}: its revisions have gaps or repeat"
        if late:
            yield f"passage {number}: its first event is not `new`"
        if lost or lost is None:
            yield f"passage {number}: its row does not match its newest event"


def _pictures(connection: apsw.Connection, folder: Path, advance: Advance) -> Iterator[str]:
    after = ""
    while True:
        page = rows(
            connection,
            "SELECT sha256, jpeg, path FROM image WHERE sha256 > ? ORDER BY sha256 LIMIT ?",
            *(after, PAGE // 10),
        )
        if not page:
            return
        for sha256, jpeg, path in page:
            if fault := _fault_of_picture(folder, sha256, jpeg, path):
                yield fault
        after = page[-1][0]
        advance(len(page))


def _fault_of_picture(folder: Path, sha256: str, jpeg: bytes | None, path: str | None) -> str:
    try:
        found = jpeg if path is None else (folder / path).read_bytes()
    except OSError as error:
        still = _still_named(folder, sha256)
        return f"picture {path}: {error.strerror}" if still else ""
    if found is None or hashlib.sha256(found).hexdigest() != sha256:
        return f"picture {path or sha256}: checksum mismatch"
    return ""


def _still_named(folder: Path, sha256: str) -> bool:
    """Retention may have taken it since this began."""
    connection = open_reader(folder / FILE_NAME)
    try:
        return bool(rows(connection, "SELECT 1 FROM image WHERE sha256 = ?", sha256))
    finally:
        connection.close()
