"""How the passages of a road compare with the vehicles that were really there."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from platewire.model import Box, Change, Direction
from platewire.passage.frame import FrameView
from platewire.passage.passages import Passages
from platewire.passage.settings import PassageSettings
from platewire.runtime.identity import uuid7
from tests.simulation.road import Trip, trips
from tests.simulation.road_reads import Reader

ENOUGH_READS = 5
"""Reads with the right text from which on a vehicle has to be found: one is held back, and three
more where its text came up at the place of another."""


@dataclass
class Verdict:
    """Counts of vehicles, by kind of trip."""

    vehicles: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    """Without a passage of their own: not told, or merged into another's."""
    doubled: Counter[str] = field(default_factory=Counter)
    """Passages more than one a vehicle."""
    turned: Counter[str] = field(default_factory=Counter)
    """Another direction than they really had, or none."""
    misnamed: Counter[str] = field(default_factory=Counter)
    """Another text in the end than the plate bears."""
    cases: list[tuple[str, int, Trip, list[Change]]] = field(default_factory=list)
    """What was wrong, for whom, and all that was told of it."""

    def add(self, other: "Verdict") -> None:
        for name in ("vehicles", "missed", "doubled", "turned", "misnamed"):
            getattr(self, name).update(getattr(other, name))
        self.cases += other.cases

    def share(self, name: str) -> float:
        """Of all vehicles."""
        counter: Counter[str] = getattr(self, name)
        return counter.total() / self.vehicles.total()


def drive(seed: int, vehicles: int, *, blind: bool = False, **settings: object) -> Verdict:
    """Lets so many vehicles pass and judges what was told of them."""
    chosen = PassageSettings(**{"direction_in": 90.0, **settings})  # type: ignore[arg-type]
    road = trips(seed, vehicles, blind=blind)
    reader = Reader(seed, road)
    passages = Passages(chosen, _Ids())
    owner: dict[tuple[datetime, Box], int] = {}
    changes: list[Change] = []
    for at, reads, owners in reader.frames():
        owner.update(((read.at, read.box), who) for read, who in zip(reads, owners, strict=True))
        changes += passages.update(reads, FrameView(at, reader.view.width, reader.view.height))
    changes += passages.end()
    return _judge(road, reader, changes, owner)


def _judge(
    road: list[Trip], reader: Reader, changes: list[Change], owner: dict[tuple[datetime, Box], int]
) -> Verdict:
    told: dict[int, dict[UUID, list[Change]]] = defaultdict(dict)
    stories: dict[UUID, list[Change]] = defaultdict(list)
    for change in changes:
        stories[change.passage].append(change)
    for passage, story in stories.items():
        best = story[-1].best
        told[owner[best.at, best.box]][passage] = story
    verdict = Verdict()
    for index, trip in enumerate(road):
        if reader.right[index] >= ENOUGH_READS or index in told:
            _judge_trip(verdict, index, trip, list(told[index].values()))
    return verdict


def _judge_trip(verdict: Verdict, index: int, trip: Trip, stories: list[list[Change]]) -> None:
    verdict.vehicles[trip.kind] += 1
    wrong = []
    if not stories:
        verdict.missed[trip.kind] += 1
        wrong.append("missed")
    else:
        last = stories[-1][-1]
        if len(stories) > 1:
            verdict.doubled[trip.kind] += len(stories) - 1
            wrong.append("doubled")
        elif last.direction != trip.direction:
            verdict.turned[trip.kind] += 1
            wrong.append("turned" if last.direction != Direction.UNKNOWN else "no direction")
        if last.plate.text != trip.text:
            verdict.misnamed[trip.kind] += 1
    said = [change for story in stories for change in story]
    verdict.cases += [(name, index, trip, said) for name in wrong]


class _Ids:
    """Passage ids and numbers that are the same in every run."""

    def __init__(self) -> None:
        self._number = 0

    def __call__(self) -> tuple[UUID, int]:
        self._number += 1
        return uuid7(self._number, self._number), self._number
