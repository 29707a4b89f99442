"""XLSX -> records, by openpyxl, row by row: a sheet of any length takes little memory.

Cells are read as displayed: a number without its `.0`, a date as a date. A plate that Excel has
converted - `SEP 10` to a date, `12E5` to a number of seven digits - is marked as odd,
because nobody typed that value.
"""

import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any

from platewire.errors import ConfigError
from platewire.lists.files.record import Record

UNPACKED_BYTES_MAX = 1 << 30
"""Bytes of all parts together: 1 GiB; a sheet of 1,048,576 rows with eight columns has 400 MB."""
TEXTS_BYTES_MAX = 256 << 20
"""Bytes of the parts that are kept in memory, shared texts and styles: 256 MiB."""
IN_MEMORY = ("xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml")
ROWS_MAX = 1_048_576
"""Rows of a sheet in Excel; a higher number is corruption."""
FORMULA = re.compile(rb"<(\w+:)?f[ >/]")
ESCAPED = re.compile("_x(?![Dd][89A-Fa-f])([0-9A-Fa-f]{4})_")
"""A character, but not a lone surrogate."""
CHUNK_BYTES = 1 << 20
"""Bytes unpacked at once: 1 MiB, so that a packed file of any size takes little memory."""
NOT_CALCULATED = "#VALUE!"
"""Shown for a formula without a stored value."""
AS_TEXT = "@"
"""Number format of cells in which spreadsheets keep what is typed."""
WHOLE_NUMBER_MAX = 10**11
"""Excel displays larger numbers as powers of ten, and keeps 15 digits."""


