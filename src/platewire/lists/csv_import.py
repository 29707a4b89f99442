"""A file into a list: first what would become of it, row by row; then, if told to, all at once.

The rows are staged in a temporary table on disk, so that a million take little memory; the good
ones reach the list in one transaction, or none does. Blocking.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Literal, cast

from msgspec import Meta, Struct

from platewire.database.connection import explained, row
from platewire.errors import ConfigError
from platewire.lists.csv_text import Layout, Row, layout_of, opened, rows_of
from platewire.lists.entry import FIELDS, EntryError, checked
from platewire.lists.store import COLUMNS, Store, values_of

SHOWN = 100
"""Rejected rows that a preview shows; all are counted, and all are told to whoever listens."""
TELL_EVERY = 1000

Manner = Literal["merge", "replace"]
_BOTH = (
    "FROM staged s JOIN entry e ON e.plate = s.plate "
    "AND e.list = (SELECT id FROM list WHERE name = ?) WHERE 1"
)
_SAME = " AND ".join(f"e.{name} = s.{name}" for name in COLUMNS.split(", "))


class RejectedRow(Struct, frozen=True, kw_only=True):
    """A row that cannot be an entry, and what to do about it."""

    row: Annotated[int, Meta(description="Number of the line in the file, from 1")]
    field: Annotated[str, Meta(description="The column; empty where it is the whole row")]
    value: Annotated[str, Meta(description="What stands there")]
    reason: Annotated[str, Meta(description="What is wrong with it")]
    remedy: Annotated[str, Meta(description="What to write instead")]


class Preview(Struct, frozen=True, kw_only=True):
    """What an import does, or would do."""

    list: Annotated[str, Meta(description="Name of the list")]
    manner: Annotated[
        Manner, Meta(description="`merge` keeps other entries, `replace` takes them off the list")
    ]
    applied: Annotated[bool, Meta(description="False for a preview: nothing was changed")]
    encoding: Annotated[str, Meta(description="As which the file was read")]
    delimiter: Annotated[str, Meta(description="What stands between its cells")]
    columns: Annotated[tuple[str, ...], Meta(description="The columns that were read")]
    passed_over: Annotated[tuple[str, ...], Meta(description="Columns of unknown names")]
    rows: Annotated[int, Meta(description="Rows in the file")]
    added: Annotated[int, Meta(description="Plates that were not on the list")]
    changed: Annotated[int, Meta(description="Plates on the list whose entry is another now")]
    same: Annotated[int, Meta(description="Plates on the list whose entry stays as it is")]
    removed: Annotated[int, Meta(description="Plates that the file takes off the list")]
    rejected: Annotated[int, Meta(description="Rows that cannot be entries")]
    reasons: Annotated[dict[str, int], Meta(description="How many for each column")]
    rejected_rows: Annotated[
        tuple[RejectedRow, ...], Meta(description=f"The first of them, {SHOWN} at most")
    ]


class Import:
    """One file on its way into one list; `run` is to be called once.

    `progress` is told how many bytes are read, now and then; `reject` of each row that is not
    taken. `cameras` are the configured names.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        cameras: Collection[str],
        *,
        manner: Manner = "merge",
        progress: Callable[[int], None] = lambda done: None,
        reject: Callable[[RejectedRow], None] = lambda row: None,
    ) -> None:
        self._store = store
        self._name = name
        self._cameras = cameras
        self._manner = manner
        self._progress = progress
        self._reject = reject
        self._rows = 0
        self._good = 0
        self._reasons: Counter[str] = Counter()
        self._shown: list[RejectedRow] = []

    def run(self, path: Path, *, apply: bool, encoding: str | None = None) -> Preview:
        """ConfigError for a file that cannot be used at all, or would empty the list."""
        layout = layout_of(path, encoding)
        with explained(self._store.path), self._staging():
            self._stage(path, layout)
            if not apply:
                return self._preview(layout, applied=False)
            with self._store.writing():
                preview = self._preview(layout, applied=True)
                self._apply(path)
        return preview

    @contextmanager
    def _staging(self) -> Iterator[None]:
        self._sql("DROP TABLE IF EXISTS temp.staged")
        self._sql(f"CREATE TEMP TABLE staged (plate TEXT PRIMARY KEY, folded, {COLUMNS}, row)")
        try:
            yield
        finally:
            self._sql("DROP TABLE temp.staged")

    def _stage(self, path: Path, layout: Layout) -> None:
        self._sql("BEGIN")  # of the temporary table alone: nobody waits for it
        try:
            with opened(path, layout.encoding) as file:
                for each in rows_of(file, layout):
                    self._rows += 1
                    self._take(each)
                    if self._rows % TELL_EVERY == 0:
                        self._progress(cast("IO[bytes]", file.buffer).tell())
        finally:
            self._sql("COMMIT")

    def _take(self, seen: Row) -> None:
        if seen.wrong:
            self._turn_away(seen.number, "", seen.text, seen.wrong, "look at the line in the file")
            return
        try:
            entry = checked(seen.fields, self._cameras)
        except EntryError as error:
            self._turn_away(seen.number, error.field, error.value, error.reason, error.remedy)
            return
        plate, _, *values = values_of(0, entry)
        marks = "?,?,?,?,?,?,?,?,?,?,?"
        self._sql(f"INSERT OR IGNORE INTO staged VALUES ({marks})", (plate, *values, seen.number))  # noqa: S608
        if not self._store.connection.changes():
            earlier = self._one("SELECT row FROM staged WHERE plate = ?", plate)
            reason = f"row {earlier} has the same plate"
            self._turn_away(seen.number, "plate", entry.plate, reason, "keep one of the two")

    def _turn_away(self, number: int, field: str, value: str, reason: str, remedy: str) -> None:
        turned = RejectedRow(row=number, field=field, value=value, reason=reason, remedy=remedy)
        self._reasons[field or "row"] += 1
        if len(self._shown) < SHOWN:
            self._shown.append(turned)
        self._reject(turned)

    def _preview(self, layout: Layout, *, applied: bool) -> Preview:
        staged = self._one("SELECT count(*) FROM staged")
        there = self._one(f"SELECT count(*) {_BOTH}", self._name)
        same = self._one(f"SELECT count(*) {_BOTH} AND {_SAME}", self._name)
        on_list = self._store.count(self._name)
        return Preview(
            list=self._name,
            manner=self._manner,
            applied=applied,
            encoding=layout.encoding,
            delimiter=layout.delimiter,
            columns=tuple(name for name in layout.columns if name in FIELDS),
            passed_over=tuple(name for name in layout.columns if name not in FIELDS),
            rows=self._rows,
            added=staged - there,
            changed=there - same,
            same=same,
            removed=on_list - there if self._manner == "replace" else 0,
            rejected=self._reasons.total(),
            reasons=dict(self._reasons),
            rejected_rows=tuple(self._shown),
        )

    def _apply(self, path: Path) -> None:
        """Within a transaction."""
        if self._one("SELECT count(*) FROM staged") == 0:
            raise ConfigError(
                f"{path} has no row that can be an entry, so list {self._name} is left as it is"
            )
        number = self._store.list_id(self._name)
        if self._manner == "replace":
            self._sql(
                "DELETE FROM entry WHERE list = ? AND plate NOT IN (SELECT plate FROM staged)",
                (number,),
            )
        self._sql(
            f"REPLACE INTO entry (plate, list, folded, {COLUMNS}) "  # noqa: S608
            f"SELECT plate, ?, folded, {COLUMNS} FROM staged ORDER BY plate",
            (number,),
        )

    def _sql(self, statement: str, values: tuple[object, ...] = ()) -> None:
        self._store.connection.execute(statement, values)

    def _one(self, statement: str, *values: object) -> int:
        (only,) = row(self._store.connection, statement, *values)
        return int(only)
