"""XLSX: plates as text, real dates, a frozen header; rows are written to disk as they arrive.

Texts are text cells, so none is ever a formula. A sheet holds 1,048,576 rows; further rows continue
in the next sheet.
"""

from collections.abc import Sequence
from typing import Any, BinaryIO

from platewire.exports.columns import Column, Kind
from platewire.exports.source import Row

ROWS_MAX = 1_048_576
"""Excel's, the header among them."""
TEXT_MAX = 32_767
"""Characters in a cell, Excel's."""
DAY_MS = 86_400_000
"""Milliseconds in a day, the unit of a workbook's dates."""
EPOCH_DAYS = 25_569
"""1970-01-01 in Excel's count of days."""
WIDTHS = {Kind.TIME: 23, Kind.LOCAL: 23, Kind.TEXT: 14}


class ExcelFile:
    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        import xlsxwriter

        self._columns = columns
        self._book: Any = xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "nan_inf_to_errors": True,
            },
        )
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
        self._bold = self._book.add_format({"bold": True})
        self._text = self._book.add_format({"num_format": "@"})
        self._begin_sheet()

    def _begin_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        for at, column in enumerate(self._columns):
            style = self._text if column.kind is Kind.TEXT else None
            self._sheet.set_column(at, at, WIDTHS.get(column.kind, 10), style)
        self._next = 0
        self._add([(column.name, Kind.TEXT) for column in self._columns], self._bold)

    def add(self, rows: Sequence[Row]) -> None:
        kinds = [column.kind for column in self._columns]
        for row in rows:
            if self._next == ROWS_MAX:
                self._begin_sheet()
            self._add(list(zip(row, kinds, strict=True)))

    def _add(self, cells: Sequence[tuple[Any, Kind]], style: Any = None) -> None:
        for at, (value, kind) in enumerate(cells):
            if value is not None:
                self._write(at, value, kind, style)
        self._next += 1

    def _write(self, at: int, value: Any, kind: Kind, style: Any) -> None:
        row, sheet = self._next, self._sheet
        match kind:
            case Kind.TEXT:
                sheet.write_string(row, at, value[:TEXT_MAX], style or self._text)
            case Kind.TIME | Kind.LOCAL:
                sheet.write_number(row, at, value / DAY_MS + EPOCH_DAYS, self._time)
            case Kind.BOOLEAN:
                sheet.write_boolean(row, at, bool(value))
            case _:
                sheet.write_number(row, at, value)

    def close(self) -> None:
        self._book.close()
