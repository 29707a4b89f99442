"""A country's plate form as a mask, e.g. `<RO> DD LLL`, and what fits it.

In a mask, `L` is any letter, `l` one of the country's own set of letters, `D` any digit, `N` any
digit but 0, `[ABC]` one of these characters, `<NAME>` one of the codes of that list in `codes`;
what stands in quotes stands for itself (`'FL'`). Spaces, dashes and dots are how the plate is
displayed; they take no part in the comparison.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from platewire.country.spelling import confusion

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
REPEATED = 0.2
"""Share of its cost that a replacement costs when it is made again."""
TOKEN = re.compile(r"L|D|N|l|\[(?P<any>[A-Z0-9]+)\]|<(?P<list>\w+)>|'(?P<self>[A-Z0-9]+)'|[ .-]")


class Cell(NamedTuple):
    """One part of a mask: what may stand here; all choices have the same length."""

    choices: tuple[str, ...]
    is_code: bool = False

    @property
    def length(self) -> int:
        return len(self.choices[0])


class Fit(NamedTuple):
    """A text made to fit a mask: `cost` in powers of ten, 0 for one that fits as it is."""

    text: str
    cost: float
    code: str | None
    """The text's code from a list, where the mask has one."""


class Mask(NamedTuple):
    """`layout` has one entry for each cell, or the separator that is displayed there."""

    cells: tuple[Cell, ...]
    layout: tuple[int | str, ...]

    @property
    def length(self) -> int:
        return sum(cell.length for cell in self.cells)

    @property
    def decades(self) -> float:
        """Powers of ten of different texts that fit: the smaller, the more a fit says."""
        return sum(math.log10(len(cell.choices)) for cell in self.cells)

    def breaks(self) -> frozenset[int]:
        """Positions in the text before which a separator is displayed."""
        at, found = 0, set()
        for entry in self.layout:
            if isinstance(entry, str):
                found.add(at)
            else:
                at += self.cells[entry].length
        return frozenset(found)

    def fit(self, text: str, confidences: Sequence[float] = ()) -> Fit | None:
        """The cheapest text that fits and looks like this one; None where none does."""
        if len(text) != self.length:
            return None
        at, pieces, code = 0, [], None
        for cell in self.cells:
            end = at + cell.length
            chosen = cheapest(cell, text[at:end], confidences[at:end])
            if chosen is None:
                return None
            pieces.append(chosen)
            code = chosen if cell.is_code else code
            at = end
        meant = "".join(pieces)
        return Fit(meant, repair_cost(text, meant, confidences) or 0.0, code)

    def display(self, text: str) -> str:
        """The text with the country's spaces and dashes."""
        at, shown = 0, ""
        for entry in self.layout:
            if isinstance(entry, str):
                shown += entry
            else:
                shown += text[at : at + self.cells[entry].length]
                at += self.cells[entry].length
        return shown


def cheapest(cell: Cell, seen: str, confidences: Sequence[float]) -> str | None:
    """The choice that the characters seen are most easily taken for."""
    if seen in cell.choices:
        return seen
    costs = ((repair_cost(seen, choice, confidences), choice) for choice in cell.choices)
    return min(((cost, choice) for cost, choice in costs if cost is not None), default=(0, None))[1]


def repair_cost(seen: str, meant: str, confidences: Sequence[float]) -> float | None:
    """Cost of all replacements; None where two characters do not look alike.

    An unsure character costs less to replace: half at confidence 0. The same replacement costs
    less when it repeats, as it is the typeface that makes the two look alike.
    """
    costs: dict[tuple[str, str], float] = {}
    for index, pair in enumerate(zip(seen, meant, strict=True)):
        cost = confusion(*pair)
        if cost is None:
            return None
        sureness = confidences[index] if index < len(confidences) else 1.0
        cost *= 0.5 + 0.5 * sureness
        known = costs.get(pair, 0.0)
        costs[pair] = max(known, cost) + (REPEATED * min(known, cost))
    return sum(costs.values())


def masks_of(pattern: str, letters: str, lists: Mapping[str, Sequence[str]]) -> Iterator[Mask]:
    """A pattern's masks: one for each length of the codes in its lists. ValueError names what of it
    cannot be read."""
    variants: list[tuple[tuple[Cell, ...], tuple[int | str, ...]]] = [((), ())]
    for cells in cells_of(pattern, letters, lists):
        if isinstance(cells, str):
            variants = [(before, (*layout, cells)) for before, layout in variants]
        else:
            variants = [
                ((*before, cell), (*layout, len(before)))
                for before, layout in variants
                for cell in cells
            ]
    return (Mask(cells, layout) for cells, layout in variants)


def cells_of(
    pattern: str, letters: str, lists: Mapping[str, Sequence[str]]
) -> Iterator[list[Cell] | str]:
    """For each token its cell, in a list's case one for each length of code, or a separator."""
    at = 0
    while at < len(pattern):
        token = TOKEN.match(pattern, at)
        if token is None:
            raise ValueError(f"plate mask {pattern!r}: nothing known at {pattern[at:]!r}")
        yield cells_of_token(token, letters, lists)
        at = token.end()


def cells_of_token(
    token: re.Match[str], letters: str, lists: Mapping[str, Sequence[str]]
) -> list[Cell] | str:
    written = token.group()
    if written in " .-":
        return written
    if name := token["list"]:
        if name not in lists:
            raise ValueError(f"there is no list of codes {name!r}")
        by_length: dict[int, list[str]] = {}
        for code in lists[name]:
            by_length.setdefault(len(code), []).append(code)
        return [Cell(tuple(codes), is_code=True) for codes in by_length.values()]
    if itself := token["self"]:
        return [Cell((itself,))]
    simple = {"L": LETTERS, "l": letters, "D": DIGITS, "N": DIGITS[1:]}
    return [Cell(tuple(token["any"] or simple[written]))]
