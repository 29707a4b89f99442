"""Plate images -> characters, country and state, by platewire's network.

The network gets a plate scaled to 160 x 48 pixels and returns, for forty steps along each of two
lines, the probability of each symbol; the second line is empty for a plate with one line. Bands,
coats of arms, stickers, names and slogans are not part of the text. Trained by `training/reader`;
model card: `models/plate_reader.md`.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from platewire.errors import ConfigError
from platewire.model import Pixels
from platewire.recognition.networks import models
from platewire.recognition.networks.models import OWN_REMEDY, open_own
from platewire.recognition.networks.text_line import (
    SYMBOLS,
    Chances,
    Character,
    TextLine,
    characters_of,
)

FILE = "plate_reader.onnx"
WIDTH, HEIGHT = 160, 48
"""Pixels of the network's input."""
BATCH = 16
"""At most so many plates in one run: a car park's worth would need too much memory."""
COUNTRY_MIN = 0.01
"""Countries less likely than this are not told."""
OUTPUTS = ("symbols", "country", "region", "plate")
WITH_REGIONS = "US"
"""The country whose regions the network knows."""
REGION_MIN = 0.5
"""A state less likely than this is not told."""


class PlateText(NamedTuple):
    """The text of one plate."""

    line: TextLine
    """Both lines' characters one after the other; `at` is a character's place in its own line."""
    country: tuple[tuple[str, float], ...]
    """ISO 3166-1 alpha-2 with chances, best first, by its looks; empty if none is likely."""
    region: tuple[str, float] | None
    """The likeliest state, e.g. `TX`, and its chance; only if it is likely, and the US as well."""
    lines: int
    """1 or 2; 0 where nothing is written."""
    plate: float
    """How likely it is a number plate at all, 0 to 1, and no sign, badge or caption."""


class PlateReader:
    def __init__(self, *, threads: int, folder: Path | None = None) -> None:
        self._session = open_own(FILE, threads, folder)
        self._input = self._session.get_inputs()[0].name
        told = self._session.get_modelmeta().custom_metadata_map
        path = (folder or models.OWN_FOLDER) / FILE
        self._countries = listed(told, "countries", path)
        self._regions = listed(told, "regions", path)
        if listed(told, "symbols", path) != SYMBOLS[: len(listed(told, "symbols", path))]:
            raise ConfigError(
                f"recognition: the model file {path} has different symbols; {OWN_REMEDY}"
            )

    def read(self, crops: Sequence[Pixels]) -> list[PlateText]:
        """One text for each crop: a plate upright, cut out with little around it, of any size.

        Pictures are blue-green-red; ValueError for one that is no such picture or has no pixels.
        """
        found: list[PlateText] = []
        for start in range(0, len(crops), BATCH):
            found += self._read_batch(crops[start : start + BATCH])
        return found

    def _read_batch(self, crops: Sequence[Pixels]) -> Iterator[PlateText]:
        pictures = np.stack([network_input(crop) for crop in crops])
        answers = self._session.run(OUTPUTS, {self._input: pictures})
        for symbols, country, region, plate in zip(*map(np.asarray, answers), strict=True):
            yield self._text(symbols, country, region, float(plate))

    def _text(
        self,
        symbols: Chances,
        country: npt.NDArray[np.float32],
        region: npt.NDArray[np.float32],
        plate: float,
    ) -> PlateText:
        lines = [found for one in symbols if (found := spelled(one))]
        characters = tuple(character for line in lines for character in line)
        countries = self._ranked(country)
        american = bool(countries) and countries[0][0] == WITH_REGIONS
        return PlateText(
            line=TextLine(characters, "".join(one.symbol for one in characters)),
            country=countries,
            region=self._region(region) if american else None,
            lines=len(lines),
            plate=plate,
        )

    def _region(self, chances: npt.NDArray[np.float32]) -> tuple[str, float] | None:
        state = int(chances.argmax())
        sure = float(chances[state])
        return (self._regions[state], sure) if sure >= REGION_MIN else None

    def _ranked(self, chances: npt.NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
        """Without the class of plates whose country nobody knows."""
        order = np.argsort(-chances)
        ranked = ((self._countries[k], float(chances[k])) for k in order)
        return tuple((code, sure) for code, sure in ranked if code and sure >= COUNTRY_MIN)


def listed(told: dict[str, str], name: str, path: Path) -> tuple[str, ...]:
    """A list that the model file carries; ConfigError where it has none."""
    try:
        return tuple(str(one) for one in json.loads(told[name]))
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigError(
            f"recognition: the model file {path} has no list {name}; {OWN_REMEDY}"
        ) from error


def network_input(crop: Pixels) -> Pixels:
    if crop.ndim != 3 or crop.shape[2] != 3 or crop.dtype != np.uint8 or not crop.size:
        raise ValueError(
            f"a plate image must have the shape height x width x 3 with 8 bits, not {crop.shape} "
            f"{crop.dtype}"
        )
    shrinking = crop.shape[0] > HEIGHT or crop.shape[1] > WIDTH
    way = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(crop, (WIDTH, HEIGHT), interpolation=way), np.uint8)


def spelled(chances: Chances) -> tuple[Character, ...]:
    """The characters of one line; the network knows fewer symbols than a line may hold."""
    missing = len(SYMBOLS) - chances.shape[1]
    return characters_of(np.pad(chances, ((0, 0), (0, missing))), 1.0)
