"""Imports a file into a list: first a preview, row by row; then, on request, all rows at once.

What the file does not state is detected and reported, or becomes a question; with an open question
nothing is imported. Rows are staged in a temporary table on disk, so that a million take little
memory; the valid ones reach the list in one transaction. Blocking.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import apsw
from msgspec import Meta, Struct

from platewire.database.connection import row, transaction
from platewire.errors import ConfigError
from platewire.lists.entry import EntryError, list_entry
from platewire.lists.files import table as tables
from platewire.lists.files.dates import Order
from platewire.lists.files.headings import Choice, Layout, field_columns
from platewire.lists.files.record import Record
from platewire.lists.files.rows import Row, row_of
from platewire.lists.files.survey import survey_file
from platewire.lists.files.table import Table
from platewire.lists.store import COLUMNS, MARKS, Store, count_of, list_id, values_of

SHOWN = 100
"""Rejected rows in a preview; all are counted, and `reject` receives all."""
REJECTED_SHARE_MAX = 0.5
"""Maximum share of rejected rows when a list is replaced: above it, the file was more likely
misread than it contains that many mistakes."""

Manner = Literal["merge", "replace"]
_BOTH = (
    "FROM staged s JOIN entry e ON e.plate = s.plate "
    "AND e.list = (SELECT id FROM list WHERE name = ?) WHERE 1"
)
_SAME = " AND ".join(f"e.{name} = s.{name}" for name in COLUMNS.split(", "))


class RejectedRow(Struct, frozen=True, kw_only=True):
    """A rejected row, and what to do about it."""

    row: Annotated[
        int, Meta(description="Number of the line in the file where the row begins, from 1")
    ]
    field: Annotated[str, Meta(description="Column; empty for the whole row")]
    value: Annotated[str, Meta(description="Value in the file")]
    reason: Annotated[str, Meta(description="What is wrong with it")]
    remedy: Annotated[str, Meta(description="What to write instead")]


class Preview(Struct, frozen=True, kw_only=True):
    """What an import does, or would do."""

    list: Annotated[str, Meta(description="Name of the list")]
    manner: Annotated[
        Manner, Meta(description="`merge` keeps other entries, `replace` removes them")
    ]
    applied: Annotated[bool, Meta(description="False for a preview: nothing was changed")]
    encoding: Annotated[str, Meta(description="Encoding of the file; empty for a workbook")]
    delimiter: Annotated[str, Meta(description="Delimiter of the cells; empty for a workbook")]
    sheet: Annotated[str, Meta(description="Sheet of the workbook; empty for a text file")]
    columns: Annotated[tuple[str, ...], Meta(description="The fields that were read")]
    skipped: Annotated[tuple[str, ...], Meta(description="Headings of ignored columns")]
    assumed: Annotated[
        tuple[str, ...], Meta(description="Assumptions about what the file does not state")
    ]
    questions: Annotated[
        tuple[str, ...],
        Meta(description="Decisions needed before the import, each with the options to use"),
    ]
    rows: Annotated[
        int, Meta(description="Rows in the file; lines, where a misplaced quote hides the rows")
    ]
    added: Annotated[int, Meta(description="Plates that were not on the list")]
    changed: Annotated[int, Meta(description="Plates on the list whose entry changes")]
    same: Annotated[int, Meta(description="Plates on the list whose entry stays the same")]
    removed: Annotated[int, Meta(description="Plates removed from the list")]
    rejected: Annotated[int, Meta(description="Rejected rows")]
    reasons: Annotated[dict[str, int], Meta(description="Rejected rows by column")]
    rejected_rows: Annotated[
        tuple[RejectedRow, ...], Meta(description=f"The first rejected rows, at most {SHOWN}")
    ]


class Reading(NamedTuple):
    """The user's options for a file; without them, the import detects them or asks."""

    encoding: str | None = None
    sheet: str | None = None
    """Of a workbook with several."""
    columns: Sequence[str] = ()
    """Which column is which field: `plate=Kennzeichen`."""
    ignored: Sequence[str] = ()
    """Headings of columns to ignore, whatever they may limit."""
    headings: bool = True
    """False: the first row is an entry."""
    date_order: Order | None = None
    rejected_allowed: bool = False
    """Replace the list although most rows are rejected."""


