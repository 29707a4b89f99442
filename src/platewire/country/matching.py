"""Text as read -> which country's plate it is, with look-alike characters put right.

Every mask that the text fits, as it is or by replacing look-alike characters, is weighed as Bayes
would: a mask is likelier the fewer texts fit it, the more vehicles its country has and the cheaper
the repair; countries that the user expects count `EXPECTED` powers of ten more. A country is named
only when it is `SURE` against all others together; else it stays null.

A text that fits some mask as it stands is not repaired, unless little makes it fit a country that
the user expects, or that the plate surely looks like, and it fits none of that one's yet.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from typing import NamedTuple

from platewire.country.codes import LISTS
from platewire.country.countries import COUNTRIES, FREE_CHOICE
from platewire.country.masks import Mask, masks_of
from platewire.country.spelling import normalize
from platewire.country.tables import RARE, Country

COST_MAX = 0.65
"""Repairs beyond this many powers of ten are guesses."""
COST_MAX_EXPECTED = 1.5
"""The same for a country that the user expects."""
EXPECTED = 4.0
"""Powers of ten that a country named by the user counts more than others."""
SURE = 0.7
"""Share of all likelihood that a country must have to be named."""
STRANGE_BREAK_COST = 0.7
"""Cost of a gap seen where the form has none, in powers of ten."""
MISSED_BREAK_COST = 0.3
"""Cost of a gap of the form that was not seen, where other gaps were."""
UNSEEN = 0.01
"""What a country counts that the plate's looks do not speak for, against one they are sure of."""
LOOKS_MIN = 0.1
"""Chance by the looks from which on a country overseas is thought of at all."""
LOOKS_REPAIR = 0.9
"""Chance by the looks from which on a text that fits other countries is repaired for this one."""
RARE_COST = 1.5
"""Cost of a form that is marked as rare; nothing is repaired to fit it, but for a country that the
user expects or that the plate surely looks like."""
BAND_COST = 1.0
"""Cost of taking the first characters for the sign of the country's band."""


class Match(NamedTuple):
    """One way to understand a text; the lower `cost` and `decades`, the likelier."""

    country: str
    text: str
    """A-Z0-9 after repair; without the band's sign where one was dropped."""
    display: str
    region: str | None
    cost: float
    """Of the repairs, in powers of ten; 0 where nothing was changed."""
    decades: float
    """Powers of ten of texts of this form for each vehicle of the country, plus what the gaps
    seen speak against it."""
    rare: bool = False
    """Whether few plates of the country have this form."""
    band: str = ""
    """The band's sign that was dropped from the front."""

    @property
    def weight(self) -> float:
        return math.pow(10, -(self.cost + self.decades))


class Form(NamedTuple):
    country: Country
    mask: Mask
    region: str | None
    decades: float
    """Powers of ten of texts for each million vehicles; more for a rare form."""
    rare: bool


class Understanding(NamedTuple):
    """What is said of a text in the end; `country` is None where several are as likely."""

    text: str
    display: str
    country: str | None
    region: str | None
    cost: float
    band: str
    known: bool
    """Whether any country has such plates."""
    start: int = 0
    """Where `text` begins in the text as it was read."""

    @property
    def exact(self) -> bool:
        """Whether some country has such plates without any repair."""
        return self.known and self.cost == 0


