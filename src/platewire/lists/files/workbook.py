"""XLSX -> records, by openpyxl, row by row: a sheet of any length takes little memory.

Cells are what a person sees: a number without its `.0`, a date as a date. What Excel has made of a
plate - `SEP 10` a date, `12E5` a number of seven digits - is marked as odd, as nobody wrote that.
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
"""Of all parts together; a sheet of 1,048,576 rows with eight columns has some 400 MB."""
TEXTS_BYTES_MAX = 256 << 20
"""Of the part that is kept in memory: texts that cells share, and styles."""
IN_MEMORY = ("xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml")
ROWS_MAX = 1_048_576
"""Excel's; a row of a higher number is damage."""
FORMULA = re.compile(rb"<(\w+:)?f[ >/]")
ESCAPED = re.compile("_x(?![Dd][89A-Fa-f])([0-9A-Fa-f]{4})_")
"""A character, but not a lone surrogate."""
CHUNK_BYTES = 1 << 20
"""Bytes unpacked at once: 1 MiB, so that a packed file of any size takes little memory."""
NOT_CALCULATED = "#VALUE!"
"""Shown for a formula whose value the file does not have."""
WHOLE_NUMBER_MAX = 10**11
"""Numbers of more digits Excel shows as a power of ten, and keeps 15 of them."""


class Workbook:
    """Raises ConfigError for one that cannot be read, at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _readable(path):
            _check_size(path)

    def sheet(self, name: str | None) -> str:
        """The one that is named, or else the only one that has anything in it."""
        with self._book() as book:
            there: list[str] = [sheet.title for sheet in book.worksheets]
            if name is not None:
                if name not in there:
                    raise ConfigError(
                        f"{self._path} has no sheet {name!r}; there are: {', '.join(there)}"
                    )
                return name
            filled = [sheet for sheet in book.worksheets if _has_values(sheet)]
            shown: list[str] = [sheet.title for sheet in filled if sheet.sheet_state == "visible"]
        if not filled:
            raise ConfigError(f"{self._path} is empty: none of its sheets has a value")
        if len(shown) != 1:
            names = ", ".join(shown or (sheet.title for sheet in filled))
            raise ConfigError(
                f"{self._path} has several sheets with values: {names}. Say which one, such as "
                f"--sheet {names.partition(',')[0]}"
            )
        return shown[0]

    def records(self, sheet: str) -> Iterator[Record]:
        """All rows but empty ones, numbered as Excel does."""
        with self._book() as book:
            rows = zip(_rows(book[sheet]), self._formulas(sheet), strict=False)
            for number, (row, formulas) in enumerate(rows, 1):
                if number > ROWS_MAX:
                    raise ConfigError(f"{self._path} has rows beyond {ROWS_MAX}: it is damaged")
                record = _record(number, row, formulas)
                if not record.empty:
                    yield record

    def _formulas(self, sheet: str) -> Iterator[Any]:
        """The same rows once more, where there are formulas, with those instead of their values."""
        if not self._has_formulas:
            yield from repeat(())
        with self._book(values=False) as book:
            yield from _rows(book[sheet])

    @cached_property
    def _has_formulas(self) -> bool:
        """Unpacks all of it, so it is asked once."""
        with _readable(self._path):
            return _with_formulas(self._path)

    @contextmanager
    def _book(self, *, values: bool = True) -> Iterator[Any]:
        import openpyxl

        # Opened here, as openpyxl goes by a file's name otherwise.
        with _readable(self._path), self._path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like, which nobody looks at
            book = openpyxl.load_workbook(file, read_only=True, data_only=values)
            try:
                yield book
            finally:
                book.close()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Whatever a library raises within, or XML that is broken, is a broken file."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"{path} cannot be read as a workbook ({said}): open it in its program and save it "
            "again as XLSX, or as CSV"
        ) from error


def _check_size(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        sizes = {each.filename: each.file_size for each in archive.infolist()}
    kept = sum(sizes.get(name, 0) for name in IN_MEMORY)
    if sum(sizes.values()) > UNPACKED_BYTES_MAX or kept > TEXTS_BYTES_MAX:
        raise ConfigError(
            f"{path} unpacks to more than {UNPACKED_BYTES_MAX >> 20} MiB, or to more than "
            f"{TEXTS_BYTES_MAX >> 20} MiB of texts: leave only the list in it, or save it as CSV"
        )


def _with_formulas(path: Path) -> bool:
    """Whether any sheet has one: where a program has written a formula and no value, as Excel
    would, the cell reads as empty, and an entry would hold without end."""
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
    """Whatever size the sheet says it has, which programs get wrong."""
    sheet.reset_dimensions()
    return iter(sheet.iter_rows())


def _has_values(sheet: Any) -> bool:
    return any(
        cell.value is not None and str(cell.value).strip() for row in _rows(sheet) for cell in row
    )


def _record(number: int, row: Any, formulas: Any) -> Record:
    odd: dict[int, str] = {}
    cells: list[str] = []
    for at, cell in enumerate(row):
        text, why = _text(cell)
        if not text and at < len(formulas) and formulas[at].data_type == "f":
            text, why = NOT_CALCULATED, "it is a formula without a value"
        cells.append(text)
        if why:
            odd[at] = why
    while cells and not cells[-1]:
        cells.pop()
    return Record(number, cells, odd=odd)


def _text(cell: Any) -> tuple[str, str]:
    """What a person sees in a cell, and why it is odd as a plate."""
    value = cell.value
    if value is None:
        return "", ""
    if cell.data_type == "e":
        return str(value), f"a formula went wrong: {value}"
    match value:
        case str():
            return _unescaped(value), ""
        case bool():
            return str(value).upper(), "it is a truth value, not a text"
        case int() | float():
            return _number(value, cell.number_format)
        case datetime() | date() | time() | timedelta():
            return _moment(value), "the spreadsheet has made a date or time of it"
    return str(value), "it is not a text"


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
        return text, "the spreadsheet has made a number of it"
    return text, ""


def _moment(value: datetime | date | time | timedelta) -> str:
    if isinstance(value, datetime):
        rounded = (value + timedelta(milliseconds=500)).replace(microsecond=0)
        return str(rounded.date() if rounded.time() == time() else rounded)
    if isinstance(value, time):
        return value.isoformat("minutes")
    return str(value)
