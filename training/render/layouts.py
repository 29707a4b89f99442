# ruff: noqa: E501 - tables, one row a line
"""Which plates there are: sizes, colours, bands, what stands between the characters, as data.

Sizes are in millimetres, colours blue-green-red. The layouts follow the countries' public rules in
general form; the typefaces are the nearest free ones (`fonts`).
"""

from typing import NamedTuple

import numpy as np

from training.render.numbers import (
    Number,
    of_country,
    of_pattern,
    of_wish,
    pick,
    stressed,
    weighted,
)

Color = tuple[int, int, int]
WHITE = (238, 240, 240)
YELLOW = (40, 195, 245)
BLACK = (22, 22, 24)
RED = (35, 30, 190)
BLUE = (140, 50, 20)
GREEN = (60, 110, 10)
GREY = (165, 165, 165)


class Layout(NamedTuple):
    country: str
    number: Number
    width: int = 520
    height: int = 110
    cap: float = 75
    ground: Color = WHITE
    ink: Color = BLACK
    fonts: str = "din"
    band: str = ""
    """`eu`, `blue`, `flag`; with ` both` where one stands at the right as well."""
    sign: str = ""
    """The country's sign in the band."""
    between: tuple[str, ...] = ("space",)
    """What may stand in a gap: space, dash, dot, seal, seals, arms, emblem."""
    region: str | None = None
    top: str = ""
    bottom: str = ""
    art: bool = False
    """Pictures and gradients behind the characters."""
    split: bool = False
    """Two lines."""
    stripe: bool = False
    """A coloured stripe along the top, as in the Mercosur."""
    logo: str = ""
    """`left` or `right`: a club's or a cause's picture beside the number."""
    stickers: bool = False
    """Stickers in the corners are usual."""


class Home(NamedTuple):
    """How a European country's plates look."""

    weight: float
    sign: str
    band: str
    between: tuple[str, ...]
    grounds: tuple[Color, ...] = (WHITE,)
    ink: Color = BLACK
    fonts: tuple[str, ...] = ("din", "wide")
    arms_first: bool = False


HOMES: dict[str, Home] = {
    "AL": Home(1, "AL", "blue both", ("space", "arms")),
    "AT": Home(3, "A", "eu", ("arms", "arms", "dash")),
    "BA": Home(1, "BIH", "blue", ("dash",)),
    "BE": Home(4, "B", "eu", ("dash",), ink=RED),
    "BG": Home(2, "BG", "eu", ("space",)),
    "BY": Home(1, "BY", "flag", ("dash", "space")),
    "CH": Home(3, "", "", ("dot", "space", "arms"), arms_first=True),
    "CY": Home(1, "CY", "eu", ("space", "arms")),
    "CZ": Home(4, "CZ", "eu", ("seals", "seal", "space")),
    "DE": Home(12, "D", "eu", ("seals", "seals", "seal", "space"), fonts=("mono", "din", "wide")),
    "DK": Home(2, "DK", "eu", ("space", "arms")),
    "EE": Home(1, "EST", "eu", ("space", "seal")),
    "ES": Home(8, "E", "eu", ("space",)),
    "FI": Home(2, "FIN", "eu", ("dash",)),
    "FR": Home(8, "F", "eu both", ("dash", "space"), (WHITE, WHITE, YELLOW)),
    "GB": Home(9, "GB", "", ("space",), (WHITE, YELLOW), fonts=("wide", "din")),
    "GR": Home(2, "GR", "eu", ("dash", "seal")),
    "HR": Home(3, "HR", "eu", ("arms", "dash")),
    "HU": Home(3, "H", "eu", ("dash", "arms", "seal")),
    "IE": Home(2, "IRL", "eu", ("dash",)),
    "IS": Home(1, "IS", "flag", ("seal", "dash"), ink=BLUE),
    "IT": Home(8, "I", "eu both", ("space", "seal")),
    "LI": Home(0.3, "FL", "", ("arms", "space"), (BLACK,), WHITE),
    "LT": Home(2, "LT", "eu", ("seals", "space")),
    "LU": Home(1, "L", "eu", ("space",), (YELLOW,)),
    "LV": Home(1, "LV", "eu", ("dash",)),
    "MD": Home(1, "MD", "flag", ("space", "arms")),
    "ME": Home(1, "MNE", "blue", ("arms", "space")),
    "MK": Home(1, "NMK", "blue", ("arms", "dash")),
    "MT": Home(0.5, "M", "eu", ("seal", "space")),
    "NL": Home(8, "NL", "eu", ("dash",), (YELLOW, YELLOW, YELLOW, WHITE)),
    "NO": Home(3, "N", "flag", ("space", "seal")),
    "PL": Home(7, "PL", "eu", ("seal", "space")),
    "PT": Home(4, "P", "eu", ("dash", "dot", "space")),
    "RO": Home(6, "RO", "eu", ("space",)),
    "RS": Home(2, "SRB", "blue", ("arms", "dash")),
    "RU": Home(3, "", "", ("space",)),
    "SE": Home(4, "S", "eu", ("space", "seal")),
    "SI": Home(2, "SLO", "eu", ("arms", "dash")),
    "SK": Home(4, "SK", "eu", ("arms", "arms", "dash")),
    "TR": Home(4, "TR", "blue", ("space",)),
    "UA": Home(3, "UA", "flag", ("space",)),
}


