"""What Plate Recognizer Snapshot answers, cloud and self-hosted alike -> plain values.

The form is the vendor's (guides.platerecognizer.com, "Snapshot API Reference", version 1): plates
and regions in lower case, scores from 0 to 1, boxes in pixels of the picture sent. Keys that are
not known are passed over; a result without a plate (of a vehicle alone) is left out. What stands
for "not known" (`generic`, `Unknown`, `Invalid`) becomes None.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from platewire.model import Attribute, Box, Vehicle
from platewire.runtime import wrong_value

UNKNOWN = frozenset({"", "generic", "unknown", "invalid"})
TYPES = {
    "sedan": "car",
    "suv": "car",
    "hatchback": "car",
    "car": "car",
    "van": "van",
    "pickup truck": "truck",
    "big truck": "truck",
    "truck": "truck",
    "bus": "bus",
    "motorcycle": "motorcycle",
}
"""The vendor's word, in lower case, to ours."""


class Corners(Struct, frozen=True):
    xmin: float
    ymin: float
    xmax: float
    ymax: float

    def box(self) -> Box:
        return Box(self.xmin, self.ymin, self.xmax - self.xmin, self.ymax - self.ymin)


class Region(Struct, frozen=True):
    code: str | None = None
    score: float = 0.0


class Candidate(Struct, frozen=True):
    plate: str | None = None
    score: float = 0.0


class Kind(Struct, frozen=True):
    type: str | None = None
    score: float = 0.0
    box: Corners | None = None


class Color(Struct, frozen=True):
    color: str
    score: float = 0.0


class Make(Struct, frozen=True):
    make: str | None = None
    model: str | None = None
    score: float = 0.0


class Result(Struct, frozen=True):
    """One plate, or a vehicle without one."""

    box: Corners | None = None
    plate: str | None = None
    score: float = 0.0
    dscore: float = 0.0
    region: Region | None = None
    candidates: tuple[Candidate, ...] = ()
    vehicle: Kind | None = None
    color: tuple[Color, ...] = ()
    model_make: tuple[Make, ...] = ()

    @property
    def country(self) -> tuple[str | None, str | None]:
        """ISO alpha-2 country, and the region within it: `us-ca` is US and CA."""
        code = (self.region.code or "").upper() if self.region else ""
        country, _, region = code.partition("-")
        if len(country) != 2 or not country.isalpha():
            return None, None
        return country, region or None

    def seen_vehicle(self, sure: float) -> Vehicle:
        """What is known of the vehicle with a score of at least `sure`."""
        made = self.model_make[0] if self.model_make else Make()
        kind = self.vehicle or Kind()
        paint = self.color[0] if self.color else Color("")
        return Vehicle(
            make=known(made.make, made.score, sure),
            model=known(made.model, made.score, sure),
            type=known(TYPES.get((kind.type or "").lower()), kind.score, sure),
            color=known(paint.color.lower(), paint.score, sure),
            box=kind.box.box() if kind.box else None,
        )


class RecognizerResponse(Struct, frozen=True):
    results: tuple[Result, ...]
    """Required: what has none is another service's answer."""
    processing_time: float = 0.0
    image_width: int | None = None
    image_height: int | None = None
    version: int = 1


def known(value: str | None, score: float, sure: float) -> Attribute | None:
    if value is None or value.lower() in UNKNOWN or score < sure:
        return None
    return Attribute(value, round(min(score, 1.0), 4))


def decode(data: bytes) -> RecognizerResponse:
    """ValueError says what is wrong with bytes that are no such answer."""
    try:
        return msgspec.json.decode(data, type=RecognizerResponse, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(wrong_value.reason(error, data, RecognizerResponse)) from error


def plates(results: Sequence[Result]) -> Iterator[tuple[Result, str, Box]]:
    """The results that have a plate and a place, with both."""
    for result in results:
        if result.plate and result.box is not None:
            yield result, result.plate, result.box.box()
