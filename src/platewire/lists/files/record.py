"""One row of a table, as every kind of file gives it."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

FORMULA = frozenset("=+-@'")
"""What a cell begins with that a spreadsheet would run as a formula (OWASP, "CSV Injection")."""


class Record(NamedTuple):
    """The cells of a row as text, or what is wrong with it as a whole."""

    number: int
    """Of the line where it begins, or of the row in a sheet; from 1."""
    cells: Sequence[str]
    wrong: str = ""
    remedy: str = ""
    text: str = ""
    """Its start as it stands, where it is wrong."""
    lines: int = 1
    """Lines of the file that are lost with it, where it is wrong."""
    odd: Mapping[int, str] = {}
    """By column: why a cell is no text that somebody wrote, such as a date."""

    @property
    def empty(self) -> bool:
        return not self.wrong and not any(cell.strip() for cell in self.cells)


def bare(cell: str) -> str:
    """Without space around it, characters that nobody sees, and the apostrophe that the export
    writes before what a spreadsheet would run."""
    if not cell.isprintable():
        cell = "".join(char for char in cell if unicodedata.category(char) != "Cf")
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA and len(cell) > 1 else cell


def guarded(value: str) -> str:
    """What no spreadsheet takes for a formula."""
    return f"'{value}" if value[:1] in FORMULA and value else value
