"""Countries of number plates: codes, plate forms, the normal form, look-alike characters.

`understand` is what recognition asks for each text; `match` shows all the ways to understand it.
"""

from platewire.country.countries import COUNTRIES, FREE_CHOICE
from platewire.country.matching import (
    KNOWN,
    Match,
    PlateForms,
    Understanding,
    breaks_of,
    match,
    understand,
)
from platewire.country.spelling import LOOKALIKES, confusion, folded, keep_letters, normalize
from platewire.country.tables import Country

CODES: frozenset[str] = frozenset(country.code for country in COUNTRIES)
"""ISO 3166-1 alpha-2 of every country whose plate forms are known."""

__all__ = [
    "CODES",
    "COUNTRIES",
    "FREE_CHOICE",
    "KNOWN",
    "LOOKALIKES",
    "Country",
    "Match",
    "PlateForms",
    "Understanding",
    "breaks_of",
    "confusion",
    "folded",
    "keep_letters",
    "match",
    "normalize",
    "understand",
]