def european(random: np.random.Generator) -> Layout:
    codes = list(HOMES)
    code = codes[weighted([HOMES[code].weight for code in codes], random)]
    home = HOMES[code]
    number = of_country(code, random)
    if random.random() < 0.35:
        number = stressed(number, random)
    plain = random.random() < 0.15
    split = random.random() < 0.2 and any(char in " -." for char in number.display)
    layout = Layout(
        country=code,
        number=number,
        ground=BLACK if plain and random.random() < 0.2 else pick(home.grounds, random),
        ink=home.ink,
        fonts=pick(home.fonts, random),
        band="" if plain else home.band,
        sign=home.sign,
        between=home.between,
        split=split,
    )
    if layout.ground == BLACK:
        layout = layout._replace(ink=WHITE)
    if code == "GB" and random.random() < 0.4:
        layout = layout._replace(band=pick(("eu", "flag"), random))
    if code == "BE" and random.random() < 0.1:
        layout = layout._replace(ink=BLACK)
    return sized(layout, random)


def sized(layout: Layout, random: np.random.Generator) -> Layout:
    if layout.split:
        width, height = pick(((280, 200), (340, 200), (340, 220), (240, 130), (180, 180)), random)
        return layout._replace(width=width, height=height, cap=height * 0.36)
    if layout.country in ("CH", "IT", "LI", "BA") and random.random() < 0.3:
        return layout._replace(width=pick((300, 360), random), height=100, cap=62)
    return layout._replace(width=int(random.uniform(470, 530)), cap=float(random.uniform(66, 84)))


class State(NamedTuple):
    name: str
    patterns: str
    """Separated by commas; see `numbers.of_pattern`."""
    slogan: str
    ground: Color = WHITE
    ink: Color = (90, 40, 20)


