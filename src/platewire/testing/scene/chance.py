"""Scenes by a seed, for tests that want many different ones: soak, load, kill and restart."""

import random
from itertools import count

from platewire.testing.scene.bodies import PAINTS
from platewire.testing.scene.script import (
    LEFT,
    RIGHT,
    Body,
    Car,
    Drive,
    Scene,
    leaving,
    passing,
    stopping,
)

BODIES: tuple[Body, ...] = ("hatchback", "saloon", "suv", "van")
EMPTY_ROAD_S = 7.0
"""At the end, so that the last car is lost within the clip."""

# Forms that no other country has: D is a digit, L a letter from the last column.
FORMS = (
    ("ES", "DDDD LLL", "BCFGHJKLMNPRTVXY"),
    ("GB", "KV6D LLL", "ABCEFGHJKLMNPRTUVXY"),
    ("UA", "AX DDDD LL", "ABCEHKMPTX"),
    ("PL", "KRA DDLL", "ACEFGHJKLMNPRTUVXY"),
    ("CZ", "2AD DDDD", ""),
    ("BR", "RKBDLDD", "ACEFGHJKLMNPRTUVXY"),
)
DIGITS = "2345679"
"""Without those that a letter is easily taken for."""


def random_scene(seed: int, passages: int = 6) -> Scene:
    """`passages` cars, one after another or beside each other; plates are all different."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    moment, texts = 0.0, set[str]()
    drives: list[Drive] = []
    for number in count():
        if len(drives) == passages:
            break
        car = random_car(chance)
        if car.text in texts:
            continue
        texts.add(car.text)
        drives.append(random_drive(chance, car, moment, right=number % 2 == 1))
        moment += chance.uniform(3.0, 6.0)
    seconds = round(max(drive.ends for drive in drives) + EMPTY_ROAD_S, 1)
    return Scene(name=f"random-{seed}", seconds=seconds, drives=tuple(drives), seed=seed)


def random_car(chance: random.Random) -> Car:
    country, form, letters = chance.choice(FORMS)
    display = written(chance, form, letters)
    return Car(country, display, chance.choice(sorted(PAINTS)), chance.choice(BODIES))


def written(chance: random.Random, form: str, letters: str) -> str:
    """The form with its D and L filled in; the forms hold neither as a fixed letter."""
    fill = {"D": DIGITS, "L": letters}
    return "".join(chance.choice(fill[sign]) if fill.get(sign) else sign for sign in form)


def random_drive(chance: random.Random, car: Car, starts: float, *, right: bool) -> Drive:
    if right:
        return Drive(car, starts, leaving(), lane=RIGHT, away=True)
    if chance.random() < 0.25:
        return Drive(car, starts, stopping(7.5, 2.0), lane=LEFT)
    return Drive(car, starts, passing(), lane=LEFT)
