"""The countries and their plate forms, as data; how a mask is written stands in `masks`.

Here are Europe and its neighbors, India, Brazil and the United States; `americas`, `asia_pacific`
and `africa` have others.

Forms in use on the road today, the usual ones of cars and lorries; personal, diplomatic, military
and trailer plates are left out unless they share a form. A form that has become rare is marked
`~`. The sources are the countries' own registration rules. `band` is the distinguishing sign of
the blue band or oval (UN Convention on Road Traffic, annex 3), as the recognizer may read it in
front of the text.
"""

from msgspec import Struct

RARE = "~"
"""Stands in front of a form that few plates on the road have."""
ALL = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
GREEK = "ABEHIKMNOPTXYZ"
CYRILLIC = "ABCEHKMOPTXY"


class Country(Struct, frozen=True):
    code: str
    """ISO 3166-1 alpha-2."""
    name: str
    band: tuple[str, ...]
    millions: float
    """Vehicles registered, roughly, around 2023; how likely a plate is from here at all."""
    masks: tuple[str, ...]
    letters: str = ALL
    """What `l` stands for in the masks."""
    region_is_code: bool = False
    """Whether the code from a mask's list is the region, as in ISO 3166-2."""
    regions: dict[str, str] = {}
    """Masks of one region only, and that region."""
    overseas: bool = False
    """Whether its forms count only where a plate's looks or the user speak for it."""
    free_choice: bool = False
    """Whether owners often choose the text of their plates, so that a text need have no form."""


def numbered(form: str, shortest: int, longest: int) -> tuple[str, ...]:
    """Forms with a number of `shortest` to `longest` digits at `{}`; the first digit is not 0."""
    return tuple(form.format("N" + "D" * (digits - 1)) for digits in range(shortest, longest + 1))


