"""Asia from the Caucasus to the Pacific, Australia and New Zealand: plate forms, as in `tables`.

Left out are countries whose plates carry a script that the reader does not know, and no Latin text
beside it: Thailand, South Korea, Japan, Iran.

Their forms count only where a plate's looks speak for the country or the user expects it, since
several of them are also a European country's. Sources: the countries' registration rules as summed
up in the public lists of vehicle registration plates.
"""

from platewire.country.tables import Country, numbered

INDONESIAN = tuple(
    form for tail in ("L", "LL", "LLL") for form in numbered(f"<ID> {{}} {tail}", 1, 4)
)
SINGAPORE_CHECK = "ABCDEGHJKLMPRSTUXYZ"
TAIWAN = "ABCDEFGHJKLMNPQRSTUVWXYZ"
VIETNAM = "ABCDEFGHKLMNPSTUVXYZ"
ARABIC_AND_LATIN = "ABDEGHJKLNRSTUVXZ"
"""Letters of Saudi plates, which carry each in both scripts."""

ASIA_PACIFIC: tuple[Country, ...] = (
    Country(
        "AE",
        "United Arab Emirates",
        ("UAE",),
        4.5,
        (*numbered("L {}", 3, 5), *numbered("LL {}", 4, 5), *numbered("ND {}", 4, 5), "N DDDDD"),
        overseas=True,
    ),
    Country("AM", "Armenia", ("AM",), 1, ("DD LL DDD", "DDD LL DD"), overseas=True),
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
    Country("AZ", "Azerbaijan", ("AZ",), 1.7, ("DD-LL-DDD",), overseas=True),
    Country(
        "CN",
        "China",
        (),
        330,
        ("L-DDDDD", "L-LDDDD", "L-LLDDD", "L-DLDDD", "L-DDDDL", "L-DDDLL", "L-LDDDDD", "L-DDDDDL"),
        overseas=True,
    ),
    Country("GE", "Georgia", ("GE",), 1.7, ("LL-DDD-LL", "LLL-DDD"), overseas=True),
    Country("ID", "Indonesia", ("RI",), 160, INDONESIAN, overseas=True),
    Country("IL", "Israel", ("IL",), 4, ("DD-DDD-DD", "DDD-DD-DDD"), overseas=True),
    Country("KW", "Kuwait", ("KWT",), 2.4, ("N DDDDD", "ND DDDDD", "ND DDDD"), overseas=True),
    Country(
        "KZ",
        "Kazakhstan",
        ("KZ",),
        5,
        ("DDD LLL <KZ>", "DDD LL <KZ>", "L DDD LLL"),
        overseas=True,
    ),
    Country(
        "MY",
        "Malaysia",
        ("MAL",),
        36,
        (
            *numbered("LLL {}", 1, 4),
            *numbered("LL {}", 1, 4),
            *numbered("'W'L {} L", 1, 4),
            *numbered("[SQ]LL {} L", 1, 4),
        ),
        overseas=True,
    ),
    Country("NZ", "New Zealand", (), 4.5, ("LLLDDD", "LLDDDD"), overseas=True),
    Country("PH", "Philippines", ("RP",), 14, ("LLL DDDD", "LLL DDD", "DDD LLL"), overseas=True),
    Country(
        "PK",
        "Pakistan",
        (),
        30,
        ("LLL DDD", "LLL DDDD", "LL DDD", "LL DDDD", "LLL DD DDDD", "LLL DD", "LL DD DDDD"),
        overseas=True,
    ),
    Country("QA", "Qatar", ("Q",), 1.8, numbered("{}", 4, 6), overseas=True),
    Country(
        "SA",
        "Saudi Arabia",
        ("KSA",),
        15,
        ("DDDD lll", *numbered("{} lll", 1, 3)),
        ARABIC_AND_LATIN,
        overseas=True,
    ),
    Country(
        "SG",
        "Singapore",
        ("SGP",),
        1,
        (
            *numbered("'S'LL {} l", 1, 4),
            *numbered("[GPXY]L {} l", 1, 4),
            *numbered("'F'LL {} l", 1, 4),
        ),
        SINGAPORE_CHECK,
        overseas=True,
    ),
    Country(
        "TW",
        "Taiwan",
        ("RC",),
        23,
        ("lll-DDDD", "DDDD-ll", "ll-DDDD", "lll-DDD"),
        TAIWAN,
        overseas=True,
    ),
    Country(
        "VN",
        "Vietnam",
        ("VN",),
        75,
        ("<VN>l-DDD.DD", "<VN>l-DDDD", "<VN>-lN DDD.DD", "<VN>-lN DDDD", "<VN>-ll DDD.DD"),
        VIETNAM,
        overseas=True,
    ),
)
