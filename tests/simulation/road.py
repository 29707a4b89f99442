"""Vehicles on a road with two lanes in front of one camera, by seed; what each really did is known.

A `Trip` says where a vehicle is at any time, in meters in front of the camera, and which direction
a person would report. `trips` strings together what makes passages hard: followers with like
plates, oncoming vehicles, vehicles side by side, waiting, turning back, hidden ones, and times in
which nobody looked. What the engine reads of them is in `road_reads.py`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from platewire.model import Box, Direction

LETTERS = "ABCEHKMPTX"
FAR_M, NEAR_M = 24.0, 6.3
"""Where plates begin and cease to be read, in meters from the camera."""
LANES_M = (-1.7, 1.7)
PLATE_M = 0.52


@dataclass(frozen=True, slots=True)
class View:
    """A camera over the road, without lens faults."""

    focal_px: float
    above_plates_m: float
    horizon_px: float

    width: int = 1280
    height: int = 720

    def box(self, across_m: float, ahead_m: float) -> Box:
        wide = self.focal_px * PLATE_M / ahead_m
        x = self.width / 2 + self.focal_px * across_m / ahead_m
        y = self.horizon_px + self.focal_px * self.above_plates_m / ahead_m
        return Box(x - wide / 2, y - wide / 8, wide, wide / 4)


VIEWS = (View(2000, 2.0, 72), View(1400, 1.1, 200))
"""A camera on a mast, and one at a barrier."""


@dataclass(frozen=True, slots=True)
class Trip:
    kind: str
    text: str
    starts: float
    """Seconds since the first frame."""
    across_m: float
    way: tuple[tuple[float, float], ...]
    """(seconds since the start, meters in front of the camera), at each change of speed."""
    direction: Direction
    hidden: tuple[float, float] = (0.0, 0.0)
    """Seconds since the start."""
    blind: tuple[float, float] = (0.0, 0.0)
    """Seconds since the start in which the camera gives no frames."""
    far_reads: int = 0
    """First reads of which only the beginning of the plate is right."""

    @property
    def ends(self) -> float:
        return self.starts + self.way[-1][0]

    def ahead_m(self, seconds: float) -> float | None:
        """Meters in front of the camera; None before the vehicle comes and after it has gone."""
        since = seconds - self.starts
        for (start, here), (end, there) in pairwise(self.way):
            if start <= since < end:
                return here + (there - here) * (since - start) / (end - start)
        return None

    def stands(self, seconds: float) -> bool:
        now, then = self.ahead_m(seconds), self.ahead_m(seconds - 0.3)
        return now is not None and now == then

    def is_hidden(self, seconds: float) -> bool:
        return self.hidden[0] <= seconds - self.starts < self.hidden[1]


def trips(seed: int, vehicles: int, *, blind: bool = False) -> list[Trip]:
    """At least so many, in the order in which they start; `blind` adds times without frames."""
    chance = random.Random(seed)
    scenes = {**SCENES, _blind: 5} if blind else SCENES
    found: list[Trip] = []
    while len(found) < vehicles:
        (scene,) = chance.choices(list(scenes), list(scenes.values()))
        begins = max((trip.ends for trip in found[-8:]), default=0.0) + chance.uniform(0.3, 6.0)
        found += [replace(trip, starts=trip.starts + begins) for trip in scene(chance)]
    return sorted(found, key=lambda trip: trip.starts)


def plate(chance: random.Random) -> str:
    first, second = chance.choices(LETTERS, k=2), chance.choices(LETTERS, k=chance.randrange(3))
    return f"{''.join(first)}{chance.randrange(1000, 10000)}{''.join(second)}"


def fleet(chance: random.Random, count: int) -> list[str]:
    """Plates with numbers that follow each other."""
    letters, number = "".join(chance.choices(LETTERS, k=2)), chance.randrange(1000, 9990)
    return [f"{letters}{number + i}" for i in range(count)]


def through(
    kind: str, text: str, chance: random.Random, *, away: bool = False, starts: float = 0.0
) -> Trip:
    """From one end of the view to the other, at 6 to 45 km/h."""
    seconds = (FAR_M - NEAR_M) / chance.uniform(1.7, 12.5)
    ends = (NEAR_M, FAR_M) if away else (FAR_M, NEAR_M)
    return Trip(
        kind=kind,
        text=text,
        starts=starts,
        across_m=LANES_M[away] + chance.uniform(-0.3, 0.3),
        way=((0.0, ends[0]), (seconds, ends[1])),
        direction=Direction.OUT if away else Direction.IN,
    )


def _alone(chance: random.Random) -> list[Trip]:
    return [through("alone", plate(chance), chance, away=chance.random() < 0.5)]


def _followers(chance: random.Random) -> list[Trip]:
    """One after the other in one lane, never two in one picture, up to 5 s apart."""
    found: list[Trip] = []
    away = chance.random() < 0.5
    for text in fleet(chance, chance.randint(2, 4)):
        starts = found[-1].ends + chance.uniform(0.2, 5.0) if found else 0.0
        found.append(through("follower", text, chance, away=away, starts=starts))
    return found


def _oncoming(chance: random.Random) -> list[Trip]:
    one, other = fleet(chance, 2)
    first = through("oncoming", one, chance, away=chance.random() < 0.5)
    starts = first.ends + chance.uniform(-1.0, 4.0)
    away = first.direction is Direction.IN
    return [first, through("oncoming", other, chance, away=away, starts=max(0.0, starts))]


def _abreast(chance: random.Random) -> list[Trip]:
    one, other = fleet(chance, 2)
    left = through("abreast", one, chance)
    behind = chance.uniform(0.0, 1.0)
    return [left, replace(left, text=other, across_m=LANES_M[1], starts=behind)]


def _waiting(chance: random.Random) -> list[Trip]:
    """Stands at the barrier, then drives on, or backs out."""
    wait, stop = chance.uniform(3.0, 60.0), chance.uniform(7.5, 11.0)
    backs_out = chance.random() < 0.5
    there = 5.0 + wait
    end = FAR_M - 2 if backs_out else NEAR_M
    way = ((0.0, FAR_M), (5.0, stop), (there, stop), (there + abs(end - stop) / 2.0, end))
    trip = through("waiting", plate(chance), chance)
    return [replace(trip, way=way, direction=Direction.OUT if backs_out else Direction.IN)]


def _turning(chance: random.Random) -> list[Trip]:
    """In, and 30 to 95% of the way back in the picture."""
    stop, back = chance.uniform(7.0, 12.0), chance.uniform(0.3, 0.95)
    # Rows of the picture go by 1 / meters.
    end = 1 / (1 / stop + back * (1 / FAR_M - 1 / stop))
    turned = (FAR_M - stop) / chance.uniform(2.0, 6.0)
    done = turned + (end - stop) / chance.uniform(1.0, 3.0)
    trip = through("turning", plate(chance), chance)
    way = ((0.0, FAR_M), (turned, stop), (done, end))
    return [replace(trip, way=way, direction=Direction.OUT)]


def _hidden(chance: random.Random) -> list[Trip]:
    """Behind something for up to 4.5 s, while it drives on or has stopped."""
    begin, hidden, stop = chance.uniform(1.0, 2.0), chance.uniform(0.5, 4.5), FAR_M - 10
    trip = through("hidden", plate(chance), chance)
    way = ((0.0, FAR_M), (2.0, stop), (2.0 + hidden, stop - 2), (6.0 + hidden, NEAR_M))
    return [replace(trip, way=way, hidden=(begin, begin + hidden))]


def _beside(chance: random.Random) -> list[Trip]:
    """Comes past beside the lanes, so in the picture it drives more to the side than down."""
    ahead = chance.uniform(19.0, 23.0)
    trip = through("beside", plate(chance), chance)
    way = ((0.0, ahead), (chance.uniform(2.0, 4.0), ahead * 0.55))
    return [replace(trip, across_m=chance.choice((-1, 1)) * chance.uniform(3.0, 5.0), way=way)]


def _far(chance: random.Random) -> list[Trip]:
    trip = through("far", plate(chance), chance)
    return [replace(trip, far_reads=chance.randint(1, 3))]


def _blind(chance: random.Random) -> list[Trip]:
    """Stands at the barrier while the camera gives no frames."""
    stop, away = chance.uniform(7.5, 11.0), chance.uniform(5.5, 50.0)
    way = ((0.0, FAR_M), (5.0, stop), (9.0 + away, stop), (12.0 + away, NEAR_M))
    trip = through("blind", plate(chance), chance)
    return [replace(trip, way=way, blind=(7.0, 7.0 + away))]


Scene = Callable[[random.Random], list[Trip]]
SCENES: dict[Scene, float] = {
    _alone: 20,
    _followers: 12,
    _oncoming: 10,
    _abreast: 8,
    _waiting: 8,
    _turning: 8,
    _hidden: 8,
    _beside: 4,
    _far: 8,
}
"""How often each comes."""
