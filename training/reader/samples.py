"""Batches for training: rendered plates, real crops and what is no plate.

A drawn plate is photographed a few times before it is thrown away, since drawing costs more.
Real crops have texts but no places of characters, so only CTC learns from them.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from training.reader.classes import (
    COUNTRY_INDEX,
    HEIGHT,
    REGION_INDEX,
    STEPS,
    SYMBOL_INDEX,
    WIDTH,
)
from training.reader.nonplates import NonPlates, nonplates
from training.reader.real import RealCrop, augmented, training_crops
from training.render.camera import shoot
from training.render.plate import Plate, draw

LONGEST = 12
UNKNOWN = -100
"""What the losses pass over."""
POOL = 1200
SHOTS = 3
NO_PLATES = 0.1
"""Share of the samples."""
ARTWORK = 400
"""Pieces of photos that may lie behind numbers."""
Pixels = npt.NDArray[np.uint8]


class Sample(NamedTuple):
    picture: Pixels
    columns: npt.NDArray[np.int64]
    """For each of the 2 x STEPS columns the symbol, or UNKNOWN."""
    text: npt.NDArray[np.int64]
    """Symbols, filled up with 0 to LONGEST."""
    country: int
    region: int
    two_lines: int
    plate: int = 1


class Batch(NamedTuple):
    pictures: Pixels
    columns: npt.NDArray[np.int64]
    texts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    countries: npt.NDArray[np.int64]
    regions: npt.NDArray[np.int64]
    two_lines: npt.NDArray[np.float32]
    plates: npt.NDArray[np.float32]


def network_picture(crop: MatLike) -> Pixels:
    """As the product does it: stretched to the network's size."""
    shrinking = crop.shape[0] > HEIGHT or crop.shape[1] > WIDTH
    way = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(crop, (WIDTH, HEIGHT), interpolation=way), np.uint8)


def columns_of(plate: Plate, boxes: npt.NDArray[np.float32], width: int) -> npt.NDArray[np.int64]:
    """A character owns the columns in its middle part, at least one; the rest is gap, and the
    columns at a character's edge are anyone's."""
    columns = np.zeros((2, STEPS), np.int64)
    for char, (left, _, wide, _), line in zip(plate.text, boxes, plate.line_of, strict=True):
        symbol = SYMBOL_INDEX[char]
        start, end = left / width * STEPS, (left + wide) / width * STEPS
        first, last = round(start + 0.22 * (end - start)), round(end - 0.22 * (end - start))
        edge = columns[line, max(round(start) - 0, 0) : max(round(end), 0)]
        edge[edge == 0] = UNKNOWN
        last = max(last, first + 1)
        if last > 0 and first < STEPS:
            columns[line, max(first, 0) : last] = symbol
    return columns.reshape(-1)


def text_of(text: str) -> npt.NDArray[np.int64]:
    symbols = [SYMBOL_INDEX[char] for char in text[:LONGEST]]
    return np.array(symbols + [0] * (LONGEST - len(symbols)), np.int64)


def rendered(plate: Plate, random: np.random.Generator) -> Sample:
    shot = shoot(plate, random)
    return Sample(
        picture=network_picture(shot.pixels),
        columns=columns_of(plate, shot.character_boxes, shot.pixels.shape[1]),
        text=text_of(plate.text),
        country=COUNTRY_INDEX.get(plate.country, 0),
        region=REGION_INDEX.get(plate.region or "", UNKNOWN),
        two_lines=int(plate.lines == 2),
    )


def photographed(crop: RealCrop, random: np.random.Generator) -> Sample:
    return Sample(
        picture=network_picture(augmented(crop, random)),
        columns=np.full(2 * STEPS, UNKNOWN, np.int64),
        text=text_of(crop.text),
        country=COUNTRY_INDEX[crop.country] if crop.country else UNKNOWN,
        region=REGION_INDEX.get(crop.region or "", UNKNOWN),
        two_lines=UNKNOWN,
    )


def nothing(crop: MatLike) -> Sample:
    """No plate: nothing to spell, and no country."""
    return Sample(
        picture=network_picture(crop),
        columns=np.zeros(2 * STEPS, np.int64),
        text=text_of(""),
        country=UNKNOWN,
        region=UNKNOWN,
        two_lines=UNKNOWN,
        plate=0,
    )


def batch_of(samples: Sequence[Sample]) -> Batch:
    texts = np.stack([sample.text for sample in samples])
    return Batch(
        pictures=np.stack([sample.picture for sample in samples]),
        columns=np.stack([sample.columns for sample in samples]),
        texts=texts,
        lengths=(texts > 0).sum(axis=1),
        countries=np.array([sample.country for sample in samples], np.int64),
        regions=np.array([sample.region for sample in samples], np.int64),
        two_lines=np.array([sample.two_lines for sample in samples], np.float32),
        plates=np.array([sample.plate for sample in samples], np.float32),
    )


class Source:
    """Endless samples; `share` of them real, and some no plates where there are photos."""

    def __init__(
        self,
        seed: int,
        crops: Sequence[RealCrop],
        share: float,
        others: Callable[[np.random.Generator], NonPlates] | None = None,
    ) -> None:
        self._random = np.random.default_rng(seed)
        self._crops = crops
        self._share = share if crops else 0.0
        self._others = others(self._random) if others else None
        self._artwork = self._others.artwork(ARTWORK) if self._others else []
        self._pool = [self._drawn() for _ in range(POOL)]

    def _drawn(self) -> Plate:
        return draw(self._random, self._artwork)

    def sample(self) -> Sample:
        kind = self._random.random()
        if kind < self._share:
            crop = self._crops[int(self._random.random() * len(self._crops))]
            return photographed(crop, self._random)
        if self._others and kind < self._share + NO_PLATES:
            return nothing(self._others.crop())
        at = int(self._random.random() * POOL)
        plate = self._pool[at]
        if self._random.random() < 1 / SHOTS:
            self._pool[at] = self._drawn()
        return rendered(plate, self._random)

    def batch(self, size: int) -> Batch:
        return batch_of([self.sample() for _ in range(size)])


def batches(folder: Path | None, share: float, size: int, seed: int) -> Iterator[Batch]:
    """Endless. `share` of the samples are real crops from the photos in `folder`, if there is one;
    some others then show no plate."""
    if folder:
        source = Source(seed, training_crops(folder), share, partial(nonplates, folder))
    else:
        source = Source(seed, (), share)
    while True:
        yield source.batch(size)
