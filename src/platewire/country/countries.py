"""All countries whose plate forms are known."""

from platewire.country.overseas import OVERSEAS
from platewire.country.tables import NEAR, Country

COUNTRIES: tuple[Country, ...] = tuple(sorted((*NEAR, *OVERSEAS), key=lambda one: one.code))
