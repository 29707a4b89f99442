# ruff: noqa: E501 - tables, one row a line
"""What plates look like: Europe, the United States, Brazil, and which of all are drawn how often.

The numbers on them are of the forms in the country table (`platewire.country`), which is the one
place for forms and for the sign in the band. Only the states of the US have patterns here: the
table has the forms of the whole country. `tests/training/test_layouts.py` holds the two together.

Sizes are in millimeters, colors blue-green-red. The designs follow the countries' public rules in
general; the typefaces are the nearest free ones (`fonts`).
"""

from typing import NamedTuple

import numpy as np

from training.render.layout import (
    BLACK,
    BLUE,
    GRAY,
    GREEN,
    NAVY,
    RED,
    WHITE,
    YELLOW,
    Color,
    Layout,
    light,
    sign_of,
)
from training.render.numbers import (
    Number,
    of_choice,
    of_country,
    of_form,
    of_pattern,
    pick,
    stressed,
    weighted,
)
from training.render.overseas import OVERSEAS, foreign, invented


class Design(NamedTuple):
    """Appearance of a European country's plates."""

    weight: float
    """How often the country is drawn, against the others."""
    band: str
    between: tuple[str, ...]
    grounds: tuple[Color, ...] = (WHITE,)
    ink: Color = BLACK
    fonts: tuple[str, ...] = ("din", "wide")


EUROPE: dict[str, Design] = {
    "AL": Design(1, "blue both", ("space", "arms")),
    "AT": Design(3, "eu", ("arms", "arms", "dash")),
    "BA": Design(1, "blue", ("dash",)),
    "BE": Design(4, "eu", ("dash",), ink=RED),
    "BG": Design(2, "eu", ("space",)),
    "BY": Design(1, "flag", ("dash", "space")),
    "CH": Design(3, "", ("dot", "space", "arms")),
    "CY": Design(1, "eu", ("space", "arms")),
    "CZ": Design(4, "eu", ("seals", "seal", "space")),
    "DE": Design(12, "eu", ("seals", "seals", "seal", "space"), fonts=("mono", "din", "wide")),
    "DK": Design(2, "eu", ("space", "arms")),
    "EE": Design(1, "eu", ("space", "seal")),
    "ES": Design(8, "eu", ("space",)),
    "FI": Design(2, "eu", ("dash",)),
    "FR": Design(8, "eu both", ("dash", "space"), (WHITE, WHITE, YELLOW)),
    "GB": Design(9, "", ("space",), (WHITE, YELLOW), fonts=("wide", "din")),
    "GR": Design(2, "eu", ("dash", "seal")),
    "HR": Design(3, "eu", ("arms", "dash")),
    "HU": Design(3, "eu", ("dash", "arms", "seal")),
    "IE": Design(2, "eu", ("dash",)),
    "IS": Design(1, "flag", ("seal", "dash"), ink=BLUE),
    "IT": Design(8, "eu both", ("space", "seal")),
    "LI": Design(0.3, "", ("arms", "space"), (BLACK,), WHITE),
    "LT": Design(2, "eu", ("seals", "space")),
    "LU": Design(1, "eu", ("space",), (YELLOW,)),
    "LV": Design(1, "eu", ("dash",)),
    "MD": Design(1, "flag", ("space", "arms")),
    "ME": Design(1, "blue", ("arms", "space")),
    "MK": Design(1, "blue", ("arms", "dash")),
    "MT": Design(0.5, "eu", ("seal", "space")),
    "NL": Design(8, "eu", ("dash",), (YELLOW, YELLOW, YELLOW, WHITE)),
    "NO": Design(3, "flag", ("space", "seal")),
    "PL": Design(7, "eu", ("seal", "space")),
    "PT": Design(4, "eu", ("dash", "dot", "space")),
    "RO": Design(6, "eu", ("space",)),
    "RS": Design(2, "blue", ("arms", "dash")),
    "RU": Design(3, "", ("space",)),
    "SE": Design(4, "eu", ("space", "seal")),
    "SI": Design(2, "eu", ("arms", "dash")),
    "SK": Design(4, "eu", ("arms", "arms", "dash")),
    "TR": Design(4, "blue", ("space",)),
    "UA": Design(3, "flag", ("space",)),
}


