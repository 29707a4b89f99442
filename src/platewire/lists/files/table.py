"""An opened file of plates: its encoding and layout, and its records as often as requested."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Protocol, cast

from platewire.errors import ConfigError
from platewire.lists.entry import FIELDS
from platewire.lists.files import delimited, encodings
from platewire.lists.files.delimited import TextFormat
from platewire.lists.files.headings import Choice, Layout, fields_of, layout_of
from platewire.lists.files.kinds import kind_of
from platewire.lists.files.record import Record, bare
from platewire.lists.files.workbook import Workbook

TELL_EVERY = 1000
"""Records between two reports of progress: frequent enough for a progress bar, too rare to slow the
import down."""
Progress = Callable[[int], None]
"""Receives the number of bytes read, from time to time."""


class Table(Protocol):
    encoding: str
    """Empty for a workbook."""
    delimiter: str
    sheet: str
    assumed: tuple[str, ...]
    """Assumptions about what the file does not state, as text."""

    def records(self, progress: Progress = ...) -> Iterator[Record]: ...


class TextTable:
    sheet = ""

    def __init__(self, path: Path, encoding: str | None, choice: Choice) -> None:
        self._path = path
        self.assumed: tuple[str, ...] = ()
        known = encodings.check_encoding(encoding) if encoding else encodings.encoding_of(path)
        self.delimiter = delimited.delimiter_of(path, known or encodings.RAW)
        self.encoding = known or self._code_page(choice)
        self._written = TextFormat(self.encoding, self.delimiter)

    def _code_page(self, choice: Choice) -> str:
        raw = TextFormat(encodings.RAW, self.delimiter)
        with delimited.open_text(self._path, raw.encoding) as file:
            rows = ((it.number, it.cells or [it.text]) for it in delimited.records(file, raw))
            page = encodings.code_page_of(self._path, rows, lambda first: fields_of(first, choice))
        self.assumed = (f"the file does not state its encoding; it is read as {page}",)
        return page

    def records(self, progress: Progress = lambda done: None) -> Iterator[Record]:
        with delimited.open_text(self._path, self.encoding) as file:
            for count, record in enumerate(delimited.records(file, self._written), 1):
                yield record
                if count % TELL_EVERY == 0:
                    progress(cast("IO[bytes]", file.buffer).tell())


class SheetTable:
    encoding = delimiter = ""

    def __init__(self, path: Path, sheet: str | None) -> None:
        self._book = Workbook(path)
        self.sheet = self._book.sheet(sheet)
        self.assumed: tuple[str, ...] = ()

    def records(self, progress: Progress = lambda done: None) -> Iterator[Record]:
        return self._book.records(self.sheet)


def open_table(path: Path, *, encoding: str | None, sheet: str | None, choice: Choice) -> Table:
    """Raises ConfigError for a file that is not a table, or that cannot be decoded reliably."""
    if kind_of(path, encoding) == "workbook":
        return SheetTable(path, sheet)
    if sheet is not None:
        raise ConfigError(f"{path} is a text file and has no sheets: remove --sheet")
    return TextTable(path, encoding, choice)


def layout(path: Path, table: Table, choice: Choice) -> Layout:
    """By the first row. Raises ConfigError for an empty file or an unclear plate column."""
    first = next(table.records(), None)
    if first is None:
        raise ConfigError(f"{path} is empty: write a row of column names: {','.join(FIELDS)}")
    if first.wrong:
        raise ConfigError(f"{path}, line {first.number}: {first.wrong}; {first.remedy}")
    return layout_of(path, [bare(cell) for cell in first.cells], choice)