NEAR: tuple[Country, ...] = (
    Country("AL", "Albania", ("AL",), 0.8, ("ll DDD ll",), "ABCDEFGHJKLMNPRSTVXYZ"),
    Country(
        "AT",
        "Austria",
        ("A",),
        7.3,
        (
            *("<AT1>-NDDDL", "<AT1>-NDDDDL", "<AT1>-NDDLL", "<AT1>-NDDDLL", "<AT1>-NDLLL"),
            *("<AT2>-NDDL", "<AT2>-NDDLL", "<AT2>-NDDDL", "<AT2>-NDLL", "<AT2>-NLLL"),
        ),
    ),
    Country("BA", "Bosnia and Herzegovina", ("BIH",), 1.2, ("lDD-l-DDD",), "AEJKMOT"),
    Country("BE", "Belgium", ("B",), 7.5, ("[12]-LLL-DDD", "LLL-DDD", "DDD-LLL")),
    Country("BG", "Bulgaria", ("BG",), 3.6, ("<BG> DDDD ll",), "ABCEHKMOPTXY"),
    Country("BR", "Brazil", ("BR",), 120, ("LLL-DDDD", "LLLDLDD")),
    Country(
        "BY", "Belarus", ("BY",), 4, ("DDDD ll-[01234567]", "ll DDDD-[01234567]"), "ABCEHIKMOPTX"
    ),
    Country(
        "CH",
        "Switzerland",
        ("CH",),
        6.5,
        ("<CH> NDDDDD", "<CH> NDDDD", "<CH> NDDD", "<CH> NDD", "~<CH> ND", "~<CH> N"),
        region_is_code=True,
    ),
    Country("CY", "Cyprus", ("CY",), 0.8, ("lll DDD",), "ABEHIKMNPTXYZ"),
    Country(
        "CZ",
        "Czechia",
        ("CZ",),
        8.5,
        (
            "[123456789][ABCEHJKLMPSTUZ]D DDDD",
            "[123456789][ABCEHJKLMPSTUZ]l DDDD",
            "'EL' DDD ll",
        ),
        "ABCDEFHIJKLMNPRSTUVXYZ",
    ),
    Country(
        "DE",
        "Germany",
        ("D",),
        60,
        (
            *("<DE1>-L ND", "<DE1>-L NDD", "<DE1>-L NDDD"),
            *("<DE1>-LL ND", "<DE1>-LL NDD", "<DE1>-LL NDDD"),
            *("<DE2>-L N", "<DE2>-L ND", "<DE2>-L NDD", "<DE2>-L NDDD"),
            *("<DE2>-LL N", "<DE2>-LL ND", "<DE2>-LL NDD", "<DE2>-LL NDDD"),
            *("<DE3>-L N", "<DE3>-L ND", "<DE3>-L NDD", "<DE3>-L NDDD"),
            *("<DE3>-LL N", "<DE3>-LL ND", "<DE3>-LL NDD"),
            *("<DE1>-LL NDD[EH]", "<DE1>-LL NDDD[EH]", "<DE2>-LL NDD[EH]", "<DE2>-L NDD[EH]"),
        ),
    ),
    Country("DK", "Denmark", ("DK",), 3.5, ("ll ND DDD",), "ABCDEHJKLMNOPRSTUVXYZ"),
    Country("EE", "Estonia", ("EST",), 1, ("DDD LLL", "~DD LLL")),
    Country(
        "ES",
        "Spain",
        ("E",),
        34,
        ("DDDD lll", "<ES>-DDDD-LL", "'E' DDDD lll"),
        "BCDFGHJKLMNPRSTVWXYZ",
    ),
    Country("FI", "Finland", ("FIN",), 4.5, ("LLL-DDD", "~LLL-DD", "~LL-DDD")),
    Country(
        "FR",
        "France",
        ("F",),
        47,
        ("ll-DDD-ll", "DDDD ll <FR>", "DDD lll <FR>", "DDD ll <FR>", "DDDD l <FR>"),
        "ABCDEFGHJKLMNPQRSTVWXYZ",
    ),
    Country(
        "GB",
        "United Kingdom",
        ("GB", "UK"),
        41,
        (
            "[ABCDEFGHJKLMNOPRSTUVWXY]l<GB2> lll",
            *("lNDD lll", "lND lll", "lN lll", "~lll NDDl", "~lll NDl", "~lll Nl"),
            "l<GB> NDDD",
        ),
        "ABCDEFGHJKLMNOPRSTUVWXYZ",
    ),
    Country("GR", "Greece", ("GR",), 8.5, ("lll-DDDD",), GREEK),
    Country(
        "HR", "Croatia", ("HR",), 2.4, ("<HR> DDD-LL", "<HR> DDDD-LL", "<HR> DDD-L", "<HR> DDDD-L")
    ),
    Country("HU", "Hungary", ("H",), 5.2, ("LLL-DDD", "'A'[ABCD] LL-DDD")),
    Country(
        "IE",
        "Ireland",
        ("IRL",),
        3,
        tuple(
            f"<{year}>-<{county}>-N{'D' * digits}"
            for year, counties in (("IE_YEAR", ("IE1", "IE2")), ("IE_OLD", ("IE1", "IE2")))
            for county in counties
            for digits in range(1, 6)
        ),
    ),
    Country(
        "IN",
        "India",
        ("IND",),
        350,
        (
            "<IN> DD L DDDD",
            "<IN> D L DDDD",
            "<IN> DD LL DDDD",
            "<IN> D LL DDDD",
            "<IN> DD LLL DDDD",
            *("~<IN> DD L NDD", "~<IN> DD L ND", "~<IN> DD L N"),
            *("~<IN> DD LL NDD", "~<IN> DD LL ND", "~<IN> DD LL N"),
        ),
        region_is_code=True,
    ),
    Country("IS", "Iceland", ("IS",), 0.4, ("LL-LDD", "LL-DDD")),
    Country("IT", "Italy", ("I",), 53, ("ll DDDll",), "ABCDEFGHJKLMNPRSTVWXYZ"),
    Country("LI", "Liechtenstein", ("FL",), 0.05, ("'FL' NDDDD", "'FL' NDDD", "'FL' NDD")),
    Country("LT", "Lithuania", ("LT",), 2, ("lll DDD",), "ABCDEFGHIJKLMNOPRSTUVYZ"),
    Country("LU", "Luxembourg", ("L",), 0.6, ("LL DDDD",)),
    Country("LV", "Latvia", ("LV",), 1, ("LL-DDDD", "LL-DDD")),
    Country("MD", "Moldova", ("MD",), 1.1, ("lll DDD", "<MD> ll DDD"), "ABCDEFGHIJKLMNOPRSTUVXYZ"),
    Country("ME", "Montenegro", ("MNE",), 0.3, ("<ME> LLDDD",)),
    Country("MK", "North Macedonia", ("NMK", "MK"), 0.6, ("<MK> DDDD-LL", "<MK> DDD-LL")),
    Country("MT", "Malta", ("M",), 0.4, ("LLL DDD",)),
    Country(
        "NL",
        "Netherlands",
        ("NL",),
        12,
        (
            *("ll-DD-DD", "DD-DD-ll", "DD-ll-DD", "ll-DD-ll", "ll-ll-DD", "DD-ll-ll"),
            *("DD-lll-D", "D-lll-DD", "ll-DDD-l", "l-DDD-ll", "lll-DD-l", "l-DD-lll"),
            *("D-ll-DDD", "DDD-ll-D"),
        ),
        "BDFGHJKLMNPRSTVWXZ",
    ),
    Country("NO", "Norway", ("N",), 3.8, ("<NO> NDDDD",)),
    Country(
        "PL",
        "Poland",
        ("PL",),
        33,
        (
            *("<PL2> DDDDD", "<PL2> DDDDl", "<PL2> DDDll", "<PL2> DlDDD", "<PL2> DllDD"),
            *("<PL3> lDDD", "<PL3> DDll", "<PL3> DlDD", "<PL3> DDlD", "<PL3> DllD", "<PL3> llDD"),
            *("<PL3> DDDDD", "<PL3> DDDDl", "<PL3> DDDll"),
        ),
        "ACEFGHJKLMNPRSTUVWXY",
    ),
    Country("PT", "Portugal", ("P",), 7.5, ("LL-DD-LL", "DD-LL-DD", "DD-DD-LL", "LL-DD-DD")),
    Country(
        "RO",
        "Romania",
        ("RO",),
        9.8,
        ("<RO> DD lll", "'B' DDD lll", "'B' DD lll", "~<RO> DDDDDD", "~'B' DDDDDD"),
        "ABCDEFGHIJKLMNOPRSTUVWXYZ",
        region_is_code=True,
    ),
    Country("RS", "Serbia", ("SRB",), 2.8, ("<RS> DDD-LL", "<RS> DDDD-LL")),
    Country("RU", "Russia", ("RUS",), 60, ("l DDD ll DD", "l DDD ll [1279]DD"), CYRILLIC),
    Country("SE", "Sweden", ("S",), 6, ("lll DDD", "lll DDl"), "ABCDEFGHJKLMNOPRSTUWXYZ"),
    Country("SI", "Slovenia", ("SLO",), 1.5, ("<SI> LL-DDD", "<SI> DL-DDD", "<SI> LD-DDD")),
    Country("SK", "Slovakia", ("SK",), 3.3, ("<SK>-DDDLL", "~LL-DDDLL")),
    Country(
        "TR",
        "Turkey",
        ("TR",),
        31,
        (
            "<TR> l DDDD",
            "<TR> l DDDDD",
            "<TR> ll DDD",
            "<TR> ll DDDD",
            "<TR> lll DD",
            "<TR> lll DDD",
        ),
        "ABCDEFGHIJKLMNOPRSTUVYZ",
        region_is_code=True,
    ),
    Country("UA", "Ukraine", ("UA",), 11, ("<UA> DDDD ll", "~DDDDDll"), "ABCEHIKMOPTX"),
    Country(
        "US",
        "United States",
        (),
        290,
        (
            *("LLL-DDDD", "LLL DDD", "DDD LLL", "~LLLL-DD", "~DLLLDDD", "~LDD-LLL", "~DDD-LLLL"),
            *("~DLL-DDDD", "~LL-DDDDD", "~LLL-DDL", "~LLLDLDD", "~DLL DDD", "~LL DDDD", "~DDLLLD"),
        ),
        regions={"~DLLLDDD": "CA", "~LDD-LLL": "NJ"},
        free_choice=True,
    ),
)
