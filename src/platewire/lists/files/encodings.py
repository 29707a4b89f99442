"""How a text is encoded, where it does not say so: the code page in which it makes sense.

A mark at the start or UTF-8 throughout settles it. Else each code page is tried on the cells that
are not plain ASCII: plates must be made of letters that plates have, in one script, and words of
the letters of one language, without signs or capitals inside. What makes least nonsense is taken,
and said; where another makes about as little and would give other plates or names, or where
everything is nonsense, the user is asked.
"""

import codecs
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from platewire.country import match, normalize
from platewire.errors import ConfigError
from platewire.lists.files.alphabets import (
    CODE_PAGES,
    PLATE_COUNTRIES,
    PLATE_LETTERS,
    RARE,
    UNUSUAL,
    CodePage,
)
from platewire.lists.files.headings import field_of

RAW = "latin-1"
"""Every byte as one character: how a text is looked at before its encoding is known."""
REPLACED = "\N{REPLACEMENT CHARACTER}"
CHUNK_BYTES = 1 << 20
"""Bytes read at once: 1 MiB, so that a file of any size takes little memory."""
CELLS_MAX = 300
"""Different cells of a column that are looked at; after them only those with a new byte."""
MARGIN = 0.75
"""Another code page is a rival when it does not make almost a word more of nonsense."""
NONSENSE_MAX = 0.5
"""Words of nonsense for each cell, and one in all, beyond which nothing is taken."""
BAD_PLATE = 2.0
"""Penalty of a cell that cannot be a plate; as much as a word of nothing but nonsense."""
STRANGE_PLATE = 1.0
"""Penalty of a cell that may be a plate, but not of any known form; half of an impossible one."""
UNDEFINED = 2.0
"""A byte that the code page has no character for."""
STRANGE_CASE = 1.0
"""Penalty of a word whose upper and lower case are mixed as no language does."""
RARE_LETTER = 0.05
"""Penalty of a letter that is rare in its script: decides only between code pages equal
otherwise."""
WORD_MAX = 2.0
"""How much of nonsense one word can be."""
ACCENTS_MAX = 0.6
"""Share of accented letters that words in Latin script have at most, and two in any case."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ASCII_BREAKS = re.compile(r"[\x00-\x40\x5b-\x60\x7b-\x7f]+")
_BEFORE = "«„“‚‘‹–—•·№\xa0\xad"
_AFTER = "»”“’›–—…•·€\xa0\xad"
"""Signs that stand before and after words."""


UTF_8 = CodePage("utf-8", ())
"""Tried too: a text may be in UTF-8 but for a few bytes."""
TOLD_APART = ("plate", "holder", "cameras")
"""Fields in which another reading would matter."""

Fields = Callable[[Sequence[str]], Sequence[str]]
"""The fields of a first row's cells, as far as they are known."""


class Cell(NamedTuple):
    """Of the sample, its bytes as `RAW` has them."""

    row: int
    column: int
    raw: str


class Tried(NamedTuple):
    """One way to read the sample."""

    name: str
    rarity: float
    nonsense: float
    """In words; `rarity` included."""
    fields: Sequence[str]
    texts: Sequence[str]


