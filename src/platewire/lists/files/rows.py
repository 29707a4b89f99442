"""Records -> what an entry is made of, or why a row cannot be one."""

from collections.abc import Mapping
from typing import NamedTuple

from platewire.lists import card
from platewire.lists.files import dates
from platewire.lists.files.dates import Order, Tell
from platewire.lists.files.headings import Column
from platewire.lists.files.record import Record, bare

AS_TEXT = "format the column as text in the spreadsheet and enter the {what} again"


class Row(NamedTuple):
    """The fields of a row as an entry has them, or what is wrong with it."""

    number: int
    fields: Mapping[str, str] = {}
    field: str = ""
    """The one that is wrong; empty where it is the whole row."""
    value: str = ""
    wrong: str = ""
    remedy: str = ""
    lines: int = 1


def row_of(record: Record, columns: tuple[Column, ...], order: Order, tell: Tell) -> Row:
    """`tell` is told what is assumed about dates."""
    if record.wrong:
        return Row(record.number, {}, "", record.text, record.wrong, record.remedy, record.lines)
    cells = [bare(cell) for cell in record.cells]
    if any(cells[len(columns) :]):
        wrong = f"it has {len(cells)} cells, and there are {len(columns)} columns"
        return Row(record.number, {}, "", ",".join(cells)[:80], wrong, "look at it in the file")
    fields = {column.field: cell for column, cell in zip(columns, cells, strict=False)}
    if wrong := _not_a_plate(record, columns, fields.get("plate", "")):
        return Row(record.number, {}, "plate", fields["plate"], wrong, AS_TEXT.format(what="plate"))
    for at, column in enumerate(columns):
        if column.field in card.FIELDS and fields.get(column.field) and at in record.odd:
            remedy = AS_TEXT.format(what="number")
            value = fields[column.field]
            return Row(record.number, {}, column.field, value, record.odd[at], remedy)
    for name in ("valid_from", "valid_to"):
        if fields.get(name):
            fields[name] = dates.bound(fields[name], order, end=name == "valid_to", tell=tell)
    return Row(record.number, fields)


def _not_a_plate(record: Record, columns: tuple[Column, ...], plate: str) -> str:
    """Why a cell is none, though it has letters and digits as one; empty where it may be one."""
    at = next(at for at, column in enumerate(columns) if column.field == "plate")
    if plate and at in record.odd:
        return record.odd[at]
    return "it is a date" if dates.is_date(plate) else ""
