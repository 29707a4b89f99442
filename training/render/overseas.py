# ruff: noqa: E501 - tables, one row a line
"""Plates of countries on other continents, and plates that no country has."""

from typing import NamedTuple

import numpy as np

from training.render.layout import (
    BLACK,
    BLUE,
    GREEN,
    NAVY,
    RED,
    WHITE,
    YELLOW,
    Color,
    Layout,
    dark,
    light,
    sign_of,
)
from training.render.numbers import COUNTRY, Number, of_country, of_pattern, pick


class OverseasDesign(NamedTuple):
    """Appearance of the plates of a country on another continent, in general form."""

    size: tuple[int, int]
    grounds: tuple[Color, ...]
    tops: tuple[str, ...] = ("",)
    """What may be written above the number."""
    has_art: bool = False
    inks: tuple[Color, ...] = (BLACK, BLACK, NAVY, GREEN)
    """Of light plates; characters on a dark ground are white."""
    band: str = ""
    bottom: str = ""
    two_lines: float = 0.0
    """Share of plates with two lines."""
    stripe: bool = False


CHINESE_BLUE = (160, 60, 20)
LONG, SQUARE = (520, 112), (305, 155)
PLAIN = (BLACK,)
"""The only ink of plates that are black on light."""
OVERSEAS: dict[str, OverseasDesign] = {
    "AE": OverseasDesign(LONG, (WHITE,), ("", "DUBAI", "ABU DHABI", "U.A.E", "SHARJAH"), inks=PLAIN, two_lines=0.3),
    "AM": OverseasDesign(LONG, (WHITE,), inks=PLAIN, band="blue", two_lines=0.1),
    "AR": OverseasDesign((400, 130), (BLACK, WHITE), ("ARGENTINA",)),
    "AU": OverseasDesign((372, 134), (WHITE, YELLOW), ("NSW", "VICTORIA", "QUEENSLAND")),
    "AZ": OverseasDesign(LONG, (WHITE,), inks=PLAIN, band="flag", two_lines=0.1),
    "BO": OverseasDesign((400, 130), (WHITE,), ("BOLIVIA",), inks=(BLUE, NAVY)),
    "CA": OverseasDesign((305, 152), (WHITE,), ("ONTARIO", "Québec", "ALBERTA", "British Columbia", "MANITOBA"), True),
    "CL": OverseasDesign((360, 130), (WHITE,), ("CHILE",)),
    "CN": OverseasDesign((440, 140), (CHINESE_BLUE, CHINESE_BLUE, YELLOW)),
    "CO": OverseasDesign((330, 160), (YELLOW, YELLOW, WHITE), ("BOGOTA D.C.", "MEDELLIN", "CALI"), bottom="COLOMBIA"),
    "CR": OverseasDesign(SQUARE, (WHITE,), ("COSTA RICA",), True, inks=(NAVY, BLACK), bottom="CENTROAMERICA"),
    "DZ": OverseasDesign(LONG, (WHITE, YELLOW), inks=PLAIN),
    "EC": OverseasDesign((404, 154), (WHITE,), ("ECUADOR",), inks=PLAIN),
    "GE": OverseasDesign(LONG, (WHITE,), inks=PLAIN, band="blue"),
    "GH": OverseasDesign(LONG, (WHITE, YELLOW), inks=PLAIN, band="flag", two_lines=0.3),
    "GY": OverseasDesign(LONG, (WHITE, YELLOW), inks=PLAIN, two_lines=0.2),
    "ID": OverseasDesign((395, 135), (BLACK, BLACK, WHITE, YELLOW), inks=PLAIN, two_lines=0.1),
    "IL": OverseasDesign(LONG, (YELLOW,)),
    "KE": OverseasDesign(LONG, (WHITE, YELLOW), ("", "", "KENYA"), inks=PLAIN, two_lines=0.3),
    "KW": OverseasDesign((320, 160), (WHITE,), ("KUWAIT",), inks=PLAIN, two_lines=0.3),
    "KZ": OverseasDesign(LONG, (WHITE,), inks=PLAIN, band="flag", two_lines=0.15),
    "MX": OverseasDesign((300, 150), (WHITE,), ("MEXICO", "JALISCO", "DISTRITO FEDERAL"), True),
    "MY": OverseasDesign(LONG, (BLACK,), two_lines=0.3),
    "NG": OverseasDesign((440, 150), (WHITE,), ("LAGOS", "ABUJA", "RIVERS", "KADUNA"), True, inks=(BLUE, NAVY), bottom="FEDERAL REPUBLIC OF NIGERIA"),
    "NZ": OverseasDesign((360, 125), (WHITE,)),
    "PE": OverseasDesign((300, 150), (WHITE, YELLOW), ("PERU",), inks=PLAIN),
    "PH": OverseasDesign((390, 140), (WHITE,), ("", "PILIPINAS"), True, inks=(BLACK, GREEN), bottom="REGION IV-A", two_lines=0.1),
    "PK": OverseasDesign((350, 150), (WHITE, WHITE, YELLOW, BLACK), ("", "PUNJAB", "SINDH", "ICT-ISLAMABAD")),
    "PY": OverseasDesign((400, 130), (WHITE,), ("PARAGUAY",), inks=PLAIN, stripe=True, two_lines=0.2),
    "QA": OverseasDesign(LONG, (WHITE,), ("", "QATAR"), inks=PLAIN, two_lines=0.2),
    "SA": OverseasDesign(SQUARE, (WHITE,), ("", "KSA"), inks=PLAIN, two_lines=0.2),
    "SG": OverseasDesign(LONG, (BLACK, BLACK, WHITE, YELLOW), inks=PLAIN, two_lines=0.3),
    "SR": OverseasDesign(LONG, (YELLOW, WHITE), ("", "SURINAME"), inks=PLAIN, two_lines=0.2),
    "TN": OverseasDesign(LONG, (BLACK,), two_lines=0.1),
    "TW": OverseasDesign((380, 160), (WHITE, WHITE, YELLOW), inks=(BLACK, BLACK, RED, GREEN)),
    "UY": OverseasDesign((400, 130), (WHITE,), ("URUGUAY",), inks=PLAIN, stripe=True, two_lines=0.2),
    "VE": OverseasDesign((400, 130), (WHITE,), ("VENEZUELA", "REPUBLICA BOLIVARIANA DE VENEZUELA"), True, bottom="MIRANDA"),
    "VN": OverseasDesign(LONG, (WHITE, WHITE, YELLOW, CHINESE_BLUE), inks=PLAIN, two_lines=0.6),
    "ZA": OverseasDesign((440, 120), (WHITE, YELLOW)),
}  # fmt: skip
"""China's plates without the sign of the province, Taiwan's and Tunisia's without the words in other
scripts."""


