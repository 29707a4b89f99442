"""Erases one plate from everything in the folder of the event log, and verifies it.

Platewire must be stopped, because it has the newest events in memory and deliveries in flight. The
erasure is one transaction; then the database file is rewritten, so that no bytes remain in free
pages, and all files of the folder are searched for the plate.
"""

import mmap
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import apsw
from msgspec import Struct

from platewire.database import projection
from platewire.database.connection import (
    FILE_NAME,
    explained,
    open_writer,
    row,
    rows,
    transaction,
)
from platewire.database.erasure import ERASED, blank, plates_in, spellings, without
from platewire.database.migrate import check_version, migrate
from platewire.database.search.plate_in_text import PlateMatcher, longer
from platewire.errors import LogError
from platewire.eventlog.lock import FolderLock
from platewire.model import Entry, Event
from platewire.runtime.clock import milliseconds
from platewire.wire import native

OWN = frozenset({"event", "passage", "image", "list_hit", "plate", "plate_block", "removal"})
"""Tables that are dealt with by name."""
KEPT = frozenset({"entry"})
"""What people wrote down themselves: told, not changed."""
ABOUT_DELIVERY = ("request", "answer", "error", "reason")
PLATES = ("plate", "plate_display", "plate_raw", "plate_unicode", "written")
"""Columns of any table that hold one plate and nothing else."""


class Erased(Struct, frozen=True, kw_only=True):
    """What was done, and the proof."""

    passages: int
    events: int
    pictures: int
    mentions: int
    """Events of other plates of which this one was taken out."""
    files_searched: int
    bytes_searched: int
    searched_for: int
    """How many spellings of it; 0 where it is too short or only digits, and only columns were
    searched."""
    left: tuple[str, ...]
    """Where it still is."""


def erase(folder: Path, plate: str, name: str, now: datetime) -> Erased:
    """`plate` in normal form, `name` what stands in its place. LogError while platewire runs."""
    path = folder / FILE_NAME
    if not path.exists():
        raise LogError(f"{path} does not exist; set the folder of an event log")
    check_version(path)
    lock = FolderLock(folder)
    try:
        with explained(path), closing(open_writer(path)) as connection:
            migrate(connection, now)
            work = _Work(connection, folder, plate, name, now)
            work.do()
        for other in sorted(folder.glob("*.db")):
            if other.name != FILE_NAME:
                with explained(other), closing(open_writer(other)) as connection:
                    work.others |= _others(connection, work.written)
                    _scrub(connection, work.matcher, name)
                    _rewrite(connection)
        return _proven(folder, work)
    finally:
        lock.release()


