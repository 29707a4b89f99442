"""What an engine reads of the vehicles on a road, with the errors that were measured.

Shares of wrong reads are those of docs/benchmarks.md: of whole photos 2 to 13% (`plates`, folded),
of crops, which are smaller, 8 to 16%; of the places 0 to 6% are not found.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from platewire.model import Box, Read
from tests.simulation.road import VIEWS, Trip, View

START = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)
FRAME_RATES = (5, 10, 15)
WRONG_NEAR, WRONG_FAR, MISSED = 0.05, 0.16, 0.06
SMALL_PX = 60
"""Plate width below which a plate is far."""
TREMBLE_PX = 1.5
"""Standard deviation of a box."""
STILL_SECONDS = 1.0
"""A picture in which nothing moves is read this often."""
ALIKE = {"0": "OD", "O": "0D", "1": "I7", "8": "B3", "B": "8E", "5": "S6", "2": "Z7", "6": "85"}
ALIKE |= {"E": "BF", "M": "HN", "H": "MN", "K": "XR", "X": "K", "C": "GO", "P": "FR", "T": "1Y"}
ALIKE |= {"A": "4R", "3": "89", "4": "A1", "7": "12", "9": "83"}


class Glimpse(NamedTuple):
    """One frame: its reads, and whose each of them is."""

    at: datetime
    reads: tuple[Read, ...]
    owners: tuple[int, ...]
    """Indexes of the trips."""


class Reader:
    """The reads of the trips, frame by frame."""

    def __init__(self, seed: int, road: Sequence[Trip]) -> None:
        self._chance = random.Random(f"reads {seed}")
        self._road = road
        self.view: View = self._chance.choice(VIEWS)
        self.frame_rate = self._chance.choice(FRAME_RATES)
        self._habits = [self._habit(trip.text) for trip in road]
        self._far_left = [trip.far_reads for trip in road]
        self._read_at = [-STILL_SECONDS] * len(road)
        self.right = [0] * len(road)
        """Reads of each trip with its own text."""

    def frames(self) -> Iterator[Glimpse]:
        """Until eight seconds after the last vehicle has gone; of an empty road one a second."""
        first, ends = 0, max(trip.ends for trip in self._road) + 8
        for number in range(round(ends * self.frame_rate)):
            seconds = number / self.frame_rate
            while first < len(self._road) and self._road[first].ends < seconds - 120:
                first += 1
            present = self._present(first, seconds)
            looks = not any(_is_blind(self._road[index], seconds) for index in present)
            if looks and (present or number % self.frame_rate == 0):
                yield self._glimpse(seconds, present)

    def _present(self, first: int, seconds: float) -> list[int]:
        found = []
        for index in range(first, len(self._road)):
            trip = self._road[index]
            if trip.starts > seconds:
                break
            if trip.ends > seconds:
                found.append(index)
        return found

    def _glimpse(self, seconds: float, present: list[int]) -> Glimpse:
        at = START + timedelta(seconds=seconds)
        found = [(self._read(index, seconds, at), index) for index in present]
        seen = [(read, index) for read, index in found if read is not None]
        return Glimpse(at, tuple(read for read, _ in seen), tuple(index for _, index in seen))

    def _read(self, index: int, seconds: float, at: datetime) -> Read | None:
        trip, chance = self._road[index], self._chance
        ahead = trip.ahead_m(seconds)
        if ahead is None or trip.is_hidden(seconds) or chance.random() < MISSED:
            return None
        if trip.stands(seconds) and seconds - self._read_at[index] < STILL_SECONDS:
            return None
        box = self._tremble(self.view.box(trip.across_m, ahead))
        if not 0 <= box.center[0] < self.view.width or not 0 <= box.center[1] < self.view.height:
            return None
        self._read_at[index] = seconds
        text = self._text(index, box.width)
        right = text == trip.text
        self.right[index] += right
        sure = chance.uniform(0.88, 0.97) if right else chance.uniform(0.52, 0.9)
        return _read_of(text, sure, at, box)

    def _tremble(self, box: Box) -> Box:
        gauss = self._chance.gauss
        x, y, wide = gauss(box.x, TREMBLE_PX), gauss(box.y, TREMBLE_PX), gauss(1.0, 0.03)
        return Box(x, y, box.width * wide, box.height * wide)

    def _text(self, index: int, width: float) -> str:
        trip, chance = self._road[index], self._chance
        if self._far_left[index] > 0:
            self._far_left[index] -= 1
            return _swap(trip.text[:4], chance) if chance.random() < 0.7 else trip.text[:4]
        if chance.random() >= (WRONG_FAR if width < SMALL_PX else WRONG_NEAR):
            return trip.text
        return self._habits[index] if chance.random() < 0.5 else self._wrong(trip.text)

    def _habit(self, text: str) -> str:
        """What a vehicle is misread as again and again: seldom most of it is wrong."""
        return self._wrong(text) if self._chance.random() < 0.2 else _swap(text, self._chance)

    def _wrong(self, text: str) -> str:
        """Mostly one look-alike; now and then a character too few, or most of it wrong."""
        kind = self._chance.random()
        if kind < 0.75:
            return _swap(text, self._chance)
        if kind < 0.9:
            place = self._chance.choice((0, len(text) - 1))
            return text[:place] + text[place + 1 :]
        for _ in range(4):
            text = _swap(text, self._chance)
        return text


def _is_blind(trip: Trip, seconds: float) -> bool:
    return trip.blind[0] <= seconds - trip.starts < trip.blind[1]


def _swap(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text))
    other = chance.choice(ALIKE.get(text[place], "0"))
    return text[:place] + other + text[place + 1 :]


def _read_of(text: str, sure: float, at: datetime, box: Box) -> Read:
    return Read(
        at=at,
        text=text,
        raw=text,
        display=text,
        unicode=text,
        confidence=sure,
        characters=(sure,) * len(text),
        box=box,
    )
