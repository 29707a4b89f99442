"""Surveys a file before the import: the order of day and month in its dates, and unknown columns
that may limit an entry. What the file does not show becomes a question to the user.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from platewire.lists.files import dates
from platewire.lists.files.dates import Order
from platewire.lists.files.headings import Column, Layout, limiting
from platewire.lists.files.record import Record, bare

_FLAGS = """
    yes, no, y, n, true, false, ja, nein, да, нет, так, ні, tak, nie, ano, áno, ne, si, sí, sì, oui,
    non, sim, não, nao, nee, nej, nei, kyllä, ei, evet, hayır, igen, nem, da, nu, x, +, -, ✓, ✗,
    0, 1"""
FLAGS = frozenset(word.strip() for word in _FLAGS.split(","))
"""Values of a column that switches entries on or off."""
FLAGS_MAX = 4
"""Different values of a column that are kept to check whether it is such a switch."""
CELL_SHOWN = 40
"""Characters of a cell that a message quotes."""


class CellSample(NamedTuple):
    row: int
    value: str


class Survey(NamedTuple):
    order: Order
    assumed: tuple[str, ...]
    questions: tuple[str, ...]
    """Decisions that the user must take before the import."""


class _Unknown:
    """Values of an unknown column."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._sounds = limiting(column.heading)
        self._values: set[str] = set()
        self._first: CellSample | None = None
        self._limiting: CellSample | None = None

    def see(self, seen: CellSample) -> None:
        self._first = self._first or seen
        if len(self._values) < FLAGS_MAX:
            self._values.add(seen.value.lower())
        if not self._limiting and (self._sounds or dates.is_time_or_date(seen.value)):
            self._limiting = seen

    def question(self) -> str:
        """Empty if the column cannot limit an entry."""
        flags = self._values and self._values <= FLAGS and self._values != {"1"}
        seen = self._limiting or (self._first if flags else None)
        if seen is None:
            return ""
        name = self._column.heading
        return (
            f"unknown column {name!r} may limit when, where or whether an entry is valid "
            f"(row {seen.row}: {seen.value[:CELL_SHOWN]!r}): map it to a field, such as --column "
            f'"valid_to={name}", or ignore it with --ignore-column "{name}"'
        )


def survey_file(records: Iterable[Record], layout: Layout, date_order: Order | None) -> Survey:
    """Reads all records once. `date_order` is what the user said of day and month, if anything."""
    unknown = {
        at: _Unknown(column)
        for at, column in enumerate(layout.columns)
        if not column.field and not column.passed
    }
    bounds = [at for at, it in enumerate(layout.columns) if it.field in ("valid_from", "valid_to")]
    evidence: dict[str, CellSample] = {}
    for record in records if bounds or unknown else ():
        for at, value in _filled(record, (*bounds, *unknown)):
            seen = CellSample(record.number, value)
            if at in unknown:
                unknown[at].see(seen)
            elif found := dates.evidence(value):
                evidence.setdefault(found, seen)
    order, assumed, question = _order(evidence, date_order)
    questions = (question, *(each.question() for each in unknown.values()))
    return Survey(order, (*_names(layout), *assumed), tuple(filter(None, questions)))


def _filled(record: Record, columns: Iterable[int]) -> Iterator[tuple[int, str]]:
    for at in columns:
        if at < len(record.cells) and (value := bare(record.cells[at])):
            yield at, value


def _order(
    evidence: dict[str, CellSample], date_order: Order | None
) -> tuple[Order, tuple[str, ...], str]:
    """The order, the assumptions to report, and the question to ask."""
    if date_order:
        return date_order, (), ""
    day, month = evidence.get("day-first"), evidence.get("month-first")
    say = "add --date-order day-first or --date-order month-first"
    if day and month:
        return (
            "day-first",
            (),
            (
                f"row {day.row} has the day first ({day.value!r}), but row {month.row} has the "
                f"month first ({month.value!r}): {say}; rows in the other order are rejected"
            ),
        )
    if seen := day or month:
        order: Order = "day-first" if day else "month-first"
        return order, (f"dates are {order}, because row {seen.row} has {seen.value!r}",), ""
    if either := evidence.get("either"):
        return (
            "day-first",
            (),
            (
                f"no date shows whether the day or the month comes first, such as {either.value!r} "
                f"in row {either.row}: {say}"
            ),
        )
    return "day-first", (), ""


def _names(layout: Layout) -> Iterator[str]:
    """Columns whose headings differ from their fields."""
    if not layout.headings:
        yield "the file has no headings: the first row is an entry"
        return
    named = [
        f"{it.heading!r} is {it.field}" for it in layout.columns if it.field not in ("", it.heading)
    ]
    if named:
        yield f"columns mapped by their headings: {', '.join(named)}"