class PlateForms:
    """The forms of a set of countries, by the length of their texts; what fits them.

    `countries` are those of the table unless others are given. Immutable, for any thread.
    """

    def __init__(self, countries: Iterable[Country] = COUNTRIES) -> None:
        self.countries = tuple(countries)
        self._millions = {country.code: country.millions for country in self.countries}
        self._near = frozenset(one.code for one in self.countries if not one.overseas)

    @cached_property
    def _by_length(self) -> dict[int, list[Form]]:
        """Made when the first text is matched: a command that reads no plate starts faster."""
        found: dict[int, list[Form]] = {}
        for form in forms_of(self.countries):
            found.setdefault(form.mask.length, []).append(form)
        return found

    @property
    def codes(self) -> frozenset[str]:
        """ISO 3166-1 alpha-2 of every country here."""
        return frozenset(self._millions)

    def match(
        self,
        text: str,
        confidences: Sequence[float] = (),
        hint: Sequence[str] = (),
        breaks: frozenset[int] = frozenset(),
        seen: Mapping[str, float] | None = None,
    ) -> list[Match]:
        """All ways to understand a text in normal form, likeliest first.

        `confidences` has one number for each character. `breaks` are the positions in front of
        which a gap or dash was seen. `hint` names the countries that the user expects, ISO alpha-2.
        `seen` gives countries by the plate's looks with their chances, 0 to 1; empty says nothing.
        """
        countries = self._near | looked_like(seen, LOOKS_MIN) | set(hint)
        sure = looked_like(seen, LOOKS_REPAIR) - FREE_CHOICE
        whole = self._fits(text, confidences, breaks, countries)
        complete = {one.country for one in whole if one.cost == 0 and not one.rare}
        banded = self._without_band(text, confidences, breaks, countries - complete)
        found = [one for one in (*whole, *banded) if one.cost <= cost_allowed(one, hint, sure)]
        exact = {one.country for one in found if one.cost == 0}
        if exact:
            wanted = sure.union(hint)
            found = [one for one in found if one.cost == 0 or rivals_exact(one, exact, wanted)]
        return sorted(
            found, key=lambda one: (-self._likelihood(one, hint, seen), one.country, one.text)
        )

    def understand(
        self,
        text: str,
        confidences: Sequence[float] = (),
        hint: Sequence[str] = (),
        breaks: frozenset[int] = frozenset(),
        seen: Mapping[str, float] | None = None,
    ) -> Understanding:
        """The likeliest way to understand a text; it stays as it is where no country has such
        plates.

        Where the country is open, a repair is kept only if all the likely countries agree on it.
        """
        found = self.match(text, confidences, hint, breaks, seen)
        if not found:
            return unchanged(text, breaks, known=False)
        best = found[0]
        chance = {one: self._likelihood(one, hint, seen) for one in found}
        total = sum(chance[one] for one in found)
        same_country = [one for one in found if one.country == best.country]
        if sum(chance[one] for one in same_country) >= SURE * total:
            return understanding(
                best, best.display, best.country, agreed_region(same_country, best)
            )
        if sum(chance[one] for one in found if one.text == best.text) >= SURE * total:
            moved = frozenset(at - len(best.band) for at in breaks)
            return understanding(best, with_breaks(best.text, moved), None, None)
        return unchanged(text, breaks, known=True)

    def _likelihood(
        self, one: Match, hint: Sequence[str], seen: Mapping[str, float] | None
    ) -> float:
        """Looks take the place of how many vehicles a country has: how often its plates are met is
        part of what they were learned from."""
        by_looks = (
            (UNSEEN + seen.get(one.country, 0.0)) / self._millions[one.country] if seen else 1
        )
        return one.weight * by_looks * (10.0**EXPECTED if one.country in hint else 1.0)

    def _fits(
        self, text: str, confidences: Sequence[float], breaks: frozenset[int], countries: Set[str]
    ) -> list[Match]:
        found = (
            fit_form(form, text, confidences, breaks)
            for form in self._by_length.get(len(text), ())
            if form.country.code in countries
        )
        return [one for one in found if one is not None]

    def _without_band(
        self, text: str, confidences: Sequence[float], breaks: frozenset[int], countries: Set[str]
    ) -> list[Match]:
        """Matches of what follows a band's sign, for that sign's own country only, unrepaired."""
        found = []
        for country in self.countries:
            for band in country.band:
                if not text.startswith(band):
                    continue
                skip = len(band)
                moved = frozenset(at - skip for at in breaks if at > skip)
                own = countries & {country.code}
                rest = self._fits(text[skip:], confidences[skip:], moved, own)
                found += [
                    one._replace(band=band, decades=one.decades + BAND_COST)
                    for one in rest
                    if one.cost == 0
                ]
        return found


def forms_of(countries: Iterable[Country]) -> Iterator[Form]:
    for country in countries:
        for pattern in country.masks:
            rare = pattern.startswith(RARE)
            for mask in masks_of(pattern.removeprefix(RARE), country.letters, LISTS):
                decades = mask.decades - math.log10(country.millions) + RARE_COST * rare
                yield Form(country, mask, country.regions.get(pattern), decades, rare)


def looked_like(seen: Mapping[str, float] | None, least: float) -> set[str]:
    """Countries that are at least so likely by the plate's looks."""
    return {code for code, chance in (seen or {}).items() if chance >= least}


def rivals_exact(one: Match, exact: set[str], wanted: Set[str]) -> bool:
    """Whether a repair is weighed although the text fits other countries as it is."""
    return one.country in wanted and one.country not in exact and one.cost <= COST_MAX


def cost_allowed(one: Match, hint: Sequence[str], sure: Set[str]) -> float:
    if one.country in hint:
        return COST_MAX_EXPECTED
    return 0.0 if one.rare and one.country not in sure else COST_MAX


def fit_form(
    form: Form, text: str, confidences: Sequence[float], breaks: frozenset[int]
) -> Match | None:
    fit = form.mask.fit(text, confidences)
    if fit is None or fit.cost > COST_MAX_EXPECTED:
        return None
    region = fit.code if form.country.region_is_code else form.region
    return Match(
        country=form.country.code,
        text=fit.text,
        display=form.mask.display(fit.text),
        region=region,
        cost=fit.cost,
        decades=form.decades + break_cost(form.mask, breaks),
        rare=form.rare,
    )


def break_cost(mask: Mask, breaks: frozenset[int]) -> float:
    """What the gaps seen say against the form; none seen says nothing."""
    if not breaks:
        return 0.0
    shown = mask.breaks()
    return STRANGE_BREAK_COST * len(breaks - shown) + MISSED_BREAK_COST * len(shown - breaks)


def understanding(
    best: Match, display: str, country: str | None, region: str | None
) -> Understanding:
    skipped = len(best.band)
    return Understanding(best.text, display, country, region, best.cost, best.band, True, skipped)


def unchanged(text: str, breaks: frozenset[int], *, known: bool) -> Understanding:
    return Understanding(text, with_breaks(text, breaks), None, None, 0.0, "", known)


def with_breaks(text: str, breaks: frozenset[int]) -> str:
    """The text with a space where a gap was seen."""
    return "".join(" " * (at > 0 and at in breaks) + char for at, char in enumerate(text))


def agreed_region(same_country: Sequence[Match], best: Match) -> str | None:
    """The best match's region, when it is sure among the country's own forms."""
    total = sum(one.weight for one in same_country)
    agreeing = sum(one.weight for one in same_country if one.region == best.region)
    return best.region if agreeing >= SURE * total else None


def breaks_of(written: str) -> frozenset[int]:
    """Positions in the normal form before which `written` has a gap, dash or dot."""
    found, length = set(), 0
    for char in written:
        folded = normalize(char)
        if not folded:
            found.add(length)
        length += len(folded)
    return frozenset(found - {0, length})


KNOWN = PlateForms()
"""Of all countries in the table."""
match = KNOWN.match
understand = KNOWN.understand
