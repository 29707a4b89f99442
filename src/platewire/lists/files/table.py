"""A file of plates, opened: how it is written, and its records as often as they are asked for."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Protocol, cast

from platewire.errors import ConfigError
from platewire.lists.entry import FIELDS
from platewire.lists.files import delimited, encodings
from platewire.lists.files.delimited import Written
from platewire.lists.files.headings import Choice, Layout, fields_of, layout_of
from platewire.lists.files.kinds import kind_of
from platewire.lists.files.record import Record, bare
from platewire.lists.files.workbook import Workbook

TELL_EVERY = 1000
"""Records between two reports of progress: often enough for a bar, too rarely to slow the
import."""
Progress = Callable[[int], None]
"""Told how many bytes are read, now and then."""


class Table(Protocol):
    encoding: str
    """Empty for a workbook."""
    delimiter: str
    sheet: str
    assumed: tuple[str, ...]
    """What the file does not say and was found out, in words."""

    def records(self, progress: Progress = ...) -> Iterator[Record]: ...


class TextTable:
    sheet = ""

    def __init__(self, path: Path, encoding: str | None, choice: Choice) -> None:
        self._path = path
        self.assumed: tuple[str, ...] = ()
        known = encodings.checked(encoding) if encoding else encodings.encoding_of(path)
        self.delimiter = delimited.delimiter_of(path, known or encodings.RAW)
        self.encoding = known or self._code_page(choice)
        self._written = Written(self.encoding, self.delimiter)

    def _code_page(self, choice: Choice) -> str:
        raw = Written(encodings.RAW, self.delimiter)
        with delimited.opened(self._path, raw.encoding) as file:
            rows = ((it.number, it.cells or [it.text]) for it in delimited.records(file, raw))
            page = encodings.code_page_of(self._path, rows, lambda first: fields_of(first, choice))
        self.assumed = (f"the file does not name its encoding; it is read as {page}",)
        return page

    def records(self, progress: Progress = lambda done: None) -> Iterator[Record]:
        with delimited.opened(self._path, self.encoding) as file:
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


def opened(path: Path, *, encoding: str | None, sheet: str | None, choice: Choice) -> Table:
    """ConfigError for a file that is no table, or not certain to be read rightly."""
    if kind_of(path, encoding) == "workbook":
        return SheetTable(path, sheet)
    if sheet is not None:
        raise ConfigError(f"{path} is a text and has no sheets: leave out --sheet")
    return TextTable(path, encoding, choice)


def layout(path: Path, table: Table, choice: Choice) -> Layout:
    """By the first row. ConfigError for an empty file, or where it is not clear what is a plate."""
    first = next(table.records(), None)
    if first is None:
        raise ConfigError(f"{path} is empty: write a row of column names, {','.join(FIELDS)}")
    if first.wrong:
        raise ConfigError(f"{path}, line {first.number}: {first.wrong}; {first.remedy}")
    return layout_of(path, [bare(cell) for cell in first.cells], choice)
