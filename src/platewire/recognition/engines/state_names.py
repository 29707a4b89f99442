"""The state whose name is on a plate, read by the general text networks.

Plates of the US, Canada and Australia carry the name of the state or province above or below the
number. The network that reads the number knows a state by the plate's looks alone, and that is not
reliable; a name that is read is. Names are small and often in script, so a few letters may be
misread where no other name is as near.
"""

import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np

from platewire.model import Pixels
from platewire.recognition.networks import geometry
from platewire.recognition.networks.text_detector import Quad, TextDetector
from platewire.recognition.networks.text_reader import TextReader

NAMES = {
    "ALABAMA": "US-AL", "ALASKA": "US-AK", "ARIZONA": "US-AZ", "ARKANSAS": "US-AR",
    "CALIFORNIA": "US-CA", "COLORADO": "US-CO", "CONNECTICUT": "US-CT", "DELAWARE": "US-DE",
    "FLORIDA": "US-FL", "GEORGIA": "US-GA", "HAWAII": "US-HI", "IDAHO": "US-ID",
    "ILLINOIS": "US-IL", "INDIANA": "US-IN", "IOWA": "US-IA", "KANSAS": "US-KS",
    "KENTUCKY": "US-KY", "LOUISIANA": "US-LA", "MAINE": "US-ME", "MARYLAND": "US-MD",
    "MASSACHUSETTS": "US-MA", "MICHIGAN": "US-MI", "MINNESOTA": "US-MN", "MISSISSIPPI": "US-MS",
    "MISSOURI": "US-MO", "MONTANA": "US-MT", "NEBRASKA": "US-NE", "NEVADA": "US-NV",
    "NEWHAMPSHIRE": "US-NH", "NEWJERSEY": "US-NJ", "NEWMEXICO": "US-NM", "NEWYORK": "US-NY",
    "NORTHCAROLINA": "US-NC", "NORTHDAKOTA": "US-ND", "OHIO": "US-OH", "OKLAHOMA": "US-OK",
    "OREGON": "US-OR", "PENNSYLVANIA": "US-PA", "RHODEISLAND": "US-RI", "SOUTHCAROLINA": "US-SC",
    "SOUTHDAKOTA": "US-SD", "TENNESSEE": "US-TN", "TEXAS": "US-TX", "UTAH": "US-UT",
    "VERMONT": "US-VT", "VIRGINIA": "US-VA", "WASHINGTON": "US-WA", "WASHINGTONDC": "US-DC",
    "WESTVIRGINIA": "US-WV", "WISCONSIN": "US-WI", "WYOMING": "US-WY", "ALBERTA": "CA-AB",
    "BRITISHCOLUMBIA": "CA-BC", "MANITOBA": "CA-MB", "NEWBRUNSWICK": "CA-NB",
    "NEWFOUNDLAND": "CA-NL", "NORTHWESTTERRITORIES": "CA-NT", "NOVASCOTIA": "CA-NS",
    "NUNAVUT": "CA-NU", "ONTARIO": "CA-ON", "PRINCEEDWARDISLAND": "CA-PE", "QUEBEC": "CA-QC",
    "SASKATCHEWAN": "CA-SK", "YUKON": "CA-YT", "CANBERRA": "AU-ACT", "NEWSOUTHWALES": "AU-NSW",
    "NSW": "AU-NSW", "QUEENSLAND": "AU-QLD", "SOUTHAUSTRALIA": "AU-SA", "TASMANIA": "AU-TAS",
    "VICTORIA": "AU-VIC", "WESTERNAUSTRALIA": "AU-WA", "BAJACALIFORNIA": "",
}  # fmt: skip
"""In capitals alone -> ISO 3166-2; empty for what is no such state but holds the name of one."""
COUNTRIES = frozenset(code[:2] for code in NAMES.values() if code)
"""ISO 3166-1 alpha-2 of the countries whose plates name their states."""
SHORT_MAX = 5
"""Names of so few letters must be a word of their own, read without a fault."""
LETTERS_PER_FAULT = 4
"""A longer name may have one letter misread for each so many beyond the second."""
RIVAL_FAULTS = 1
"""A name is not told where another has no more faults beyond its own than this."""
MARGIN = 0.25
"""Of the plate's height, looked at around it: the frame may be taken for the plate's edge."""
WIDTH = 320
"""Pixels to which a plate is enlarged."""
STRIPS = ((0.08, 0.34), (0.14, 0.38), (0.70, 0.95))
"""Top and bottom of where names stand, in shares of the cut-out; read without searching for text,
which overlooks faint names."""


class Named(NamedTuple):
    """The name nearest to the text."""

    faults: int
    name: str


class StateNames:
    """Shares the networks with the engine that loaded them."""

    def __init__(self, detector: TextDetector, reader: TextReader) -> None:
        self._detector = detector
        self._reader = reader

    def read(self, pixels: Pixels, plate: Quad) -> str | None:
        """ISO 3166-2, as `US-TX`; None where no name, or more than one, is read."""
        crop = geometry.cut_out(pixels, geometry.grown(plate, MARGIN))
        size = WIDTH, max(1, round(crop.shape[0] * WIDTH / crop.shape[1]))
        large = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), np.uint8)
        lines = [large[int(top * size[1]) : int(end * size[1])] for top, end in STRIPS]
        lines = [line for line in lines if line.size]
        lines += [geometry.cut_out(large, box.quad) for box in self._detector.find(large)]
        return named_state(line.written for line in self._reader.read(lines))


def named_state(written: Iterable[str]) -> str | None:
    """The one state that the lines name; None where they name none or several."""
    names = {named.name for line in written if (named := named_in(line))}
    states = {NAMES[name] for name in names}
    return (states.pop() or None) if len(states) == 1 else None


def named_in(line: str) -> Named | None:
    """The name that stands in the line: the one with the fewest faults, if no other is nearly as
    near; of names within each other, as Virginia is in West Virginia, the longest."""
    words = [letters for word in line.split() if (letters := letters_of(word))]
    near = [Named(faults, name) for name in NAMES if (faults := faults_in(name, words)) is not None]
    if not near:
        return None
    best = min(near, key=lambda one: (one.faults, -len(one.name)))
    nearly = best.faults + RIVAL_FAULTS
    rivals = [one for one in near if one.faults <= nearly and one.name not in best.name]
    return None if rivals else best


def letters_of(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word).upper()
    return "".join(char for char in plain if char.isascii() and char.isalpha())


def faults_in(name: str, words: list[str]) -> int | None:
    """Letters of the name that are misread; None where that is too many to know it."""
    if len(name) <= SHORT_MAX:
        return 0 if name in words else None
    faults = misread("".join(words), name)
    return faults if faults <= (len(name) - 2) // LETTERS_PER_FAULT else None


def misread(text: str, name: str) -> int:
    """The fewest letters to change, add or leave out so that the name stands in the text
    (Sellers' algorithm, 1980)."""
    row = [0] * (len(text) + 1)
    for first, wanted in enumerate(name, 1):
        above, row = row, [first]
        for at, char in enumerate(text, 1):
            row.append(min(above[at] + 1, row[-1] + 1, above[at - 1] + (char != wanted)))
    return min(row)