class _Work:
    """The transaction on the event log."""

    def __init__(
        self, connection: apsw.Connection, folder: Path, plate: str, name: str, now: datetime
    ) -> None:
        self._connection = connection
        self._folder = folder
        self._plate = plate
        self._name = name
        self._now_ms = milliseconds(now)
        self.numbers = [
            number
            for (number,) in rows(
                connection, "SELECT DISTINCT passage_number FROM event WHERE plate = ?", plate
            )
        ]
        self._events = [event for number in self.numbers for event in self._of(number)]
        self.written = spellings(self._events, plate)
        self.others = _others(connection, self.written)
        """Plates of others that have this one within them."""
        self.pictures: list[str] = []
        self.mentions = 0

    @property
    def matcher(self) -> PlateMatcher:
        return PlateMatcher(self.written, self.others)

    @property
    def events(self) -> int:
        return len(self._events)

    def _of(self, number: int) -> Iterator[Event]:
        found = rows(
            self._connection,
            "SELECT body FROM event WHERE passage_number = ? ORDER BY seq",
            number,
        )
        return (native.decode(body) for (body,) in found)

    def do(self) -> None:
        self._refuse_open()
        connection = self._connection
        connection.execute("PRAGMA secure_delete = ON")
        with transaction(connection):
            files = self._change()
        for file in files:
            with suppress(FileNotFoundError):
                (self._folder / file).unlink()
        _rewrite(connection)

    def _refuse_open(self) -> None:
        for camera, state in rows(self._connection, "SELECT camera, state FROM open_passages"):
            if self.matcher.stands_in(bytes(state)):
                raise LogError(
                    f'the plate is in a passage of camera "{camera}" that is still open; start '
                    "platewire, let the vehicle leave, stop it, and run this command again"
                )

    def _change(self) -> list[str]:
        (trigger,) = row(
            self._connection,
            "SELECT sql FROM sqlite_master WHERE name = 'event_is_never_edited'",
        )
        self._connection.execute("DROP TRIGGER event_is_never_edited")
        files = self._drop_pictures()
        for event in self._events:
            self._replace(blank(event, self._name))
            self._forget(event.seq)
        self._take_out_mentions()
        self._rename_passages()
        self._connection.execute(trigger)
        _scrub(self._connection, self.matcher, self._name)
        return files

    def _replace(self, event: Event) -> None:
        names = projection.IN_FILE
        self._connection.execute(
            f"UPDATE event SET {', '.join(f'{each} = ?' for each in names)} WHERE seq = ?",  # noqa: S608
            (*projection.in_file(Entry(event, native.encode(event))), event.seq),
        )

    def _forget(self, seq: int) -> None:
        """What deliveries said of it may quote it in a form that nobody foresees."""
        self._connection.execute("DELETE FROM list_hit WHERE seq = ?", (seq,))
        for table in _tables(self._connection):
            columns = _columns(self._connection, table)
            if "seq" not in columns or table in OWN:
                continue
            for column in set(ABOUT_DELIVERY) & columns.keys():
                self._connection.execute(
                    f"UPDATE {table} SET {column} = '' WHERE seq = ?",  # noqa: S608
                    (seq,),
                )

    def _take_out_mentions(self) -> None:
        seen: set[int] = set()
        for each in sorted(self.written):
            for seq, body in rows(
                self._connection,
                "SELECT seq, body FROM event WHERE instr(body, CAST(? AS BLOB))",
                each,
            ):
                before = native.decode(body)
                event = without(before, self.written, self._name)
                self.others |= longer(plates_in(before), self.written)
                if event != before:
                    self._replace(event)
                    self._drop_hits(event)
                    seen.add(seq)
        self.mentions = len(seen)

    def _drop_hits(self, event: Event) -> None:
        self._connection.execute("DELETE FROM list_hit WHERE seq = ?", (event.seq,))
        self._connection.executemany(
            "INSERT INTO list_hit VALUES (?, ?, ?, ?, ?)",
            projection.hits(Entry(event, b"")),
        )

    def _drop_pictures(self) -> list[str]:
        """Also where another passage shows the same picture: the plate is in it."""
        shown = {
            image.sha256
            for event in self._events
            for image in (event.images.plate, event.images.vehicle, event.images.frame)
            if image is not None
        }
        files = []
        for sha256 in sorted(shown):
            for path, size in rows(
                self._connection,
                "DELETE FROM image WHERE sha256 = ? RETURNING path, bytes",
                sha256,
            ):
                self.pictures.append(sha256)
                if path is not None:
                    files.append(path)
                    self._connection.execute("UPDATE log SET file_bytes = file_bytes - ?", (size,))
        return files

    def _rename_passages(self) -> None:
        why = "erased" if self._name == ERASED else "pseudonymised"
        for number in self.numbers:
            self._connection.execute(
                "UPDATE passage SET plate = ? WHERE number = ?", (self._name, number)
            )
            self._connection.execute(
                "INSERT INTO removal (at_ms, what, why, first_seq, last_seq, count, bytes, passage)"
                " SELECT ?, 'passage', ?, min(seq), max(seq), count(*), 0, passage FROM event "
                "WHERE passage_number = ?",
                (self._now_ms, why, number),
            )
        if "plate" in _tables(self._connection) and self.numbers:
            self._connection.executemany(
                "DELETE FROM plate WHERE text = ?1 "
                "AND NOT EXISTS (SELECT 1 FROM event WHERE plate = ?1)",
                [(text,) for text in sorted({event.plate.text for event in self._events})],
            )
            # Searches take in what stands in its place, from the first event that was changed.
            self._connection.execute(
                "UPDATE plates_known SET last_seq = min(last_seq, ?)",
                (min(event.seq for event in self._events) - 1,),
            )