NAVY = (100, 40, 20)
STATES: dict[str, State] = {
    "AL": State("ALABAMA", "1A11A11,1A1111A,11AA111", "Sweet Home", (235, 225, 210), BLACK),
    "AK": State("ALASKA", "AAA 111", "The Last Frontier", YELLOW, BLUE),
    "AZ": State("ARIZONA", "AAA 1111,AAA1111,111 AAA", "Grand Canyon State", (200, 190, 225), (70, 50, 20)),
    "AR": State("ARKANSAS", "111 AAA,AAA 11A", "The Natural State", ink=BLUE),
    "CA": State("California", "1AAA111,1AAA111,1A11111,AAA111", "dmv.ca.gov", ink=BLUE),
    "CO": State("COLORADO", "AAA 111,111 AAA,AAA-A11", "", (90, 120, 40), WHITE),
    "CT": State("CONNECTICUT", "111 AAA,111-AAA,AA 11111", "Constitution State", (230, 205, 170), NAVY),
    "DE": State("DELAWARE", "111111,11111,PC 111111", "The First State", (100, 55, 20), (60, 190, 235)),
    "DC": State("WASHINGTON, DC", "AA 1111,AA-1111", "TAXATION WITHOUT REPRESENTATION", ink=BLUE),
    "FL": State("FLORIDA", "AAA A11,A11 1AA,111 1AA,AAAA11", "SUNSHINE STATE", (230, 240, 238), (50, 90, 10)),
    "GA": State("GEORGIA", "AAA 1111,AAA1111,111 AAA", "", (205, 225, 235), BLACK),
    "HI": State("HAWAII", "AAA 111", "Aloha State", ink=BLACK),
    "ID": State("IDAHO", "1A A1111,A 111111,1A 11111", "Famous Potatoes", (215, 200, 215), NAVY),
    "IL": State("ILLINOIS", "A11 1111,111 1111,AA 11111,A1 11111", "Land of Lincoln", (235, 230, 222), RED),
    "IN": State("INDIANA", "111AAA,111 AAA,11A1111,1111AA", "Back Home Again", (225, 215, 190), NAVY),
    "IA": State("IOWA", "111 AAA,AAA 111", "POLK", (235, 220, 190), (60, 40, 20)),
    "KS": State("KANSAS", "111 AAA,AAA 111", "", (225, 195, 165), NAVY),
    "KY": State("KENTUCKY", "111 AAA,AAA 111", "Bluegrass State", (240, 215, 190), NAVY),
    "LA": State("LOUISIANA", "AAA 111,111 AAA", "Sportsman's Paradise", (225, 225, 225), NAVY),
    "ME": State("MAINE", "1111 AA,1111AA", "Vacationland", (225, 235, 225), (50, 50, 30)),
    "MD": State("MARYLAND", "1AA1111,1AA 1111,AAA 111,A 111111", "maryland.gov", ink=BLACK),
    "MA": State("MASSACHUSETTS", "111 AA1,1111 AA,11A A11,111 AAA,1AA 111", "The Spirit of America", ink=RED),
    "MI": State("MICHIGAN", "AAA 1111,1AAA11,AAA111", "Great Lakes", (240, 235, 225), NAVY),
    "MN": State("MINNESOTA", "111 AAA,AAA 111,111-AAA", "10,000 lakes", (230, 210, 180), NAVY),
    "MS": State("MISSISSIPPI", "AAA 111,111 AAA", "HINDS", (215, 225, 215), (90, 50, 30)),
    "MO": State("MISSOURI", "AA1 A1A,111 AAA", "SHOW-ME STATE", (235, 220, 205), NAVY),
    "MT": State("MONTANA", "1-11111A,11-1111A,1 11111A,111111A", "BIG SKY COUNTRY", (200, 150, 110), WHITE),
    "NE": State("NEBRASKA", "AAA 111,1-A1111,11-A111", "nebraska.gov", (225, 225, 230), BLACK),
    "NV": State("NEVADA", "11A 111,111 AAA,111-AAA", "The Silver State", (225, 210, 195), NAVY),
    "NH": State("NEW HAMPSHIRE", "111 1111,111 111", "Live Free or Die", (215, 230, 220), (50, 80, 20)),
    "NJ": State("NEW JERSEY", "A11 AAA,AAA 11A,AAA11A", "Garden State", (150, 225, 240), BLACK),
    "NM": State("NEW MEXICO", "AAA 111,111 AAA,AAAA11", "Land of Enchantment", (50, 195, 235), RED),
    "NY": State("NEW YORK", "AAA 1111,AAA1111,AAA-1111", "EMPIRE STATE", (60, 180, 235), NAVY),
    "NC": State("NORTH CAROLINA", "AAA 1111,AAA-1111,AAA1111", "First in Flight", (240, 235, 230), (110, 50, 20)),
    "ND": State("NORTH DAKOTA", "AAA 111,111 AAA", "Peace Garden State", (215, 205, 195), (60, 40, 30)),
    "OH": State("OHIO", "AAA 1111,AAA1111,AA11AA", "Birthplace of Aviation", (235, 230, 230), NAVY),
    "OK": State("OKLAHOMA", "AAA 111,111 AAA,AAA-111", "NATIVE AMERICA", (235, 230, 225), (40, 60, 20)),
    "OR": State("OREGON", "111 AAA,AAA 111", "Pacific Wonderland", (225, 205, 205), (110, 40, 40)),
    "PA": State("PENNSYLVANIA", "AAA 1111,AAA-1111,AAA1111", "visitPA.com", (240, 240, 235), NAVY),
    "RI": State("Rhode Island", "111-111,AA-111,11111", "Ocean State", (240, 230, 215), NAVY),
    "SC": State("South Carolina", "AAA 111,111 AAA", "Smiling Faces. Beautiful Places.", (230, 225, 215), (60, 40, 30)),
    "SD": State("SOUTH DAKOTA", "1AA 111,11A A11,1AA 11A", "Great Faces. Great Places.", (225, 205, 195), (110, 45, 25)),
    "TN": State("TENNESSEE", "A11 11A,111 AAA,AAA 111", "The Volunteer State", (205, 225, 215), (60, 80, 15)),
    "TX": State("TEXAS", "AAA 1111,AAA-1111,AA1 A111,A11 AAA", "The Lone Star State", (238, 235, 232), BLACK),
    "UT": State("UTAH", "A11 1AA,111 AAA,111AAA", "Life Elevated", (225, 225, 235), (40, 30, 50)),
    "VT": State("VERMONT", "AAA 111,111A1,AAA111", "Green Mountain State", (70, 105, 20), WHITE),
    "VA": State("VIRGINIA", "AAA-1111,AAA 1111,AAA1111", "Virginia is for Lovers", ink=NAVY),
    "WA": State("WASHINGTON", "AAA1111,111 AAA,111-AAA", "EVERGREEN STATE", (240, 230, 215), (100, 40, 20)),
    "WV": State("WEST VIRGINIA", "1AA 111,AAA 111", "Wild, Wonderful", (240, 225, 200), NAVY),
    "WI": State("WISCONSIN", "111 AAA,111-AAA,AAA 1111,AAA-1111", "America's Dairyland", (235, 235, 235), BLACK),
    "WY": State("WYOMING", "1 11111,11 11111,1-11111,1-1111AA", "", (225, 205, 185), (60, 45, 40)),
}  # fmt: skip
"""The United States; the District of Columbia as one of them."""


