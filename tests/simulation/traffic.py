"""Vehicles that pass the cameras of a simulation, and what is read of them, by seed."""

import random
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from platewire.model import Box, Frame, Pixels, Read
from platewire.passage.text import distance

WIDTH, HEIGHT = 96, 64
PIXELS: Pixels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
UNLIKE = 5
"""Plates of one camera differ in so many characters: more than a passage bridges, two of them
misread. Which of two vehicles with like plates a read belongs to is tests/passage's to ask."""
LOOK_ALIKE = {"B": "8", "8": "B", "0": "D", "D": "0", "S": "5", "5": "S", "1": "I"}


@dataclass(frozen=True)
class Vehicle:
    text: str
    comes_at: float
    """Seconds since the camera's first frame."""
    stays: float
    lane: int


def vehicles(chance: random.Random, count: int, seconds: float) -> list[Vehicle]:
    """So many, spread over the time, no two alike."""
    plates: list[str] = []
    while len(plates) < count:
        text = _plate(chance)
        if all(distance(text, other) >= UNLIKE for other in plates):
            plates.append(text)
    return [
        Vehicle(
            text=text,
            comes_at=chance.uniform(0, seconds),
            stays=chance.uniform(0.5, 4.0),
            lane=index % 3,
        )
        for index, text in enumerate(plates)
    ]


def _plate(chance: random.Random) -> str:
    letters = chance.choices(LETTERS, k=3)
    return f"{letters[0]}{letters[1]}{chance.randrange(100, 1000)}{letters[2]}"


class Camera:
    """Frames with what the engine reads in them: sometimes nothing, sometimes a look-alike."""

    def __init__(self, name: str, chance: random.Random, road: list[Vehicle]) -> None:
        self.name = name
        self.said = {vehicle.text for vehicle in road}
        """Every text that was ever read, and those that the plates bear: three reads, each wrong at
        another place, may together say the right one."""
        self.reads: dict[int, list[Read]] = {}
        self._chance = chance
        self._road = road
        self._number = 0

    def frame(self, seconds: float, at: datetime) -> Frame:
        frame = Frame(self.name, self._number, at, PIXELS)
        self._number += 1
        passing = [one for one in self._road if 0 <= seconds - one.comes_at <= one.stays]
        seen = [one for one in passing if self._chance.random() < 0.85]
        self.reads[frame.number] = [self._read(one, seconds, frame) for one in seen]
        return frame

    def _read(self, vehicle: Vehicle, seconds: float, frame: Frame) -> Read:
        text = self._misread(vehicle.text) if self._chance.random() < 0.15 else vehicle.text
        self.said.add(text)
        down = 8 + 40 * (seconds - vehicle.comes_at) / vehicle.stays
        return Read(
            at=frame.captured_at,
            frame=frame.number,
            text=text,
            raw=text,
            display=text,
            unicode=text,
            confidence=0.9 if text == vehicle.text else 0.6,
            characters=(0.9 if text == vehicle.text else 0.6,) * len(text),
            box=Box(2.0 + 30 * vehicle.lane, down, 26.0, 8.0),
        )

    def _misread(self, text: str) -> str:
        places = [index for index, char in enumerate(text) if char in LOOK_ALIKE]
        if not places:
            return text
        at = self._chance.choice(places)
        return text[:at] + LOOK_ALIKE[text[at]] + text[at + 1 :]
