"""What a person types to find a plate -> which texts are meant, and where to look for them.

Decides the meaning of each way to match; `PlatePattern.fits` is that meaning, text by text. What
the database is asked with are only `Lookup`s that may find too much, each by an index or in one
pass over the distinct plates; `fits` has the last word. Pure.
"""

import enum
import re
from typing import NamedTuple

from platewire.country import folded, normalize

TEXT_MAX = 40
"""Characters of a pattern; no plate is as long."""
AFTER_ANY = "\U0010ffff"
"""Sorts after every letter, so that `text + AFTER_ANY` ends what begins with `text`."""


class Match(enum.StrEnum):
    """How a plate is compared with the text that was asked for."""

    EXACT = "exact"
    PREFIX = "prefix"
    CONTAINS = "contains"
    WILDCARD = "wildcard"
    """`*` stands for any characters or none, `?` for one."""
    SIMILAR = "similar"
    """The same but for characters that look the same: O and 0, I and 1, B and 8 ..."""
    ONE_EDIT = "one_edit"
    """The same, or with one character replaced, added or missing."""


BLOCKS = "texts"


class Lookup(NamedTuple):
    """A condition on table `plate`: a range of a column, and optionally a glob or lengths. Or a
    part of a plate and a glob, on the column `texts` of `plate_block`."""

    column: str
    """`text`, `reversed` or `folded`; or BLOCKS."""
    low: str = ""
    """Begins so, in blocks holds so; empty for all."""
    equal: bool = False
    """Is `low` rather than begins with it."""
    glob: str = ""
    """A-Z, 0-9, `*` and `?` only; on `text`."""
    length_min: int = 0
    length_max: int = 0
    """0 for any."""


class PlatePattern(NamedTuple):
    """Created by `plate_pattern`, so `text` is in normal form and not empty."""

    match: Match
    """EXACT, WILDCARD, SIMILAR or ONE_EDIT: the others are written as wildcards."""
    text: str

    def fits(self, plate: str) -> bool:
        match self.match:
            case Match.EXACT:
                return plate == self.text
            case Match.SIMILAR:
                return folded(plate) == folded(self.text)
            case Match.ONE_EDIT:
                return within_one_edit(plate, self.text)
            case _:
                return _expression(self.text).fullmatch(plate) is not None

    @property
    def everything(self) -> bool:
        return self.match is Match.WILDCARD and self.text == "*"

    def lookups(self) -> list[Lookup]:
        """All texts that fit are found by one of these."""
        match self.match:
            case Match.EXACT:
                return [Lookup("text", self.text, equal=True)]
            case Match.SIMILAR:
                return [Lookup("folded", folded(self.text), equal=True)]
            case Match.ONE_EDIT:
                return _halves(self.text)
            case _:
                return [_best(self.text)]


def plate_pattern(text: str, match: Match = Match.EXACT) -> PlatePattern:
    """Case, spaces and dashes do not matter; Cyrillic and Greek letters stand for the Latin ones
    that look like them. ValueError, in words, for a text that says nothing of a plate."""
    if len(text) > TEXT_MAX:
        raise ValueError(f"longer than {TEXT_MAX} characters")
    if match is Match.WILDCARD:
        return _wildcard(text)
    plain = normalize(text)
    if not plain:
        raise ValueError(f"{text!r} contains no letters or digits")
    match match:
        case Match.PREFIX:
            return PlatePattern(Match.WILDCARD, f"{plain}*")
        case Match.CONTAINS:
            return PlatePattern(Match.WILDCARD, f"*{plain}*")
        case _:
            return PlatePattern(match, plain)


def _wildcard(text: str) -> PlatePattern:
    pieces = re.split(r"([*?])", text)
    written = "".join(piece if piece in ("*", "?") else normalize(piece) for piece in pieces)
    glob = re.sub(r"[*?]*\*[*?]*", _stars_last, written)
    if not glob:
        raise ValueError(f"{text!r} contains no letters, digits, * or ?")
    if "*" not in glob and "?" not in glob:
        return PlatePattern(Match.EXACT, glob)
    return PlatePattern(Match.WILDCARD, glob)


def _stars_last(run: re.Match[str]) -> str:
    """`*?*` and `?**` mean `?*`: many stars would make matching slow."""
    return "?" * run.group().count("?") + "*"


def _expression(glob: str) -> re.Pattern[str]:
    return re.compile(glob.replace("*", ".*").replace("?", "."), re.DOTALL)


def within_one_edit(one: str, other: str) -> bool:
    """Equal, or by one character replaced, added or missing (Levenshtein distance up to 1)."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    same = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), None)
    if same is None:
        return True
    rest = same + (len(short) == len(long))
    return short[rest:] == long[same + 1 :]


def _best(glob: str) -> Lookup:
    """By what stands before the first wildcard or, backwards, after the last, the longer of them;
    else by the longest between them."""
    pieces = re.split(r"[*?]", glob)
    first, last = pieces[0], pieces[-1]
    if not first and not last and (inner := max(pieces, key=len)):
        return Lookup(BLOCKS, inner, glob=glob)
    if len(last) > len(first):
        return Lookup("reversed", last[::-1], glob=glob)
    return Lookup("text", first, glob=glob)


def _halves(text: str) -> list[Lookup]:
    """One edit leaves either the first half as it is, or the second."""
    lengths = (max(len(text) - 1, 0), len(text) + 1)
    middle = len(text) // 2
    ends = Lookup("reversed", text[middle:][::-1], False, "", *lengths)
    if not middle:
        # The only character may be another: any short text will have to be looked at.
        return [Lookup("text", "", False, "", *lengths)]
    return [Lookup("text", text[:middle], False, "", *lengths), ends]