def american(random: np.random.Generator) -> Layout:
    codes = list(STATES)
    code = pick(codes, random)
    state = STATES[code]
    kind = random.random()
    if kind < 0.62:
        number = of_pattern(pick(state.patterns.split(","), random), random)
    elif kind < 0.85:
        other = STATES[pick(codes, random)]
        number = of_pattern(pick(other.patterns.split(","), random), random)
    else:
        number = of_wish(random)
    if random.random() < 0.35:
        number = stressed(number, random)
    own = random.random() < 0.75
    ground = state.ground if own else _light(random)
    ink = state.ink if own else pick((NAVY, BLACK, RED, GREEN, (80, 30, 70)), random)
    wish_first = random.random() < 0.12
    return Layout(
        country="US",
        region=code,
        number=number,
        width=305,
        height=int(random.uniform(145, 160)),
        cap=float(random.uniform(58, 82)),
        ground=ground,
        ink=ink,
        fonts=pick(("din", "din", "wide", "mono"), random),
        between=pick(
            (("space",), ("dash",), ("dot",), ("arms",), ("emblem",), ("space", "seal")), random
        ),
        top=_in_case(state.name, random) if not wish_first else _in_case(state.slogan, random),
        bottom=_in_case(state.slogan, random) if random.random() < 0.75 else "",
        art=random.random() < 0.7,
        logo=pick(("left", "left", "right"), random) if random.random() < 0.16 else "",
        stickers=True,
    )


def _light(random: np.random.Generator) -> Color:
    blue, green, red = (int(value) for value in random.integers(170, 245, 3))
    return blue, green, red


def _in_case(text: str, random: np.random.Generator) -> str:
    way = random.random()
    return text.upper() if way < 0.35 else text.title() if way < 0.5 else text


CITIES = (
    *("SP - SAO PAULO", "RJ - RIO DE JANEIRO", "MG - BELO HORIZONTE", "PR - CURITIBA"),
    *("RS - PORTO ALEGRE", "SC - JOINVILLE", "BA - SALVADOR", "PE - RECIFE", "DF - BRASILIA"),
    *("CE - FORTALEZA", "GO - GOIANIA", "SP - CAMPINAS", "ES - VITORIA", "PA - BELEM"),
    *("SP-SANTOS", "MG-UBERLANDIA", "SC-BLUMENAU", "PR-LONDRINA", "MT-CUIABA", "SP-OSASCO"),
)


def brazilian(random: np.random.Generator) -> Layout:
    mercosur = random.random() < 0.25
    number = of_pattern("AAA1A11" if mercosur else "AAA-1111", random)
    if random.random() < 0.35:
        number = stressed(number, random)
    split = random.random() < 0.24
    width, height = (200, 170) if split else (400, 130)
    if mercosur:
        if split:
            number = Number(number.display[:3] + " " + number.display[3:])
        ink = pick((BLACK, BLACK, RED, BLUE), random)
        return Layout(
            country="BR", number=number, width=width, height=height, cap=65 if not split else 56,
            ink=ink, fonts=pick(("mono", "din"), random), top="BRASIL", stripe=True, split=split,
        )  # fmt: skip
    ground, ink = pick(
        ((GREY, BLACK), (GREY, BLACK), (GREY, BLACK), (GREY, BLACK), ((40, 35, 165), WHITE),
         (WHITE, RED), (BLACK, WHITE), (WHITE, BLACK)), random,
    )  # fmt: skip
    return Layout(
        country="BR", number=number, width=width, height=height,
        cap=float(random.uniform(60, 68)) if not split else 58, ground=ground, ink=ink,
        fonts=pick(("din", "wide", "mono"), random), top=pick(CITIES, random), split=split,
        between=pick((("dot",), ("dash",), ("space",), ("dot", "dash")), random),
    )  # fmt: skip


