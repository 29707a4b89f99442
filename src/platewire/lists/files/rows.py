"""Records -> the fields of an entry, or why a row is rejected."""

from collections.abc import Mapping
from typing import NamedTuple

from platewire.lists import card
from platewire.lists.files import dates
from platewire.lists.files.dates import Order, Tell
from platewire.lists.files.headings import Column
from platewire.lists.files.record import Record, bare

CHECK_ROW = "check the row in the file"
AS_TEXT = "format the column as text in the spreadsheet and enter the {what} again"


class Row(NamedTuple):
    """The fields of a row as an entry has them, or what is wrong with the row."""

    number: int
    fields: Mapping[str, str] = {}
    field: str = ""
    """The invalid field; empty for the whole row."""
    value: str = ""
    wrong: str = ""
    remedy: str = ""
    lines: int = 1


def row_of(record: Record, columns: tuple[Column, ...], order: Order, tell: Tell) -> Row:
    """`tell` receives each assumption about dates."""
    if record.wrong:
        return Row(record.number, {}, "", record.text, record.wrong, record.remedy, record.lines)
    cells = [bare(cell) for cell in record.cells]
    if any(cells[len(columns) :]):
        wrong = f"it has {len(cells)} cells, but the file has {len(columns)} columns"
        return Row(record.number, {}, "", ",".join(cells)[:80], wrong, CHECK_ROW)
    fields = {column.field: cell for column, cell in zip(columns, cells, strict=False)}
    if date := quoted_date(fields.get("plate", "")):
        fields["plate"] = date
    elif wrong := _not_a_plate(record, columns, fields.get("plate", "")):
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
    """Why a cell with letters and digits is not a plate; empty if it may be one."""
    at = next(at for at, column in enumerate(columns) if column.field == "plate")
    if plate and at in record.odd:
        return record.odd[at]
    return "it is a date" if at not in record.texts and dates.is_date(plate) else ""


def date_quoted(plate: str) -> str:
    """For an export as text: a plate such as `1-1-2000` with a leading apostrophe, because a
    spreadsheet would convert it to a date, and the import rejects dates."""
    return f"'{plate}" if dates.is_date(plate) else plate


def quoted_date(cell: str) -> str:
    """The plate of such a cell; empty for any other."""
    return cell[1:] if cell[:1] == "'" and dates.is_date(cell[1:]) else ""
