"""Forms whose plates all fit a form of another country too are listed, so that none is overlooked.

The form alone does not tell the country of such a plate: appearance or the expected countries do.
`shared_forms.txt` lists the known ones. Countries overseas are left out on both sides: their forms
count only for a plate that looks like theirs.
"""

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, product
from pathlib import Path

import pytest

from platewire.country import COUNTRIES, Country
from platewire.country.codes import LISTS
from platewire.country.masks import Cell, Mask, masks_of
from platewire.country.tables import RARE

LIST = Path(__file__).with_name("shared_forms.txt")
NEAR = [country for country in COUNTRIES if not country.overseas]


@cache
def masks(form: str, letters: str) -> tuple[Mask, ...]:
    return tuple(masks_of(form.removeprefix(RARE), letters, LISTS))


@cache
def texts(cells: tuple[Cell, ...]) -> frozenset[str]:
    return frozenset("".join(parts) for parts in product(*(cell.choices for cell in cells)))


def ends(mask: Mask) -> list[int]:
    """Where its cells end in the text."""
    return list(accumulate(cell.length for cell in mask.cells))


def is_within(inner: Mask, outer: Mask) -> bool:
    """Whether every text of the one fits the other; compared piece by piece, where cells of both
    end at the same character."""
    if inner.length != outer.length:
        return False
    done_inner = done_outer = 0
    for end in sorted(set(ends(inner)) & set(ends(outer))):
        next_inner, next_outer = ends(inner).index(end) + 1, ends(outer).index(end) + 1
        piece, other = inner.cells[done_inner:next_inner], outer.cells[done_outer:next_outer]
        if piece != other and not texts(piece) <= texts(other):
            return False
        done_inner, done_outer = next_inner, next_outer
    return True


def sharing(form: str, country: Country, others: Sequence[Country]) -> list[str]:
    """Codes of the other countries of which every text of the form is a plate as well."""
    return [
        other.code
        for other in others
        if other.code != country.code
        and all(
            any(
                is_within(mask, wider)
                for each in other.masks
                for wider in masks(each, other.letters)
            )
            for mask in masks(form, country.letters)
        )
    ]


def lines(countries: Sequence[Country]) -> set[str]:
    found = {(one.code, form): sharing(form, one, countries) for one in countries
             for form in one.masks}  # fmt: skip
    return {
        f"{code}  {form}  in  {' '.join(codes)}" for (code, form), codes in found.items() if codes
    }


def test_every_form_that_is_also_another_countrys_is_listed() -> None:
    listed, found = set(LIST.read_text("utf-8").splitlines()), lines(NEAR)
    changes = [f"add     {line}" for line in sorted(found - listed)]
    changes += [f"remove  {line}" for line in sorted(listed - found)]
    if changes:
        pytest.fail(
            "Every plate of these forms also fits a form of the countries after `in`, so the form "
            "does not tell the country. Give the new form the letters or codes of its country, or "
            f"mark the country as overseas; if neither is true, change {LIST.name}:\n"
            + "\n".join(changes)
        )


@pytest.mark.parametrize(
    ("form", "letters", "codes"),
    [
        ("LLL-DDD", "AB", ["XX"]),
        ("lll DDD", "AB", ["XX"]),
        ("<SI> DDDD", "", []),
        ("<SI>L DDD", "", ["XX"]),
        ("LLLL", "", []),
    ],
)
def test_a_new_form_within_another_is_found(form: str, letters: str, codes: list[str]) -> None:
    one = Country("YY", "New", (), 1, (form,), letters or "AB")
    other = Country("XX", "Known", (), 1, ("LLL DDD",))
    assert sharing(form, one, [one, other]) == codes


def test_codes_and_single_letters_are_compared_whole() -> None:
    one = Country("YY", "New", (), 1, ("LLDDD",))
    other = Country("XX", "Known", (), 1, ("<SI>DDD",))
    assert sharing("LLDDD", one, [other]) == []
    assert sharing("<SI>DDD", other, [one]) == ["YY"]
