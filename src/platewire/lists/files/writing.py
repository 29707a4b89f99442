"""Entries -> CSV, or XLSX by openpyxl. Importing the file gives the same entries.

In a CSV, a value that a spreadsheet would evaluate as a formula gets a leading apostrophe, and so
does a plate that it would convert to a date. In a workbook all cells are text, also in rows added
later: `00123` and `1234E5` stay plates.
"""

import csv
import re
from collections.abc import Iterable
from typing import IO, Any, BinaryIO

from platewire.errors import ConfigError
from platewire.lists.entry import FIELDS, ListEntry
from platewire.lists.files.record import bare, guarded
from platewire.lists.files.rows import date_quoted
from platewire.lists.files.workbook import AS_TEXT, ROWS_MAX

WIDTHS = {"plate": 14, "valid_from": 18, "valid_to": 18, "holder": 24, "note": 40}
"""In characters; other columns are as wide as their headings."""


def write(entries: Iterable[ListEntry], file: IO[str], delimiter: str = ",") -> int:
    """With a line of column names first; how many entries there were."""
    count = 0
    table = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    table.writerow(FIELDS)
    for entry in entries:
        count += 1
        table.writerow([_guarded(entry, name) for name in FIELDS])
    return count


def _guarded(entry: ListEntry, name: str) -> str:
    value: str = getattr(entry, name)
    return guarded(date_quoted(value) if name == "plate" else value)


def write_workbook(entries: Iterable[ListEntry], file: BinaryIO) -> int:
    """Writes an XLSX. ConfigError for more entries than a sheet has rows."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("list")
    sheet.freeze_panes = "A2"
    for at, name in enumerate(FIELDS):
        column = sheet.column_dimensions[chr(ord("A") + at)]
        column.width = WIDTHS.get(name, len(name) + 2)
        column.number_format = AS_TEXT
    sheet.append([_text(sheet, name) for name in FIELDS])
    count = 0
    for count, entry in enumerate(entries, 1):
        if count == ROWS_MAX:
            raise ConfigError(
                f"the list has more entries than a sheet has rows ({ROWS_MAX}); export it as CSV"
            )
        sheet.append([_text(sheet, getattr(entry, name)) for name in FIELDS])
    book.save(file)
    return count


def _text(sheet: Any, value: str) -> Any:
    """A text cell, whatever the value looks like."""
    from openpyxl.cell import WriteOnlyCell

    if bare(value) != value:
        value = f"'{value}"
    # Office Open XML escapes characters illegal in XML like this; here the text is literal.
    value = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", value)
    cell = WriteOnlyCell(sheet, value)
    cell.data_type, cell.number_format = "s", AS_TEXT
    return cell