def encoding_of(path: Path) -> str | None:
    """By a mark or as UTF-8; None where it is neither. Reads the whole file once."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
            for mark, name in _MARKS:
                if head.startswith(mark):
                    return name
            decoder = codecs.getincrementaldecoder("utf-8")()
            decoder.decode(head)
            while chunk := file.read(CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    return "utf-8"


def checked(encoding: str) -> str:
    """As the user gave it. ConfigError for one that is not known, or is no encoding of text."""
    try:
        io.TextIOWrapper(io.BytesIO(b"a"), encoding, errors="replace").read()
    except (LookupError, ValueError) as error:
        raise ConfigError(f"encoding {encoding!r} is not known; try utf-8 or cp1252") from error
    return encoding


def code_page_of(path: Path, rows: Iterable[tuple[int, Sequence[str]]], fields: Fields) -> str:
    """Of a text whose rows are given as `RAW`, with their numbers. ConfigError where it is not
    certain."""
    first: list[str] = []
    sample = list(_sample(rows, first))
    tried = [_tried(page, first, sample, fields) for page in (*CODE_PAGES, UTF_8)]
    best, *others = sorted(tried, key=lambda each: each.nonsense)
    if best.nonsense - best.rarity > 1 + NONSENSE_MAX * len(sample):
        raise ConfigError(
            f"{path}: it could not be found out how the text is encoded. Say it with --encoding, "
            f"such as cp1252; as {best.name} row {sample[0].row} would have {best.texts[0]!r}"
        )
    for rival in others:
        usable = "plate" in rival.fields or "plate" not in best.fields
        if usable and rival.nonsense - best.nonsense < MARGIN:
            _check_same(path, sample, best, rival)
    return best.name


def _sample(rows: Iterable[tuple[int, Sequence[str]]], first: list[str]) -> Iterator[Cell]:
    """Cells that are not ASCII, each once; `first` is filled with the first row."""
    kept: dict[int, set[str]] = {}
    bytes_seen: set[str] = set()
    for number, cells in rows:
        if not first:
            first.extend(cells)
        for column, raw in enumerate(cells):
            if raw.isascii() or raw in (there := kept.setdefault(column, set())):
                continue
            if len(there) < CELLS_MAX or not bytes_seen.issuperset(raw):
                there.add(raw)
                bytes_seen.update(raw)
                yield Cell(number, column, raw)


def _tried(page: CodePage, first: Sequence[str], sample: Sequence[Cell], fields: Fields) -> Tried:
    heads = [_decoded(raw, page.name) for raw in first]
    found = fields(heads)
    texts = [_decoded(cell.raw, page.name) for cell in sample]
    plates = [text for cell, text in zip(sample, texts, strict=True) if _is_plate(cell, found)]
    words = [text for cell, text in zip(sample, texts, strict=True) if not _is_plate(cell, found)]
    understood = sum(1 for head in heads if field_of(head) and not head.isascii())
    nonsense = sum(map(plate_nonsense, plates)) + words_nonsense(words, page.languages)
    return Tried(page.name, page.rarity, page.rarity + nonsense - understood, found, texts)


def _is_plate(cell: Cell, fields: Sequence[str]) -> bool:
    return cell.column < len(fields) and fields[cell.column] == "plate"


def _decoded(raw: str, encoding: str) -> str:
    return raw.encode(RAW).decode(encoding, "replace")


def _check_same(path: Path, sample: Sequence[Cell], best: Tried, rival: Tried) -> None:
    """ConfigError where two ways to read give other plates or names."""
    for cell, text, other in zip(sample, best.texts, rival.texts, strict=True):
        field = best.fields[cell.column] if cell.column < len(best.fields) else ""
        if field in TOLD_APART and text != other:
            raise ConfigError(
                f"{path} does not say its encoding, and two make sense: row {cell.row} has "
                f"{text!r} as {best.name} and {other!r} as {rival.name}. Say which is right, such "
                f"as --encoding {best.name}"
            )


@lru_cache(4096)
def plate_nonsense(text: str) -> float:
    """0 for a plate that may be one; the letters decide, and whether any country has such."""
    letters = [char for char in text.upper() if char.isalpha()]
    scripts = {_script(char) for char in letters}
    if REPLACED in text:
        return BAD_PLATE + UNDEFINED
    if len(scripts) > 1 or any(not _on_plates(char) for char in text.upper()):
        return BAD_PLATE
    countries = PLATE_COUNTRIES.get("".join(scripts))
    if not countries:
        return 0
    fits = any(one.cost == 0 and one.country in countries for one in match(normalize(text)))
    return 0 if fits else STRANGE_PLATE


def _on_plates(char: str) -> bool:
    if char.isascii() or char in PLATE_LETTERS:
        return True
    if char.isalpha():
        return _script(char) != "LATIN" and normalize(char) != ""
    return unicodedata.category(char) in ("Zs", "Pd", "Cf") or char in "·•"


def words_nonsense(texts: Iterable[str], languages: Sequence[str]) -> float:
    """Words that make no sense, in the language in which the fewest do not."""
    words = (word for text in texts for word in _ASCII_BREAKS.split(text))
    bare = (word.lstrip(_BEFORE).rstrip(_AFTER) for word in words)
    odd = [word for word in bare if not word.isascii()]
    if not languages:
        return sum(1.0 for word in odd if REPLACED in word)  # of UTF-8, which is no code page
    return min(
        sum(_word_nonsense(word, language) for word in odd) + (language in UNUSUAL)
        for language in languages
    )


@lru_cache(1 << 16)
def _word_nonsense(word: str, language: str) -> float:
    if REPLACED in word:
        return UNDEFINED
    word = word.replace("İ", "I")  # whose small letter is two characters
    small = word.lower()
    if not word.isalpha() or len({_script(char) for char in word}) > 1:
        return 1.0
    foreign = sum(1 for char in small if not char.isascii() and char not in language)
    accented = sum(1 for char in small if not char.isascii())
    strange = word not in (word.lower(), word.upper(), word[0].upper() + small[1:])
    crowded = _script(word[0]) == "LATIN" and accented > max(2, ACCENTS_MAX * len(word))
    rare = sum(1 for char in small if char in RARE)
    return min(WORD_MAX, foreign + WORD_MAX * crowded + STRANGE_CASE * strange + RARE_LETTER * rare)


@lru_cache(1024)
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