class Workbook:
    """Each method raises ConfigError for an unreadable workbook."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _readable(path):
            _check_size(path)

    def sheet(self, name: str | None) -> str:
        """The named sheet, else the only sheet with values."""
        with self._book() as book:
            there: list[str] = [sheet.title for sheet in book.worksheets]
            if name is not None:
                if name not in there:
                    raise ConfigError(
                        f"{self._path} has no sheet {name!r}; sheets: {', '.join(there)}"
                    )
                return name
            filled = [sheet for sheet in book.worksheets if _has_values(sheet)]
            visible: list[str] = [sheet.title for sheet in filled if sheet.sheet_state == "visible"]
        if not filled:
            raise ConfigError(f"{self._path} is empty: no sheet contains a value")
        if len(visible) != 1:
            names = ", ".join(visible or (sheet.title for sheet in filled))
            raise ConfigError(
                f"{self._path} has several sheets with values: {names}; choose one, such as "
                f"--sheet {names.partition(',')[0]}"
            )
        return visible[0]

    def records(self, sheet: str) -> Iterator[Record]:
        """All rows that are not empty, numbered as in Excel."""
        with self._book() as book:
            rows = zip(_rows(book[sheet]), self._formulas(sheet), strict=False)
            for number, (row, formulas) in enumerate(rows, 1):
                if number > ROWS_MAX:
                    raise ConfigError(
                        f"{self._path} has more than {ROWS_MAX} rows: it is corrupted"
                    )
                record = _record(number, row, formulas)
                if not record.empty:
                    yield record

    def _formulas(self, sheet: str) -> Iterator[Any]:
        """If there are formulas: the same rows again, with formulas instead of values."""
        if not self._has_formulas:
            yield from repeat(())
        with self._book(values=False) as book:
            yield from _rows(book[sheet])

    @cached_property
    def _has_formulas(self) -> bool:
        """Unpacks the whole file, so it is cached."""
        with _readable(self._path):
            return _with_formulas(self._path)

    @contextmanager
    def _book(self, *, values: bool = True) -> Iterator[Any]:
        import openpyxl

        # Opened here, because openpyxl rejects files by their names.
        with _readable(self._path), self._path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and the like, which do not matter here
            book = openpyxl.load_workbook(file, read_only=True, data_only=values)
            try:
                yield book
            finally:
                book.close()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Any exception of the library, or broken XML, means a corrupted file."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"{path} is not a readable workbook ({said}): open it in a spreadsheet program and "
            "save it again as XLSX or CSV"
        ) from error


def _check_size(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        sizes = {each.filename: each.file_size for each in archive.infolist()}
    kept = sum(sizes.get(name, 0) for name in IN_MEMORY)
    if sum(sizes.values()) > UNPACKED_BYTES_MAX or kept > TEXTS_BYTES_MAX:
        raise ConfigError(
            f"{path} exceeds {UNPACKED_BYTES_MAX >> 20} MiB unpacked, or {TEXTS_BYTES_MAX >> 20} "
            "MiB of texts: remove all but the list from it, or save it as CSV"
        )


def _with_formulas(path: Path) -> bool:
    """Whether any sheet has formulas. Without a stored value, which Excel always writes, such a
    cell reads as empty, and the entry would be valid without end."""
    with zipfile.ZipFile(path) as archive:
        return any(
            _mentions(archive, name)
            for name in archive.namelist()
            if name.startswith("xl/worksheets/")
        )


def _mentions(archive: zipfile.ZipFile, name: str) -> bool:
    tail = b""
    with archive.open(name) as part:
        while chunk := part.read(CHUNK_BYTES):
            if FORMULA.search(tail + chunk):
                return True
            tail = chunk[-16:]
    return False


def _rows(sheet: Any) -> Iterator[Any]:
    """Ignores the size that the sheet states, which is often wrong."""
    sheet.reset_dimensions()
    return iter(sheet.iter_rows())


def _has_values(sheet: Any) -> bool:
    return any(
        cell.value is not None and str(cell.value).strip() for row in _rows(sheet) for cell in row
    )


def _record(number: int, row: Any, formulas: Any) -> Record:
    odd: dict[int, str] = {}
    texts: set[int] = set()
    cells: list[str] = []
    for at, cell in enumerate(row):
        text, why = _text(cell)
        if not text and at < len(formulas) and formulas[at].data_type == "f":
            text, why = NOT_CALCULATED, "it is a formula without a value"
        cells.append(text)
        if why:
            odd[at] = why
        elif cell.value is not None and cell.number_format == AS_TEXT:
            texts.add(at)
    while cells and not cells[-1]:
        cells.pop()
    return Record(number, cells, odd=odd, texts=texts)


def _text(cell: Any) -> tuple[str, str]:
    """The displayed text of a cell, and why it is odd as a plate."""
    value = cell.value
    if value is None:
        return "", ""
    if cell.data_type == "e":
        return str(value), f"its formula has the error {value}"
    match value:
        case str():
            return _unescaped(value), ""
        case bool():
            return str(value).upper(), "it is a boolean, not text"
        case int() | float():
            return _number(value, cell.number_format)
        case datetime() | date() | time() | timedelta():
            return _moment(value), "the spreadsheet has converted it to a date or time"
    return str(value), "it is not text"


def _unescaped(text: str) -> str:
    """`_x000D_` is a carriage return in Office Open XML; Excel writes it for a pasted one."""
    if "_x" not in text:
        return text
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _number(value: float, shown_as: str) -> tuple[str, str]:
    if not float(value).is_integer():
        return repr(value), "it is a number with a fraction"
    text = str(int(value))
    if re.fullmatch("0+", shown_as):
        text = text.zfill(len(shown_as))
    if "E" in shown_as.upper().removeprefix("GENERAL") or abs(value) >= WHOLE_NUMBER_MAX:
        return text, "the spreadsheet has converted it to a number"
    return text, ""


def _moment(value: datetime | date | time | timedelta) -> str:
    if isinstance(value, datetime):
        rounded = (value + timedelta(milliseconds=500)).replace(microsecond=0)
        return str(rounded.date() if rounded.time() == time() else rounded)
    if isinstance(value, time):
        return value.isoformat("minutes")
    return str(value)
