"""Text -> records, by Python's csv reader: RFC 4180, with cells over several lines.

A quoted cell may contain anything, even lines that look like plates, so misplaced quotes are never
guessed: from that record on, all lines are rejected up to where both the reader and the number of
quotes say that no cell is open, or to the end. No line of a broken cell becomes an entry.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from platewire.errors import ConfigError
from platewire.lists.files.encodings import REPLACED
from platewire.lists.files.headings import known
from platewire.lists.files.record import Record

LINE_CHARACTERS_MAX = 16_384
"""Maximum characters of a line: far above a real row, so that a file without line ends does not
fill the memory."""
TEXT_SHOWN = 80
"""Characters of a faulty line that its message quotes."""
DELIMITERS = (",", ";", "\t", "|")
ENDS = ("\n", "\r")
SAMPLE_RECORDS = 50
"""Records that are read to detect the delimiter."""
MARKER = "sep="
QUOTES = "unbalanced quotes: a quoted cell does not end with a quote"
QUOTES_REMEDY = 'close the quote; enclose a cell that contains quotes in "...", and double them'


class TextFormat(NamedTuple):
    """Encoding and delimiter of a text file."""

    encoding: str
    delimiter: str


def open_text(path: Path, encoding: str) -> TextIOWrapper:
    """Line ends are unchanged, for csv; undecodable bytes are replaced."""
    try:
        return path.open(encoding=encoding, errors="replace", newline="")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


class _TooLong(Exception):
    pass


class _Lines:
    """Feeds lines to the csv reader, and records those of the current record."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.number = 0
        self.begin()

    def begin(self) -> None:
        self.first = self.number + 1
        self.taken: list[str] = []
        self.start = ""
        self.quotes = 0
        self.replaced = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(LINE_CHARACTERS_MAX + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self._seen(line)
        if len(line) > LINE_CHARACTERS_MAX and not line.endswith(ENDS):
            while not line.endswith(ENDS) and (line := self._file.readline(LINE_CHARACTERS_MAX)):
                self._seen(line)
            raise _TooLong
        self.taken.append(line)
        return line

    def _seen(self, part: str) -> None:
        self.start = self.start or part[:TEXT_SHOWN]
        self.quotes += part.count('"')
        self.replaced = self.replaced or REPLACED in part

    def end(self) -> None:
        """Skips the rest of the file."""
        while self._file.readline(LINE_CHARACTERS_MAX):
            self.number += 1


class _Records:
    """Reads records from the csv reader, which continues after a misplaced quote, and detects such
    quotes."""

    def __init__(self, file: IO[str], written: TextFormat) -> None:
        self.lines = _Lines(file)
        self._encoding = written.encoding
        self._form: dict[str, Any] = {"delimiter": written.delimiter, "skipinitialspace": True}
        self._late_quote = re.compile(rf'(?:^|{re.escape(written.delimiter)})\s+"')
        self._reader = csv.reader(self.lines, **self._form)

    def next(self) -> Record | None:
        lines = self.lines
        lines.begin()
        try:
            cells = next(self._reader)
        except StopIteration:
            return None
        except _TooLong:
            if lines.quotes:
                lines.end()
            return self._wrong(f"the line is longer than {LINE_CHARACTERS_MAX} characters")
        except csv.Error as error:
            lines.end()
            return self._wrong(f"{QUOTES} ({error})", QUOTES_REMEDY)
        if lines.quotes and self._misplaced(cells):
            self._pass_over()
            return self._wrong(QUOTES, QUOTES_REMEDY)
        if lines.replaced:
            return self._wrong(f"it contains bytes that are not {self._encoding}")
        return Record(lines.first, cells)

    def _misplaced(self, cells: Sequence[str]) -> bool:
        """Whether a quote is misplaced."""
        if self.lines.quotes % 2:
            return True
        if any(map(_half_quoted, cells)) and self._late_quote.search("".join(self.lines.taken)):
            return True
        try:
            next(csv.reader(self.lines.taken, strict=True, **self._form))
        except csv.Error:
            return True
        return False

    def _pass_over(self) -> None:
        """Skips to where both the reader and the number of quotes say that no cell is open."""
        try:
            while self.lines.quotes % 2:
                self.lines.taken.clear()
                next(self._reader)
        except StopIteration:
            pass
        except (_TooLong, csv.Error):
            self.lines.end()

    def _wrong(self, what: str, remedy: str = "check the line in the file") -> Record:
        lines = self.lines
        count = lines.number - lines.first + 1
        if count > 1:
            what = f"{what}; lines {lines.first} to {lines.number} are rejected with it"
        return Record(lines.first, (), what, remedy, lines.start.strip(), count)


def records(file: IO[str], written: TextFormat) -> Iterator[Record]:
    """All records of a text except empty ones and a first line `sep=;`."""
    found = _Records(file, written)
    first = True
    while record := found.next():
        marker = first and _marked(found.lines.start) is not None
        first = first and record.empty
        if not record.empty and not marker:
            yield record


def _half_quoted(cell: str) -> bool:
    """Whether a quote probably opens the cell, after invisible characters."""
    return cell[:1].isspace() and cell.lstrip()[:1] == '"'


def _marked(line: str) -> str | None:
    """The delimiter of a first line such as `sep=;`, as in Excel; None for any other line."""
    text = line.strip(' \r\n\ufeff"')
    return text[len(MARKER) :] if text.lower().startswith(MARKER) and len(text) == 5 else None


def delimiter_of(path: Path, encoding: str) -> str:
    """As stated in the first line, else the one that fits the first records best. Raises
    ConfigError for an unsupported one."""
    with open_text(path, encoding) as file:
        first = next((line for line in _whole(file) if line.strip(" \r\n\ufeff")), "")
    named = _marked(first)
    if named is not None and named not in DELIMITERS:
        raise ConfigError(
            f"{path}: the delimiter sep={named} is not supported; use comma, semicolon, tab or |"
        )
    return named or max(DELIMITERS, key=lambda each: _sense(path, TextFormat(encoding, each)))


def _whole(file: IO[str]) -> Iterator[str]:
    while line := file.readline(LINE_CHARACTERS_MAX):
        yield line


def _sense(path: Path, written: TextFormat) -> tuple[int, int, int]:
    """Known headings, rows as wide as the first, its width; higher is better."""
    with open_text(path, written.encoding) as file:
        sample = list(islice(records(file, written), SAMPLE_RECORDS))
    if not sample or (width := len(sample[0].cells)) < 2:
        return 0, 0, 0
    as_wide = sum(1 for record in sample if len(record.cells) == width)
    return known(sample[0].cells), as_wide, width
