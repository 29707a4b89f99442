"""Africa: the commonest plate forms, as data like `tables`.

Left out are Egypt and Morocco, whose plates carry Arabic letters, which the reader does not know.
Tunisian plates have an Arabic word between two numbers; the numbers are the text.

Their forms count only where a plate's looks speak for the country or the user expects it, since
several of them are also a European country's. Sources: the countries' registration rules as summed
up in the public lists of vehicle registration plates.
"""

from platewire.country.tables import Country, numbered

AFRICA: tuple[Country, ...] = (
    Country("DZ", "Algeria", ("DZ",), 7, ("DDDDDD NDD <DZ>", "DDDDD NDD <DZ>"), overseas=True),
    Country(
        "GH",
        "Ghana",
        ("GH",),
        3.5,
        (*numbered("<GH> {}-DD", 1, 4), *numbered("<GH> {} L", 3, 4)),
        overseas=True,
    ),
    Country("KE", "Kenya", ("EAK",), 5, ("'K'LL DDDL", "'K'LL DDD", "'KM'LL DDDL"), overseas=True),
    Country("NG", "Nigeria", ("WAN",), 12, ("LLL-DDDLL", "LL DDD-LLL"), overseas=True),
    Country("TN", "Tunisia", ("TN",), 2.8, ("NDD DDDD", "ND DDDD"), overseas=True),
    Country(
        "ZA",
        "South Africa",
        ("ZA",),
        12,
        (
            "LL DD LL <ZA>",
            "LLL DDD <ZA>",
            "'CA' DDD DDD",
            "'N'L DDD DDD",
            "'CA' DDDDD",
            "'N'L DDDDD",
        ),
        overseas=True,
    ),
)
