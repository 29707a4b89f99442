"""What drives when: the scenes as typed lists of drives, and where each car is at a moment.

A drive follows a lane towards the camera or away from it, at a speed given by points in time.
Truth and pictures are both derived from these values; nothing is said twice.
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Literal

from platewire.testing.scene.lens import Lens

Body = Literal["hatchback", "saloon", "suv", "van"]
FAR_M = 36.0
"""Cars come from, and go behind, the hedge at this distance."""
NEAR_M = 0.6
"""Where a car going away comes into the picture beside the camera."""
BEND_M, BEND = 20.0, 0.045
"""Beyond this distance the road swings right by this many meters per square meter."""
LEFT, RIGHT = -1.25, 1.25
"""Middle of the two lanes."""


@dataclass(frozen=True, slots=True)
class Car:
    country: str
    """ISO 3166-1 alpha-2."""
    display: str
    """The plate's text with spaces between its groups."""
    color: str
    body: Body = "hatchback"

    @property
    def text(self) -> str:
        return self.display.replace(" ", "")


@dataclass(frozen=True)
class Drive:
    """One car, once along the road. `starts` is seconds after the clip's beginning."""

    car: Car
    starts: float
    pace: tuple[tuple[float, float], ...]
    """Points of (seconds after `starts`, meters per second), joined by straight lines."""
    lane: float = LEFT
    away: bool = False
    blur: float = 1.0
    """How much more the car is out of focus than the lens alone makes it (haze, spray)."""

    def distance(self, seconds: float) -> float:
        """Meters from the camera to the car's plate at a moment of the clip."""
        driven = traveled(self.pace, seconds - self.starts)
        return NEAR_M + driven if self.away else FAR_M - driven

    def x(self, distance: float) -> float:
        """Meters to the right of the camera when at `distance`."""
        return self.lane + BEND * max(0.0, distance - BEND_M) ** 2

    @cached_property
    def ends(self) -> float:
        """Seconds of the clip at which the car is gone."""
        moment = self.starts
        while self.on_road(moment):
            moment += 0.05
        return moment

    def on_road(self, seconds: float) -> bool:
        if self.away:
            return self.starts <= seconds and self.distance(seconds) < FAR_M
        return self.starts <= seconds and self.distance(seconds) > -6


@dataclass(frozen=True)
class Scene:
    name: str
    seconds: float
    drives: tuple[Drive, ...]
    frames_per_second: int = 10
    seed: int = 7
    """Of the camera's noise."""
    lens: Lens = field(default_factory=Lens)

    @property
    def frame_count(self) -> int:
        return round(self.seconds * self.frames_per_second)


def traveled(pace: tuple[tuple[float, float], ...], seconds: float) -> float:
    """Meters driven: the area under the speed; the last speed goes on for ever."""
    total = 0.0
    for (start, speed), (end, next_speed) in pairwise(pace):
        if seconds <= start:
            return total
        share = min(1.0, (seconds - start) / (end - start))
        here = speed + (next_speed - speed) * share
        total += (speed + here) / 2 * (end - start) * share
    last_start, last_speed = pace[-1]
    return total + max(0.0, seconds - last_start) * last_speed


def passing(fast: float = 8.0, slow: float = 2.6) -> tuple[tuple[float, float], ...]:
    """In from behind the hedge, slower in front of the camera, and on."""
    braking = (FAR_M - 15 - (fast - slow)) / fast
    return ((0, fast), (braking, fast), (braking + 2, slow), (braking + 4.5, slow + 0.8))


def leaving(slow: float = 2.8, fast: float = 8.0) -> tuple[tuple[float, float], ...]:
    return ((0, slow), (3.5, slow), (5.5, fast))


def stopping(at_m: float, wait_s: float, fast: float = 8.0) -> tuple[tuple[float, float], ...]:
    """Stands `at_m` meters before the camera for a while, then drives on."""
    braking = (FAR_M - at_m - fast) / fast
    still, go = braking + 2, braking + 2 + wait_s
    return ((0, fast), (braking, fast), (still, 0), (go, 0), (go + 2, 3.2), (go + 4, 4.0))


GERMAN = Car("DE", "KA PL 2048", "orange", "saloon")
DUTCH = Car("NL", "47 KRB 9", "blue")
BRITISH = Car("GB", "KV21 TXB", "red", "suv")
SPANISH = Car("ES", "6385 BDB", "white", "van")
CZECH = Car("CZ", "2A8 4936", "green")
UKRAINIAN = Car("UA", "AX 4827 HK", "yellow")
POLISH = Car("PL", "KRA 48PT", "white", "saloon")
SWISS = Car("CH", "ZH 482 163", "black", "suv")
BRAZILIAN = Car("BR", "RKB4C82", "blue", "saloon")

BLURRED = 2.5
"""With this much haze B looks like 8 and D like O until the car is near."""


def road_scene() -> Scene:
    """The demo's clip: ten passages of nine cars from nine countries."""
    return Scene(
        name="road",
        seconds=56.0,
        drives=(
            Drive(GERMAN, 0.0, passing()),
            Drive(DUTCH, 5.0, passing()),
            Drive(BRITISH, 9.5, leaving(), lane=RIGHT, away=True),
            # Comes out of the haze, so that its plate is first misread.
            Drive(SPANISH, 12.5, stopping(8.5, 0.4), blur=BLURRED),
            # Side by side through the entrance.
            Drive(CZECH, 20.5, passing(7.5, 2.5)),
            Drive(UKRAINIAN, 20.8, passing(7.5, 2.5), lane=RIGHT),
            # Waits in front of the camera while another one leaves beside it.
            Drive(POLISH, 27.0, stopping(7.5, 4.0)),
            Drive(SWISS, 31.0, leaving(), lane=RIGHT, away=True),
            # The first car again, much later than `lost_after`, from behind.
            Drive(GERMAN, 38.5, leaving(), lane=RIGHT, away=True),
            Drive(BRAZILIAN, 41.5, passing()),
        ),
    )


def short_scene() -> Scene:
    """Three passages, for tests: one comes, one leaves beside it, one comes behind."""
    return Scene(
        name="short",
        seconds=15.5,
        drives=(
            Drive(DUTCH, -1.0, passing()),
            Drive(BRITISH, 1.5, leaving(), lane=RIGHT, away=True),
            Drive(POLISH, 4.0, passing()),
        ),
    )