# --- whatever else holds it ----------------------------------------------------------------------


def _scrub(connection: apsw.Connection, matcher: PlateMatcher, name: str) -> None:
    """In all other tables: text, and JSON kept as bytes."""
    connection.execute("PRAGMA secure_delete = ON")

    def taken_out(*values: Any) -> Any:
        return matcher.taken_out(values[0], name)

    connection.create_scalar_function("taken_out", taken_out, 1)
    for table, column in _found(connection, matcher):
        if table in OWN | KEPT:
            continue
        connection.execute(
            f"UPDATE {table} SET {column} = taken_out({column}) "  # noqa: S608
            f"WHERE {_holding(column, matcher)} AND (typeof({column}) = 'text' "
            f"OR substr({column}, 1, 1) IN (CAST('{{' AS BLOB), CAST('[' AS BLOB)))",
            _looked_for(matcher),
        )


def _found(connection: apsw.Connection, matcher: PlateMatcher) -> list[tuple[str, str]]:
    """Table and column of each place where the plate stands."""

    def stands_in(*values: Any) -> bool:
        return matcher.stands_in(values[0])

    connection.create_scalar_function("stands_in", stands_in, 1)
    return [
        (table, column)
        for table in _tables(connection)
        for column, kind in _columns(connection, table).items()
        if kind in ("TEXT", "BLOB")
        if connection.execute(
            f"SELECT 1 FROM {table} WHERE {_holding(column, matcher)} LIMIT 1",  # noqa: S608
            _looked_for(matcher),
        ).get
    ]


def _holding(column: str, matcher: PlateMatcher) -> str:
    """SQLite looks for a spelling first; whether it is the plate itself is asked of few rows."""
    somewhere = [f"instr(CAST({column} AS BLOB), CAST(? AS BLOB))"] * len(matcher.patterns)
    whole = [f"{column} = ?"] * len(matcher.written)
    return f"({' OR '.join([*somewhere, *whole])}) AND stands_in({column})"


def _looked_for(matcher: PlateMatcher) -> tuple[str, ...]:
    return (*matcher.patterns, *sorted(matcher.written))


def _others(connection: apsw.Connection, written: Iterable[str]) -> set[str]:
    """Plates of others in which a spelling stands."""
    found = [
        text
        for table in _tables(connection)
        for column in _columns(connection, table)
        if column in PLATES
        for each in written
        for (text,) in rows(
            connection,
            f"SELECT DISTINCT {column} FROM {table} WHERE instr({column}, ?)",  # noqa: S608
            each,
        )
    ]
    return longer(found, frozenset(written))


def _tables(connection: apsw.Connection) -> list[str]:
    found = rows(
        connection,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
    )
    return [name for (name,) in found]


def _columns(connection: apsw.Connection, table: str) -> dict[str, str]:
    return {name: kind for _, name, kind, *_ in rows(connection, f"PRAGMA table_info({table})")}


def _rewrite(connection: apsw.Connection) -> None:
    """No free page and no journal keeps what was there."""
    connection.execute("VACUUM")
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


# --- the proof -----------------------------------------------------------------------------------


def _proven(folder: Path, work: _Work) -> Erased:
    matcher = work.matcher
    left, files, size = [], 0, 0
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            files, size = files + 1, size + path.stat().st_size
            if _holds(path, matcher):
                left.append(str(path.relative_to(folder)))
    for path in sorted(folder.glob("*.db")):
        with explained(path), closing(open_writer(path)) as connection:
            left += [
                f"{path.name}: {table}.{column}" for table, column in _found(connection, matcher)
            ]
    return Erased(
        passages=len(work.numbers),
        events=work.events,
        pictures=len(work.pictures),
        mentions=work.mentions,
        files_searched=files,
        bytes_searched=size,
        searched_for=len(matcher.provable),
        left=tuple(dict.fromkeys(left)),
    )


def _holds(path: Path, matcher: PlateMatcher) -> bool:
    """Reads the databases' bytes too: the folder is locked, and no connection to them is open."""
    if not path.stat().st_size:
        return False  # nothing to map
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return matcher.stands_in_bytes(data)