ABROAD: dict[str, tuple[str, tuple[int, int], tuple[Color, ...], tuple[str, ...]]] = {
    "AU": ("AAA 111,1AA 1AA,AA 11 AA,111 AAA", (372, 134), (WHITE, YELLOW), ("NSW", "VICTORIA", "QUEENSLAND")),
    "NZ": ("AAA111,AA1111", (360, 125), (WHITE,), ("",)),
    "ZA": ("AA 11 AA GP,AAA 111 GP,CA 111 111,ND 111 111", (440, 120), (WHITE, YELLOW), ("",)),
    "MX": ("AAA-11-11,AAA-111-A,A11-AAA,AA-11-111", (300, 150), (WHITE,), ("MEXICO", "JALISCO", "DISTRITO FEDERAL")),
    "AR": ("AAA 111,AA 111 AA", (400, 130), (BLACK, WHITE), ("ARGENTINA",)),
    "CL": ("AAAA 11,AA 1111,AAAA-11", (360, 130), (WHITE,), ("CHILE",)),
    "CO": ("AAA 111,AAA-111", (330, 160), (YELLOW, YELLOW, WHITE), ("BOGOTA D.C.", "MEDELLIN", "CALI")),
    "CA": ("AAAA 111,AAA 111,AAA-1111,AA1 11A,111 AAA", (305, 152), (WHITE,), ("ONTARIO", "Québec", "ALBERTA", "British Columbia", "MANITOBA")),
    "IL": ("11-111-11,111-11-111", (520, 110), (YELLOW,), ("",)),
    "PK": ("AAA 111,AAA-1111,AA 111,AAA 1111,AA-1111", (350, 150), (WHITE, WHITE, YELLOW, BLACK), ("", "PUNJAB", "SINDH", "ICT-ISLAMABAD")),
    "CN": ("A-11111,A-A1111,A 1A111", (440, 140), ((160, 60, 20), (160, 60, 20), YELLOW), ("",)),
}  # fmt: skip
"""Other continents, in general forms; China's without its province's sign."""


def foreign(random: np.random.Generator) -> Layout:
    if random.random() < 0.25:
        number = of_country("IN", random)
        split = random.random() < 0.35
        return Layout(
            country="IN", number=number, width=500 if not split else 340, split=split,
            height=120 if not split else 200, cap=72, ground=pick((WHITE, YELLOW), random),
            fonts=pick(("wide", "din"), random), band=pick(("", "", "flag"), random), sign="IND",
        )  # fmt: skip
    code = pick(list(ABROAD), random)
    patterns, (width, height), grounds, tops = ABROAD[code]
    ground = pick(grounds, random)
    dark = sum(ground) < 300
    return Layout(
        country=code, number=of_pattern(pick(patterns.split(","), random), random),
        width=width, height=height, cap=height * float(random.uniform(0.45, 0.58)), ground=ground,
        ink=WHITE if dark else pick((BLACK, BLACK, NAVY, GREEN), random),
        fonts=pick(("wide", "din", "mono"), random), top=pick(tops, random),
        between=("space", "dash", "dot"), art=code in ("CA", "MX") and random.random() < 0.5,
    )  # fmt: skip


def any_layout(random: np.random.Generator) -> Layout:
    layout = usual(random)
    if random.random() < (0.3 if layout.country in ("PK", "IN") else 0.025):
        layout = layout._replace(fonts="serif")
    if random.random() < 0.08:
        layout = layout._replace(cap=layout.cap * float(random.uniform(0.5, 0.8)))
    return layout


def usual(random: np.random.Generator) -> Layout:
    kind = random.random()
    if kind < 0.44:
        return european(random)
    if kind < 0.74:
        return american(random)
    return brazilian(random) if kind < 0.90 else foreign(random)
