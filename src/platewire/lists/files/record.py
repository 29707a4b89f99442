"""One row of a table, independent of the type of the file."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

FORMULA = frozenset("=+-@'")
"""First characters of a cell that a spreadsheet runs as a formula (OWASP, "CSV Injection")."""


class Record(NamedTuple):
    """The cells of a row as text, or what is wrong with the whole row."""

    number: int
    """Number of its first line, or of the row in a sheet; from 1."""
    cells: Sequence[str]
    wrong: str = ""
    remedy: str = ""
    text: str = ""
    """The start of its line, if it is wrong."""
    lines: int = 1
    """Lines of the file that are rejected with it, if it is wrong."""
    odd: Mapping[int, str] = {}
    """By column: why a cell is not text as typed by a person, such as a date."""
    texts: Collection[int] = ()
    """Columns whose cells are formatted as text, so that no spreadsheet has converted them."""

    @property
    def empty(self) -> bool:
        return not self.wrong and not any(cell.strip() for cell in self.cells)


def bare(cell: str) -> str:
    """Without surrounding space, invisible characters, and the apostrophe of `guarded`."""
    if not cell.isprintable():
        cell = "".join(char for char in cell if unicodedata.category(char) != "Cf")
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA and len(cell) > 1 else cell


def guarded(value: str) -> str:
    """With a leading apostrophe if a spreadsheet would run it as a formula."""
    return f"'{value}" if value[:1] in FORMULA and value else value
