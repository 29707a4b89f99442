"""How two plate texts compare: how far apart they are, which characters stand opposite each other,
and whether one is a piece of the other.

Pure functions of strings, remembered in bounded caches because the same few texts are compared
again with every frame. What follows from a distance is the tracker's and the vote's to say.
"""

from functools import lru_cache
from typing import NamedTuple

from platewire.country import folded


class Alignment(NamedTuple):
    """Alignment of a text with a pivot."""

    positions: tuple[int, ...]
    """For each character of the pivot: the index in the text, or -1 where the text has none."""
    insertions: tuple[tuple[int, int, int], ...]
    """(slot, start, end): text[start:end] stands before pivot[slot]; slot len(pivot) is the end."""


@lru_cache(maxsize=8192)
def distance(one: str, other: str) -> int:
    """Levenshtein distance: the least number of characters to change, add or leave out."""
    if one == other:
        return 0
    return _table(one, other)[len(one)][len(other)]


@lru_cache(maxsize=4096)
def align(pivot: str, text: str) -> Alignment:
    """An alignment of least Levenshtein cost; of several, one that changes rather than shifts."""
    table = _table(pivot, text)
    positions = [-1] * len(pivot)
    added: list[tuple[int, int]] = []
    i, j = len(pivot), len(text)
    while i or j:
        if i and j and table[i][j] == table[i - 1][j - 1] + (pivot[i - 1] != text[j - 1]):
            i, j = i - 1, j - 1
            positions[i] = j
        elif i and table[i][j] == table[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
            added.append((i, j))
    return Alignment(tuple(positions), _runs(added[::-1]))


@lru_cache(maxsize=8192)
def is_piece(short: str, long: str) -> bool:
    """True where `short` is what is left of `long` when a part of the plate is hidden.

    One character in three beyond the second may be misread; four characters must be exact, but for
    characters that look alike.
    """
    short, long = folded(short), folded(long)
    if len(short) >= len(long):
        return False
    row = [0] * (len(long) + 1)
    for i, char in enumerate(short, 1):
        row = _next_row(row, i, char, long)
    return min(row) <= max(0, len(short) - 2) // 3


def _table(one: str, other: str) -> list[list[int]]:
    rows = [list(range(len(other) + 1))]
    for i, char in enumerate(one, 1):
        rows.append(_next_row(rows[-1], i, char, other))
    return rows


def _next_row(above: list[int], first: int, char: str, other: str) -> list[int]:
    row = [first]
    for j, opposite in enumerate(other, 1):
        row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (char != opposite)))
    return row


def _runs(added: list[tuple[int, int]]) -> tuple[tuple[int, int, int], ...]:
    """Single added characters, in order, joined to one run for each slot."""
    runs: list[tuple[int, int, int]] = []
    for slot, index in added:
        if runs and runs[-1][0] == slot:
            runs[-1] = (slot, runs[-1][1], index + 1)
        else:
            runs.append((slot, index, index + 1))
    return tuple(runs)
