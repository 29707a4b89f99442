"""Rejected candidates with their reason; and the complete result of one frame.

Refused candidates are for people who ask why a plate was not read, and for counters. They never
reach a passage. An engine keeps at most `REFUSED_MAX` of a frame, the likeliest.
"""

import enum
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from platewire.model import Box, Read

REFUSED_MAX = 20
"""Kept of one frame; a shop front has hundreds of words."""


class Reason(enum.StrEnum):
    """Why a candidate is rejected."""

    SMALL = "small"
    """Narrower than `min_plate_width`."""
    SHAPE = "shape"
    """Too steep, too long or too short for a line of a plate."""
    NO_PLATE = "no_plate"
    """Looks like a sign, a badge or a caption, and like no number plate."""
    FORM = "form"
    """Its text is no plate's: a word, a date, a price, a caption."""
    UNSURE = "unsure"
    """Read, but less sure than `min_confidence`."""


class Refused(Struct, frozen=True, kw_only=True):
    """A rejected candidate."""

    reason: Reason
    text: str
    """As far as it was read; empty where it was not."""
    confidence: float
    """0 to 1, of the text where there is one, else of the place being a plate."""
    box: Box


class Examined(NamedTuple):
    """The complete result of an engine for one frame."""

    reads: tuple[Read, ...]
    refused: tuple[Refused, ...] = ()


def refusal(reason: Reason, read: Read) -> Refused:
    """A read that is not reported after all."""
    return Refused(reason=reason, text=read.text, confidence=read.confidence, box=read.box)


def likeliest(refused: Iterable[Refused]) -> tuple[Refused, ...]:
    """The `REFUSED_MAX` surest, surest first."""
    return tuple(sorted(refused, key=lambda one: -one.confidence)[:REFUSED_MAX])


def counted(refused: Iterable[Refused]) -> dict[str, int]:
    """How many for each reason, by the name of its counter: `refused_unsure` and so on."""
    return dict(Counter(f"refused_{one.reason}" for one in refused))