def foreign(random: np.random.Generator) -> Layout:
    if random.random() < 0.15:
        number = of_country("IN", random)
        split = random.random() < 0.35
        return Layout(
            country="IN", number=number, width=500 if not split else 340, split=split,
            height=120 if not split else 200, cap=72, ground=pick((WHITE, YELLOW), random),
            fonts=pick(("wide", "din"), random), band=pick(("", "", "flag"), random),
            sign=sign_of("IN"),
        )  # fmt: skip
    code = pick(list(OVERSEAS), random)
    return overseas(code, OVERSEAS[code], of_country(code, random), random)


def overseas(
    code: str, design: OverseasDesign, number: Number, random: np.random.Generator
) -> Layout:
    split = random.random() < design.two_lines and any(char in " -." for char in number.display)
    width, height = (int(280 + 60 * random.random()), 200) if split else design.size
    ground = pick(design.grounds, random)
    share = (0.32, 0.38) if split else (0.45, 0.58) if max(design.tops) else (0.5, 0.72)
    return Layout(
        country=code, number=number, width=width, height=height,
        cap=height * float(random.uniform(*share)), ground=ground,
        ink=WHITE if sum(ground) < 300 else pick(design.inks, random),
        fonts=pick(("wide", "din", "mono"), random), top="" if split else pick(design.tops, random),
        bottom="" if split or random.random() < 0.5 else design.bottom,
        between=("space", "dash", "dot"), art=design.has_art and random.random() < 0.5,
        band=design.band, sign=sign_of(code) if code in COUNTRY else code, split=split,
        stripe=design.stripe and random.random() < 0.5,
    )  # fmt: skip


NOWHERE = ""
"""Country of a plate that no country has."""


def invented(random: np.random.Generator) -> Layout:
    """A design and a number that no country has, so that the network learns to name none.

    Sizes, colors, bands, writing and the order of letters and digits are drawn one by one."""
    design = OverseasDesign(
        size=pick((LONG, SQUARE, (400, 130), (440, 150), (340, 120)), random),
        grounds=(light(random) if random.random() < 0.7 else dark(random), WHITE, YELLOW),
        tops=("", "", _word(random)),
        has_art=random.random() < 0.3,
        inks=(dark(random), BLACK),
        band=pick(("", "", "", "blue", "flag"), random),
        bottom=_word(random),
        two_lines=0.25,
        stripe=random.random() < 0.2,
    )
    layout = overseas(NOWHERE, design, of_pattern(_pattern(random), random), random)
    return layout._replace(sign=_word(random)[:3] if design.band else "")


def _word(random: np.random.Generator) -> str:
    return "".join(pick("AEIOUBDGKLMNRSTVZ", random) for _ in range(int(random.integers(4, 10))))


def _pattern(random: np.random.Generator) -> str:
    """Two to four groups of letters or digits, six to nine characters with their gaps."""
    groups = [
        pick("A1", random) * int(random.integers(1, 5)) for _ in range(int(random.integers(2, 5)))
    ]
    gap = pick((" ", "-", ".", ""), random)
    text = gap.join(groups)
    return text[:9].rstrip(" -.") if len(text) >= 5 else text + "111"
