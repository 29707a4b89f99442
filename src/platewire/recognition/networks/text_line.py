"""A line of text from a recognizer: characters with confidences, from the time steps of CTC.

Both recognizers, the general one of PP-OCR and our own for plates, speak the few symbols a number
plate knows: a letter in either case is one symbol, all dots and dashes are one, and everything else
on earth is `OTHER`. Their networks say for each of some steps across the picture how likely each
symbol is; equal neighbors are one character, symbol 0 is the gap between two (CTC, Graves et al.
2006).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
MARKED = "ÄÖÜŠČŽĆĐ"
"""Letters with marks that some country has on its plates."""
SEPARATOR = "-"
OTHER = "?"
GAP = ""
SYMBOLS: tuple[str, ...] = (GAP, *LETTERS, *DIGITS, *MARKED, SEPARATOR, OTHER)
Chances = npt.NDArray[np.float32]


class Character(NamedTuple):
    """One character of a line: the symbol, its confidence, and alternatives."""

    symbol: str
    chance: float
    others: tuple[tuple[str, float], ...]
    """Best first; the empty symbol means that there may be no character here at all."""
    at: float
    """Where its middle lies: 0 is the line's left end, 1 its right end."""


class TextLine(NamedTuple):
    """The text of one image."""

    characters: tuple[Character, ...]
    written: str
    """As the network spelled it, with case and signs; for judging whether this is a plate."""

    @property
    def text(self) -> str:
        return "".join(character.symbol for character in self.characters)


def collapsed(labels: npt.NDArray[np.int64]) -> list[int]:
    """CTC: equal neighbors are one, gaps fall away."""
    kept = []
    previous = 0
    for label in labels.tolist():
        if label not in (0, previous):
            kept.append(label)
        previous = label
    return kept


def characters_of(chances: Chances, share: float) -> tuple[Character, ...]:
    """The best path through the symbols, one `Character` for each run of equal steps."""
    best = chances.argmax(axis=1)
    edges = np.flatnonzero(np.diff(best)) + 1
    runs = np.split(np.arange(len(best)), edges)
    return tuple(character_of(chances, run, share) for run in runs if SYMBOLS[best[run[0]]] != GAP)


def character_of(chances: Chances, run: npt.NDArray[np.int64], share: float) -> Character:
    """The run's surest step says the chances."""
    symbol = int(chances[run[0]].argmax())
    step = run[chances[run, symbol].argmax()]
    row = chances[step]
    order = np.argsort(-row)[:5]
    others = tuple((SYMBOLS[k], float(row[k])) for k in order if k != symbol and row[k] > 0.001)
    middle = (run[0] + run[-1] + 1) / 2 / len(chances) / share
    return Character(SYMBOLS[symbol], float(row[symbol]), others, float(min(middle, 1)))
