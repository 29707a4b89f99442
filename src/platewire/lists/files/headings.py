"""Maps columns to fields: by their headings, in many languages, or as the user says.

An unknown heading is never read as a plate, and an unknown column is ignored only if it cannot
limit when, where or whether an entry is valid.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from platewire.country import match, normalize
from platewire.errors import ConfigError
from platewire.lists import card
from platewire.lists.entry import FIELDS
from platewire.lists.files.heading_words import LIMITING_STEMS, LIMITING_WORDS, NAMES

LETTERS_OF_A_WORD = 4
"""Consecutive letters that make a word rather than a plate, unless a country has such plates."""


class Column(NamedTuple):
    field: str
    """Empty for an unknown column."""
    heading: str
    """As in the file; `column 3` if it has none."""
    passed: bool = False
    """Whether the user has chosen to ignore it."""


class Choice(NamedTuple):
    """The user's options for columns."""

    columns: Mapping[str, str] = {}
    """The heading, or number from 1, of a field's column."""
    ignored: Sequence[str] = ()
    """Headings, or numbers from 1, of columns to ignore."""
    headings: bool = True
    """False: the first row is an entry."""


def field_columns(pairs: Sequence[str]) -> dict[str, str]:
    """Parses `plate=Kennzeichen` and so on. Raises ConfigError for an unknown field."""
    columns: dict[str, str] = {}
    for pair in pairs:
        field, equals, heading = (part.strip() for part in pair.partition("="))
        if field not in FIELDS or not equals or not heading or field in columns:
            raise ConfigError(
                f"invalid --column {pair!r}: write it like plate=HEADING, once for each "
                "field; fields: "
                f"{', '.join(FIELDS)}"
            )
        columns[field] = heading
    return columns


def plain(heading: str) -> str:
    """Normalizes a heading for comparison: case folded, punctuation as spaces."""
    composed = unicodedata.normalize("NFKC", heading).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", composed).split())


HEADINGS: Mapping[str, str] = {
    plain(name): field for field, names in NAMES.items() for name in names
}
"""Field by heading."""
_LIMITING = re.compile(
    "|".join(stem if len(stem) > 3 else rf"\b{stem}" for stem in map(plain, LIMITING_STEMS))
)


def field_of(heading: str) -> str:
    """Empty for an unknown heading."""
    return HEADINGS.get(plain(heading), "")


def known(cells: Sequence[str]) -> int:
    """Number of cells in a row that are known headings."""
    return sum(1 for cell in cells if field_of(cell))


def is_heading(cell: str) -> bool:
    """Whether a cell is more likely a word than a plate."""
    if not cell or field_of(cell):
        return True
    text = normalize(cell)
    if text and any(one.cost == 0 for one in match(text)):
        return False
    letters = re.search(rf"[^\W\d_]{{{LETTERS_OF_A_WORD}}}", cell)
    return letters is not None or not any(char.isdigit() for char in cell)


def limiting(heading: str) -> bool:
    """Whether a heading suggests a limit of when, where or whether an entry is valid."""
    words = plain(heading)
    return words in LIMITING_WORDS or _LIMITING.search(words) is not None


class Layout(NamedTuple):
    columns: tuple[Column, ...]
    headings: bool
    """False if the first row is an entry."""


def fields_of(cells: Sequence[str], choice: Choice) -> Sequence[str]:
    """Known fields of a first row that may not be decoded correctly yet."""
    try:
        return [column.field for column in layout_of(Path(), cells, choice).columns]
    except ConfigError:
        return [field_of(cell) for cell in cells]


def layout_of(path: Path, cells: Sequence[str], choice: Choice) -> Layout:
    """Layout of a file with this first row. Raises ConfigError if the plate column is unclear."""
    filled = len(cells)
    while filled and not cells[filled - 1]:
        filled -= 1
    cells = cells[:filled]
    if not cells:
        raise ConfigError(
            f"{path}: the first row is empty; write the column names into it: {','.join(FIELDS)}"
        )
    bare = not known(cells) and not choice.columns and not is_heading(cells[0])
    if bare or not choice.headings:
        return Layout(_numbered(path, len(cells), choice), headings=False)
    return Layout(_headed(path, cells, choice), headings=True)


