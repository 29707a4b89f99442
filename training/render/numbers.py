"""Texts of number plates: of any form in the country table, and what owners choose.

`display` holds the spaces, dashes and dots of the layout; the text is `display` without them.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, TypeVar

import numpy as np

from platewire.country.codes import LISTS
from platewire.country.countries import COUNTRIES
from platewire.country.masks import DIGITS, LETTERS, Mask, masks_of
from platewire.country.tables import RARE

COUNTRY = {country.code: country for country in COUNTRIES}
MARKS = {
    "DE": {"TU": "TÜ", "FU": "FÜ", "GO": "GÖ", "LO": "LÖ", "SU": "SÜ", "WU": "WÜ", "KUN": "KÜN",
           "TOL": "TÖL", "MUR": "MÜR", "FL": "FÜS", "LB": "LÜN", "PA": "PÄ", "SH": "SÄK"},
    "HR": {"SI": "ŠI", "CK": "ČK", "VZ": "VŽ", "PZ": "PŽ", "KZ": "KŽ"},
    "RS": {"SA": "ŠA", "CA": "ČA", "UZ": "UŽ", "NS": "NŠ", "PZ": "PŽ", "AC": "AĆ", "IN": "INĐ"},
    "SI": {"CE": "ČE", "SG": "ŠG"},
}  # fmt: skip
"""Codes with the marks that the country's plates have; some made up, so that all marks occur."""
WORDS = (
    *("LOVE", "HAPPY", "SURF", "GOLF", "MUSTANG", "TURBO", "DADDY", "MOM", "GRAMPS", "BOSS"),
    *("KING", "QUEEN", "FAST", "WOLF", "BEACH", "SUNNY", "LUCKY", "JEEP", "VETTE", "RACER"),
    *("MYCAR", "TOY", "BABY", "GOGO", "EAGLE", "TIGER", "BLUE", "RED", "DOC", "TEACH", "HIKER"),
)
BOTH = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
STRESSED = ("0OQD", "8B", "WM", "1I", "2Z", "5S", "6G", "VY", "UV", "7T", "HNM", "EF", "PR", "CG")


class Number(NamedTuple):
    display: str

    @property
    def text(self) -> str:
        return "".join(char for char in self.display if char not in " -.")


@cache
def masks(country: str) -> tuple[tuple[Mask, float], ...]:
    """Each form with its weight: few texts fit a rare form or one for short numbers."""
    known = COUNTRY[country]
    found = []
    for pattern in known.masks:
        weight = 0.3 if pattern.startswith(RARE) else 1.0
        for mask in masks_of(pattern.lstrip(RARE), known.letters, LISTS):
            found.append((mask, weight * max(mask.decades, 1) ** 2))
    total = sum(weight for _, weight in found)
    return tuple((mask, weight / total) for mask, weight in found)


Choice = TypeVar("Choice")


def pick(choices: Sequence[Choice], random: np.random.Generator) -> Choice:
    """One of them; much faster than the generator's own choice."""
    return choices[int(random.random() * len(choices))]


def of_country(country: str, random: np.random.Generator) -> Number:
    forms = masks(country)
    mask = forms[weighted([weight for _, weight in forms], random)][0]
    pieces = [pick(cell.choices, random) for cell in mask.cells]
    marks = MARKS.get(country, {})
    if marks and random.random() < 0.25:
        pieces[0] = pick(list(marks.values()), random)
    return Number(written(mask, pieces))


def of_form(country: str, form: str, random: np.random.Generator) -> Number:
    """Of one form of the country table. ValueError if the table does not have it."""
    known = COUNTRY[country]
    if form not in known.masks:
        raise ValueError(f"country table: {country} has no form {form!r}, only {known.masks}")
    mask = pick(list(masks_of(form.lstrip(RARE), known.letters, LISTS)), random)
    pieces = [pick(cell.choices, random) for cell in mask.cells]
    return Number(written(mask, pieces))


def written(mask: Mask, pieces: Sequence[str]) -> str:
    """The pieces with the separators of the mask."""
    return "".join(entry if isinstance(entry, str) else pieces[entry] for entry in mask.layout)


def weighted(weights: list[float], random: np.random.Generator) -> int:
    at = random.random() * sum(weights)
    for index, weight in enumerate(weights):
        at -= weight
        if at < 0:
            return index
    return len(weights) - 1


def of_pattern(pattern: str, random: np.random.Generator) -> Number:
    """`A` is any letter, `1` any digit, all else stands for itself."""
    kinds = {"A": LETTERS, "1": DIGITS}
    shown = "".join(pick(kinds[char], random) if char in kinds else char for char in pattern)
    return Number(shown)


def of_choice(random: np.random.Generator) -> Number:
    """What an owner may choose: words with or without a number, or any few letters."""
    kind = random.random()
    if kind < 0.35:
        shown = pick(WORDS, random)[:7]
        if random.random() < 0.5 and len(shown) < 7:
            shown += str(int(random.integers(1, 99)))
    elif kind < 0.7:
        shown = of_pattern("A" * int(random.integers(3, 8)), random).display
    else:
        count = int(random.integers(2, 8))
        shown = "".join(pick(BOTH, random) for _ in range(count))
    if len(shown) in (4, 5, 6) and random.random() < 0.25:
        at = int(random.integers(1, len(shown)))
        shown = f"{shown[:at]} {shown[at:]}"
    return Number(shown[:8].strip())


def stressed(number: Number, random: np.random.Generator) -> Number:
    """Some characters replaced by ones that are easily taken for each other, of the same kind."""
    shown = list(number.display)
    group = pick(STRESSED, random)
    for index, char in enumerate(shown):
        fitting = [other for other in group if other.isdigit() == char.isdigit()]
        if char.isalnum() and fitting and random.random() < 0.5:
            shown[index] = pick(fitting, random)
    return Number("".join(shown))
