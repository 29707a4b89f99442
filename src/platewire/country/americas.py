"""North and South America without Brazil and the United States: plate forms, as data like `tables`.

Their forms count only where a plate's looks speak for the country or the user expects it, since
several of them are also a European country's. Sources: the countries' registration rules as summed
up in the public lists of vehicle registration plates.
"""

from platewire.country.tables import Country

CHILE = "BCDFGHJKLPRSTVWXYZ"
COSTA_RICA = "BCDFGHJKLMNPQRSTVWXYZ"

AMERICAS: tuple[Country, ...] = (
    Country("AR", "Argentina", (), 15, ("LLL DDD", "LL DDD LL"), overseas=True),
    Country("BO", "Bolivia", ("BOL",), 2.4, ("DDDD LLL", "DDD LLL"), overseas=True),
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
    Country("CO", "Colombia", (), 17, ("LLL DDD", "LLL DDL"), overseas=True),
    Country("CR", "Costa Rica", ("CR",), 2, ("lll-DDD", "DDDDDD"), COSTA_RICA, overseas=True),
    Country("EC", "Ecuador", ("EC",), 2.8, ("LLL-DDDD", "LLL-DDD", "LLDDDL"), overseas=True),
    Country("GY", "Guyana", ("GUY",), 0.4, ("[PGHBCDTWZ]LL DDDD",), overseas=True),
    Country(
        "MX",
        "Mexico",
        (),
        50,
        ("LLL-DDD-L", "LLL-DD-DD", "LDD-LLL", "DDD-LLL", "LL-DD-DDD", "LL-DDDDL"),
        overseas=True,
    ),
    Country("PE", "Peru", ("PE",), 5, ("LLL-DDD", "LDL-DDD", "DDDD-LL"), overseas=True),
    Country("PY", "Paraguay", ("PY",), 2.8, ("LLLL DDD", "LLL DDD", "DDD LLLL"), overseas=True),
    Country("SR", "Suriname", ("SME",), 0.3, ("'P'L DD-DD", "'P' DD-DD"), overseas=True),
    Country("UY", "Uruguay", ("UY",), 2.6, ("[ABCDEFGHIJKLMNOPQRS]LL DDDD",), overseas=True),
    Country("VE", "Venezuela", ("YV",), 5, ("LL DDD LL", "LDD LL DL", "LLL DDL"), overseas=True),
)