def _headed(path: Path, cells: Sequence[str], choice: Choice) -> tuple[Column, ...]:
    assigned = _assigned_columns(path, cells, choice.columns)
    passed = {_place(path, cells, heading) for heading in choice.ignored}
    fields = _whole_cards(
        [_field(at, cell, assigned, passed) for at, cell in enumerate(cells)], assigned
    )
    columns = tuple(
        Column(field, cell or f"column {at + 1}", at in passed)
        for at, (field, cell) in enumerate(zip(fields, cells, strict=True))
    )
    _check(path, cells, columns)
    return columns


def _whole_cards(fields: Sequence[str], assigned: Mapping[int, str]) -> Sequence[str]:
    """The card number of a file may have another meaning: without bits the column is ignored,
    unless the user maps it."""
    if "card_bits" in fields:
        return fields
    return [
        "" if field in card.FIELDS and at not in assigned else field
        for at, field in enumerate(fields)
    ]


def _field(at: int, cell: str, assigned: Mapping[int, str], passed: set[int]) -> str:
    if at in assigned:
        return assigned[at]
    field = "" if at in passed else field_of(cell)
    return "" if field in assigned.values() else field


def _numbered(path: Path, width: int, choice: Choice) -> tuple[Column, ...]:
    names = [f"column {at}" for at in range(1, width + 1)]
    assigned = _assigned_columns(
        path, names, choice.columns or ({"plate": "1"} if width == 1 else {})
    )
    passed = {_place(path, names, where) for where in choice.ignored}
    if "plate" not in assigned.values():
        raise ConfigError(
            f"{path} has {width} columns without headings: write headings into its first row, or "
            "map the columns, such as --no-headings --column plate=1 --column valid_to=2"
        )
    return tuple(Column(assigned.get(at, ""), name, at in passed) for at, name in enumerate(names))


def _assigned_columns(
    path: Path, cells: Sequence[str], columns: Mapping[str, str]
) -> dict[int, str]:
    assigned: dict[int, str] = {}
    for field, heading in columns.items():
        at = _place(path, cells, heading)
        if at in assigned:
            raise ConfigError(
                f"column {heading!r} is mapped to both {assigned[at]} and {field}; map it to one "
                "field"
            )
        assigned[at] = field
    return assigned


def _place(path: Path, cells: Sequence[str], heading: str) -> int:
    """Index of the column that the user names: by its heading first, else by its number."""
    there = [at for at, cell in enumerate(cells) if plain(cell) == plain(heading)]
    if not there and heading.isdecimal() and 1 <= int(heading) <= len(cells):
        there = [int(heading) - 1]
    if len(there) != 1:
        problem = "no column has" if not there else "several columns have"
        raise ConfigError(
            f"{path}: {problem} the heading {heading!r}; headings: {_listed(cells)}. You can also "
            "use the number of the column, from 1"
        )
    return there[0]


def _check(path: Path, cells: Sequence[str], columns: Sequence[Column]) -> None:
    fields = [column.field for column in columns if column.field]
    if twice := next((field for field in fields if fields.count(field) > 1), None):
        names = [it.heading for it in columns if it.field == twice]
        raise ConfigError(
            f"{path}: several columns mean {twice}: {' and '.join(map(repr, names))}. Choose one "
            f"of them, such as --column {twice}={names[0]}"
        )
    if "plate" not in fields:
        raise ConfigError(
            f"{path}: no column of plates found; headings in the first row: {_listed(cells)}. Name "
            f"the column, such as --column plate={cells[0] or 1}, or use --no-headings "
            "if the first "
            "row is an entry"
        )


def _listed(cells: Sequence[str]) -> str:
    return ", ".join(cell or "-" for cell in cells)
