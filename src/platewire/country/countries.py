"""All countries whose plate forms are known."""

from platewire.country.africa import AFRICA
from platewire.country.americas import AMERICAS
from platewire.country.asia_pacific import ASIA_PACIFIC
from platewire.country.tables import NEAR, Country

COUNTRIES: tuple[Country, ...] = tuple(
    sorted((*NEAR, *AMERICAS, *ASIA_PACIFIC, *AFRICA), key=lambda one: one.code)
)

FREE_CHOICE: frozenset[str] = frozenset(one.code for one in COUNTRIES if one.free_choice)
"""Countries where owners often choose the text of their plates."""
