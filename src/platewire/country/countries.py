"""All countries whose plate forms are known."""

from platewire.country.overseas import OVERSEAS
from platewire.country.tables import NEAR, Country

COUNTRIES: tuple[Country, ...] = tuple(sorted((*NEAR, *OVERSEAS), key=lambda one: one.code))

FREE_CHOICE: frozenset[str] = frozenset(one.code for one in COUNTRIES if one.free_choice)
"""Countries where owners often choose the text of their plates."""
