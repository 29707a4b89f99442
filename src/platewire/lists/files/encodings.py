"""Detects the encoding of a text file that does not state it: the code page that makes most sense.

A byte order mark or valid UTF-8 decides. Else each code page is tried on the cells that are not
plain ASCII: plates must consist of letters used on plates, in one script, and words of the letters
of one language, without signs or capitals inside. The code page with the least nonsense is used and
reported; if another has about as little and would give other plates or names, or if all are
nonsense, the user decides.
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
"""Every byte as one character: used before the encoding is known."""
REPLACED = "\N{REPLACEMENT CHARACTER}"
CHUNK_BYTES = 1 << 20
"""Bytes read at once: 1 MiB, so that a file of any size takes little memory."""
CELLS_MAX = 300
"""Different cells of a column that are examined; after them only those with a new byte."""
MARGIN = 0.75
"""Another code page is a rival if it has less than this many words of nonsense more."""
NONSENSE_MAX = 0.5
"""Words of nonsense per cell, and one in all, above which no code page is used."""
BAD_PLATE = 2.0
"""Penalty of a cell that cannot be a plate; the same as for a word of pure nonsense."""
STRANGE_PLATE = 1.0
"""Penalty of a cell that may be a plate, but not of any known form; half of an impossible one."""
UNDEFINED = 2.0
"""Penalty of a byte that the code page does not define."""
STRANGE_CASE = 1.0
"""Penalty of a word with mixed case that no language has."""
RARE_LETTER = 0.05
"""Penalty of a letter that is rare in its script: decides only between code pages equal
otherwise."""
WORD_MAX = 2.0
"""Maximum penalty of a word."""
ACCENTS_MAX = 0.6
"""Maximum share of accented letters in a word in Latin script; two are always allowed."""
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
"""Signs before and after words."""


UTF_8 = CodePage("utf-8", ())
"""Tried too: a text may be UTF-8 except for a few bytes."""
TOLD_APART = ("plate", "holder", "cameras")
"""Fields in which a different decoding matters."""

Fields = Callable[[Sequence[str]], Sequence[str]]
"""The known fields of the cells of a first row."""


class Cell(NamedTuple):
    """A cell of the sample, decoded as `RAW`."""

    row: int
    column: int
    raw: str


class EncodingCandidate(NamedTuple):
    """The sample decoded with one code page."""

    name: str
    rarity: float
    nonsense: float
    """In words; `rarity` included."""
    fields: Sequence[str]
    texts: Sequence[str]


def encoding_of(path: Path) -> str | None:
    """By a byte order mark or valid UTF-8; else None. Reads the whole file once."""
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


def check_encoding(encoding: str) -> str:
    """As given by the user. Raises ConfigError if it is unknown, or not an encoding of text."""
    try:
        io.TextIOWrapper(io.BytesIO(b"a"), encoding, errors="replace").read()
    except (LookupError, ValueError) as error:
        raise ConfigError(f"unknown encoding {encoding!r}; try utf-8 or cp1252") from error
    return encoding


def code_page_of(path: Path, rows: Iterable[tuple[int, Sequence[str]]], fields: Fields) -> str:
    """Code page of a text whose rows are decoded as `RAW`, with their numbers. Raises ConfigError
    if it is not certain."""
    first: list[str] = []
    sample = list(_sample(rows, first))
    tried = [_tried(page, first, sample, fields) for page in (*CODE_PAGES, UTF_8)]
    best, *others = sorted(tried, key=lambda each: each.nonsense)
    if best.nonsense - best.rarity > 1 + NONSENSE_MAX * len(sample):
        raise ConfigError(
            f"{path}: the encoding could not be detected; set it with --encoding, such as cp1252. "
            f"As {best.name}, row {sample[0].row} would be {best.texts[0]!r}"
        )
    for rival in others:
        usable = "plate" in rival.fields or "plate" not in best.fields
        if usable and rival.nonsense - best.nonsense < MARGIN:
            _check_same(path, sample, best, rival)
    return best.name


def _sample(rows: Iterable[tuple[int, Sequence[str]]], first: list[str]) -> Iterator[Cell]:
    """Cells that are not ASCII, each once; fills `first` with the first row."""
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


def _tried(
    page: CodePage, first: Sequence[str], sample: Sequence[Cell], fields: Fields
) -> EncodingCandidate:
    heads = [_decoded(raw, page.name) for raw in first]
    found = fields(heads)
    texts = [_decoded(cell.raw, page.name) for cell in sample]
    plates = [text for cell, text in zip(sample, texts, strict=True) if _is_plate(cell, found)]
    words = [text for cell, text in zip(sample, texts, strict=True) if not _is_plate(cell, found)]
    understood = sum(1 for head in heads if field_of(head) and not head.isascii())
    nonsense = sum(map(plate_nonsense, plates)) + words_nonsense(words, page.languages)
    return EncodingCandidate(
        page.name, page.rarity, page.rarity + nonsense - understood, found, texts
    )


def _is_plate(cell: Cell, fields: Sequence[str]) -> bool:
    return cell.column < len(fields) and fields[cell.column] == "plate"


def _decoded(raw: str, encoding: str) -> str:
    return raw.encode(RAW).decode(encoding, "replace")


def _check_same(
    path: Path, sample: Sequence[Cell], best: EncodingCandidate, rival: EncodingCandidate
) -> None:
    """Raises ConfigError if two code pages give different plates or names."""
    for cell, text, other in zip(sample, best.texts, rival.texts, strict=True):
        field = best.fields[cell.column] if cell.column < len(best.fields) else ""
        if field in TOLD_APART and text != other:
            raise ConfigError(
                f"{path}: the encoding is ambiguous: row {cell.row} is {text!r} as "
                f"{best.name}, and "
                f"{other!r} as {rival.name}; set the right one, such as --encoding {best.name}"
            )


@lru_cache(4096)
def plate_nonsense(text: str) -> float:
    """0 for a possible plate, by its letters and the plate forms of countries."""
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
    """Words that make no sense, in the best of the languages."""
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
