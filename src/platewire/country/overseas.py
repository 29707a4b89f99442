"""Countries on other continents, with their commonest plate forms, as data like `tables`.

Several of their forms are also a European country's, so they count only where a plate's looks speak
for such a country or the user expects it. Sources: the countries' registration rules as summed up
in the public lists of vehicle registration plates.
"""

from platewire.country.tables import Country

CHILE = "BCDFGHJKLPRSTVWXYZ"

OVERSEAS: tuple[Country, ...] = (
    Country("AR", "Argentina", (), 15, ("LLL DDD", "LL DDD LL"), overseas=True),
    Country(
        "AU",
        "Australia",
        (),
        20,
        (
            *("LLL-DDD", "DLL-DLL", "LL-DD-LL", "LLL-DDL", "DLLL-DDD", "'S'DDD-LLL", "DDD-LLD"),
            *("LLL-DDLL", "DDD-LLL"),
        ),
        overseas=True,
    ),
    Country(
        "CA",
        "Canada",
        (),
        26,
        (
            *("LLLL-DDD", "LLL-DDDD", "LLL-DDD", "DDD-LLL", "LLD DDL", "LDD LLL"),
            *("LL DDDL",),
        ),
        overseas=True,
        free_choice=True,
    ),
    Country("CL", "Chile", ("CHILE",), 6, ("llll-DD", "ll-DDDD"), CHILE, overseas=True),
    Country(
        "CN",
        "China",
        (),
        330,
        ("L-DDDDD", "L-LDDDD", "L-LLDDD", "L-DLDDD", "L-DDDDL", "L-DDDLL", "L-LDDDDD", "L-DDDDDL"),
        overseas=True,
    ),
    Country("CO", "Colombia", (), 17, ("LLL DDD", "LLL DDL"), overseas=True),
    Country("IL", "Israel", ("IL",), 4, ("DD-DDD-DD", "DDD-DD-DDD"), overseas=True),
    Country(
        "MX",
        "Mexico",
        (),
        50,
        ("LLL-DDD-L", "LLL-DD-DD", "LDD-LLL", "DDD-LLL", "LL-DD-DDD", "LL-DDDDL"),
        overseas=True,
    ),
    Country("NZ", "New Zealand", (), 4.5, ("LLLDDD", "LLDDDD"), overseas=True),
    Country(
        "PK",
        "Pakistan",
        (),
        30,
        ("LLL DDD", "LLL DDDD", "LL DDD", "LL DDDD", "LLL DD DDDD", "LLL DD", "LL DD DDDD"),
        overseas=True,
    ),
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