def european(random: np.random.Generator) -> Layout:
    codes = list(EUROPE)
    code = codes[weighted([EUROPE[code].weight for code in codes], random)]
    design = EUROPE[code]
    number = of_country(code, random)
    if random.random() < 0.35:
        number = stressed(number, random)
    plain = random.random() < 0.15
    split = random.random() < 0.2 and any(char in " -." for char in number.display)
    layout = Layout(
        country=code,
        number=number,
        ground=BLACK if plain and random.random() < 0.2 else pick(design.grounds, random),
        ink=design.ink,
        fonts=pick(design.fonts, random),
        band="" if plain else design.band,
        sign=sign_of(code),
        between=design.between,
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
    """Separated by commas; see `numbers.of_pattern`. More of them than the country table has."""
    slogan: str
    ground: Color = WHITE
    ink: Color = (90, 40, 20)


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
    "TX": State("TEXAS", "AAA 1111,AAA-1111,AA1 A111", "The Lone Star State", (238, 235, 232), BLACK),
    "UT": State("UTAH", "A11 1AA,111 AAA,111AAA", "Life Elevated", (225, 225, 235), (40, 30, 50)),
    "VT": State("VERMONT", "AAA 111,111A1,AAA111", "Green Mountain State", (70, 105, 20), WHITE),
    "VA": State("VIRGINIA", "AAA-1111,AAA 1111,AAA1111", "Virginia is for Lovers", ink=NAVY),
    "WA": State("WASHINGTON", "AAA1111,111 AAA,111-AAA", "EVERGREEN STATE", (240, 230, 215), (100, 40, 20)),
    "WV": State("WEST VIRGINIA", "1AA 111,AAA 111", "Wild, Wonderful", (240, 225, 200), NAVY),
    "WI": State("WISCONSIN", "111 AAA,111-AAA,AAA 1111,AAA-1111", "America's Dairyland", (235, 235, 235), BLACK),
    "WY": State("WYOMING", "1 11111,11 11111,1-11111,1-1111AA", "", (225, 205, 185), (60, 45, 40)),
}  # fmt: skip
"""The United States, with the District of Columbia."""


def american(random: np.random.Generator) -> Layout:
    codes = list(STATES)
    code = pick(codes, random)
    state = STATES[code]
    kind = random.random()
    if kind < 0.62:
        number = of_pattern(pick(state.patterns.split(","), random), random)
    elif kind < 0.67:
        number = of_country("US", random)
    elif kind < 0.85:
        other = STATES[pick(codes, random)]
        number = of_pattern(pick(other.patterns.split(","), random), random)
    else:
        number = of_choice(random)
    if random.random() < 0.35:
        number = stressed(number, random)
    own = random.random() < 0.75
    ground = state.ground if own else light(random)
    ink = state.ink if own else pick((NAVY, BLACK, RED, GREEN, (80, 30, 70)), random)
    slogan_first = random.random() < 0.12
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
        top=_in_case(state.name, random) if not slogan_first else _in_case(state.slogan, random),
        bottom=_in_case(state.slogan, random) if random.random() < 0.75 else "",
        art=random.random() < 0.7,
        logo=pick(("left", "left", "right"), random) if random.random() < 0.16 else "",
        stickers=True,
    )


def _in_case(text: str, random: np.random.Generator) -> str:
    way = random.random()
    return text.upper() if way < 0.35 else text.title() if way < 0.5 else text


CITIES = (
    *("SP - SAO PAULO", "RJ - RIO DE JANEIRO", "MG - BELO HORIZONTE", "PR - CURITIBA"),
    *("RS - PORTO ALEGRE", "SC - JOINVILLE", "BA - SALVADOR", "PE - RECIFE", "DF - BRASILIA"),
    *("CE - FORTALEZA", "GO - GOIANIA", "SP - CAMPINAS", "ES - VITORIA", "PA - BELEM"),
    *("SP-SANTOS", "MG-UBERLANDIA", "SC-BLUMENAU", "PR-LONDRINA", "MT-CUIABA", "SP-OSASCO"),
)


MERCOSUR, BEFORE_MERCOSUR = "LLLDLDD", "LLL-DDDD"
"""Forms of Brazil; each has a design of its own."""


def brazilian(random: np.random.Generator) -> Layout:
    mercosur = random.random() < 0.25
    number = of_form("BR", MERCOSUR if mercosur else BEFORE_MERCOSUR, random)
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
        ((GRAY, BLACK), (GRAY, BLACK), (GRAY, BLACK), (GRAY, BLACK), ((40, 35, 165), WHITE),
         (WHITE, RED), (BLACK, WHITE), (WHITE, BLACK)), random,
    )  # fmt: skip
    return Layout(
        country="BR", number=number, width=width, height=height,
        cap=float(random.uniform(60, 68)) if not split else 58, ground=ground, ink=ink,
        fonts=pick(("din", "wide", "mono"), random), top=pick(CITIES, random), split=split,
        between=pick((("dot",), ("dash",), ("space",), ("dot", "dash")), random),
    )  # fmt: skip


DRAWN = frozenset({*EUROPE, *OVERSEAS, "BR", "IN", "US"})
"""Countries whose plates are rendered."""


def any_layout(random: np.random.Generator) -> Layout:
    layout = usual(random)
    if random.random() < (0.3 if layout.country in ("PK", "IN") else 0.025):
        layout = layout._replace(fonts="serif")
    if random.random() < 0.08:
        layout = layout._replace(cap=layout.cap * float(random.uniform(0.5, 0.8)))
    return layout


def usual(random: np.random.Generator) -> Layout:
    kind = random.random()
    if kind < 0.40:
        return european(random)
    if kind < 0.66:
        return american(random)
    if kind < 0.78:
        return brazilian(random)
    return foreign(random) if kind < 0.94 else invented(random)
