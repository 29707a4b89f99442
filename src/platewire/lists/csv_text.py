"""CSV as spreadsheets write it -> rows by column name, and back. One line is one row.

Read line by line, so that a broken quote spoils its own line and no other, and a file of any size
takes the same memory. Comma, semicolon or tab, whatever the first line has most of; UTF-8 with or
without a mark, UTF-16 with one, else Windows-1251. What a spreadsheet would run as a formula is
written with an apostrophe before it (OWASP, "CSV Injection"), which is taken off when read.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import IO, NamedTuple

from platewire.errors import ConfigError
from platewire.lists.entry import FIELDS, ListEntry

LINE_CHARACTERS_MAX = 16_384
CHUNK_BYTES = 1 << 20
DELIMITERS = (",", ";", "\t")
FORMULA = frozenset("=+-@'")
LEGACY = "cp1251"
REPLACED = "\N{REPLACEMENT CHARACTER}"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
NAMES: dict[str, str] = {
    **{name: name for name in FIELDS},
    **dict.fromkeys(("number", "number plate", "license plate", "номер", "госномер"), "plate"),
    **dict.fromkeys(("from", "valid from", "действует с"), "valid_from"),
    **dict.fromkeys(("to", "until", "valid to", "действует до"), "valid_to"),
    **dict.fromkeys(("days", "дни"), "weekdays"),
    **dict.fromkeys(("time", "часы"), "hours"),
    **dict.fromkeys(("camera", "камеры"), "cameras"),
    **dict.fromkeys(("owner", "name", "владелец"), "holder"),
    **dict.fromkeys(("comment", "комментарий", "примечание"), "note"),
}
"""What a column may be called, in lower case."""


class Layout(NamedTuple):
    """How a file is written."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    """A field, or the name of a column that is passed over."""
    header: bool
    """False where the first line is a row already."""


class Row(NamedTuple):
    """One line: its fields, or what is wrong with it."""

    number: int
    fields: Mapping[str, str]
    wrong: str = ""
    text: str = ""
    """The line as it stands, its start at least, where it is wrong."""


def encoding_of(path: Path) -> str:
    """Reads the whole file once. ConfigError where it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
            for mark, name in _BOMS:
                if head.startswith(mark):
                    return name
            decoder = codecs.getincrementaldecoder("utf-8")()
            decoder.decode(head)
            while chunk := file.read(CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return LEGACY
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    return "utf-8"


def layout_of(path: Path, encoding: str | None) -> Layout:
    """From the first line. ConfigError for an empty file, or one without a column of plates."""
    encoding = encoding or encoding_of(path)
    with opened(path, encoding) as file:
        first = next((line for _, line in lines(file) if line.strip()), "")
    named = re.fullmatch(r"sep=(.)", first.strip())
    if named:
        with opened(path, encoding) as file:
            filled = (line for _, line in lines(file) if line.strip())
            first = [*(line for line, _ in zip(filled, range(2), strict=False)), ""][1]
    if not first.strip():
        raise ConfigError(f"{path} is empty: write a line of column names, {','.join(FIELDS)}")
    delimiter = named[1] if named else max(DELIMITERS, key=first.count)
    cells = [cell.strip() for cell in _cells(first, delimiter) or ()]
    columns = tuple(
        NAMES.get(cell.lower().replace("_", " "), NAMES.get(cell.lower(), cell)) for cell in cells
    )
    if not set(columns) & set(FIELDS):
        return Layout(encoding, delimiter, FIELDS[: max(1, len(cells))], header=False)
    if "plate" not in columns:
        raise ConfigError(
            f"{path}: no column is called plate; there are: {', '.join(cells)}. The names that are "
            f"known are {', '.join(FIELDS)}"
        )
    if twice := next(
        (name for name in columns if name in FIELDS and columns.count(name) > 1), None
    ):
        raise ConfigError(f"{path}: two columns are {twice}; leave one of them")
    return Layout(encoding, delimiter, columns, header=True)


def opened(path: Path, encoding: str) -> TextIOWrapper:
    try:
        return path.open(encoding=encoding, errors="replace")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except LookupError as error:
        raise ConfigError(f"encoding {encoding!r} is not known; try utf-8 or cp1251") from error


def lines(file: IO[str]) -> Iterator[tuple[int, str]]:
    """Each line with its number from 1; of one that is too long, its start and one character."""
    number = 0
    while line := file.readline(LINE_CHARACTERS_MAX + 1):
        number += 1
        rest = line
        while rest and not rest.endswith("\n") and len(rest) > LINE_CHARACTERS_MAX:
            rest = file.readline(LINE_CHARACTERS_MAX + 1)
        yield number, line.rstrip("\n")


def rows_of(file: IO[str], layout: Layout) -> Iterator[Row]:
    """All rows but empty ones; numbered as a spreadsheet does, the header being 1."""
    header = layout.header
    for number, line in lines(file):
        if not line.strip(f" {layout.delimiter}\t\r") or (number == 1 and line.startswith("sep=")):
            continue
        if header:
            header = False
            continue
        yield _row(number, line, layout)


def _row(number: int, line: str, layout: Layout) -> Row:
    def wrong(what: str) -> Row:
        return Row(number, {}, what, line[:80])

    if len(line) > LINE_CHARACTERS_MAX:
        return wrong(f"the line is longer than {LINE_CHARACTERS_MAX} characters")
    if REPLACED in line:
        return wrong(f"it is not written in {layout.encoding}")
    cells = _cells(line, layout.delimiter)
    if cells is None:
        return wrong("a quote is opened and not closed")
    if any(cell.strip() for cell in cells[len(layout.columns) :]):
        return wrong(f"it has {len(cells)} cells, and there are {len(layout.columns)} columns")
    named = zip(layout.columns, cells, strict=False)
    return Row(number, {name: _bare(cell) if cell else "" for name, cell in named})


def _cells(line: str, delimiter: str) -> list[str] | None:
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None


def _bare(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA and len(cell) > 1 else cell


def write(entries: Iterable[ListEntry], file: IO[str], delimiter: str = ",") -> int:
    """With a line of column names first; how many entries there were."""
    count = 0
    table = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    table.writerow(FIELDS)
    for entry in entries:
        count += 1
        table.writerow([guarded(getattr(entry, name)) for name in FIELDS])
    return count


def guarded(value: str) -> str:
    """What no spreadsheet takes for a formula."""
    return f"'{value}" if value[:1] in FORMULA and value else value