class Import:
    """Imports one file into one list; call `run` once.

    `progress` receives the number of bytes read, from time to time; `reject` each rejected row.
    `cameras` are the configured names.
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
        self._connection: apsw.Connection
        self._name = name
        self._cameras = cameras
        self._manner = manner
        self._progress = progress
        self._reject = reject
        self._rows = 0
        self._reasons: Counter[str] = Counter()
        self._shown: list[RejectedRow] = []
        self._assumed: dict[str, None] = {}

    def run(self, path: Path, *, apply: bool, reading: Reading = Reading()) -> Preview:  # noqa: B008
        """Raises ConfigError for an unusable file, one that would empty the list, and, if `apply`,
        for open questions."""
        choice = Choice(field_columns(reading.columns), reading.ignored, reading.headings)
        table = tables.open_table(
            path, encoding=reading.encoding, sheet=reading.sheet, choice=choice
        )
        layout = tables.layout(path, table, choice)
        survey = survey_file(_entries_of(table.records(), layout), layout, reading.date_order)
        self._assumed = dict.fromkeys((*table.assumed, *survey.assumed))
        with self._store.used() as self._connection, self._staging():
            self._stage(table, layout, survey.order)
            questions = (*survey.questions, *self._doubts(reading))
            if not apply:
                return self._preview(table, layout, questions, applied=False)
            if questions:
                asked = "; ".join(questions)
                raise ConfigError(f"{path}: list {self._name} was not changed: {asked}")
            with transaction(self._connection):
                preview = self._preview(table, layout, (), applied=True)
                self._apply(path)
        return preview

    def _doubts(self, reading: Reading) -> Iterator[str]:
        rejected = self._reasons.total()
        if (
            self._manner == "replace"
            and self._rows > rejected > REJECTED_SHARE_MAX * self._rows
            and not reading.rejected_allowed
        ):
            yield (
                f"{rejected} of {self._rows} rows are rejected, and the rest would replace the "
                "list: correct the file, or add --allow-rejected"
            )

    @contextmanager
    def _staging(self) -> Iterator[None]:
        self._sql("DROP TABLE IF EXISTS temp.staged")
        self._sql(f"CREATE TEMP TABLE staged (plate TEXT PRIMARY KEY, folded, {COLUMNS}, row)")
        try:
            yield
        finally:
            self._sql("DROP TABLE temp.staged")

    def _stage(self, table: Table, layout: Layout, order: Order) -> None:
        self._sql("BEGIN")  # Locks the temporary table only, so nobody waits for it.
        try:
            for record in _entries_of(table.records(self._progress), layout):
                self._rows += record.lines
                self._take(row_of(record, layout.columns, order, self._assume))
        finally:
            self._sql("COMMIT")

    def _assume(self, said: str) -> None:
        self._assumed.setdefault(said)

    def _take(self, seen: Row) -> None:
        if seen.wrong:
            self._turn_away(seen, seen.field, seen.value, seen.wrong, seen.remedy)
            return
        try:
            entry = list_entry(seen.fields, self._cameras)
        except EntryError as error:
            self._turn_away(seen, error.field, error.value, error.reason, error.remedy)
            return
        plate, _, *values = values_of(0, entry)
        self._sql(f"INSERT OR IGNORE INTO staged VALUES ({MARKS})", (plate, *values, seen.number))  # noqa: S608
        if not self._connection.changes():
            earlier = self._one("SELECT row FROM staged WHERE plate = ?", plate)
            reason = f"duplicate: row {earlier} has the same plate"
            self._turn_away(seen, "plate", entry.plate, reason, "keep one of the two")

    def _turn_away(self, seen: Row, field: str, value: str, reason: str, remedy: str) -> None:
        turned = RejectedRow(
            row=seen.number, field=field, value=value, reason=reason, remedy=remedy
        )
        self._reasons[field or "row"] += seen.lines
        if len(self._shown) < SHOWN:
            self._shown.append(turned)
        self._reject(turned)

    def _preview(
        self, table: Table, layout: Layout, questions: tuple[str, ...], *, applied: bool
    ) -> Preview:
        staged = self._one("SELECT count(*) FROM staged")
        there = self._one(f"SELECT count(*) {_BOTH}", self._name)
        same = self._one(f"SELECT count(*) {_BOTH} AND {_SAME}", self._name)
        on_list = count_of(self._connection, self._name)
        return Preview(
            list=self._name,
            manner=self._manner,
            applied=applied,
            encoding=table.encoding,
            delimiter=table.delimiter,
            sheet=table.sheet,
            columns=tuple(each.field for each in layout.columns if each.field),
            skipped=tuple(each.heading for each in layout.columns if not each.field),
            assumed=tuple(self._assumed),
            questions=questions,
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
                f"{path} contains no valid row, so list {self._name} was not changed; "
                "correct the rows"
            )
        number = list_id(self._connection, self._name)
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
        self._connection.execute(statement, values)

    def _one(self, statement: str, *values: object) -> int:
        (only,) = row(self._connection, statement, *values)
        return int(only)


def _entries_of(records: Iterable[Record], layout: Layout) -> Iterator[Record]:
    return islice(records, 1 if layout.headings else 0, None)
