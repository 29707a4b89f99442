"""Real clips, whole way: frames in, passages out, compared with the texts of the vehicles in them.

A clip is exactly right when its passages' final texts are the vehicles' texts, each once. Clips
are for measuring only.
"""

import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from msgspec import Struct

from platewire.cli.recognition.passages import events_of
from platewire.model import Event, Kind
from platewire.passage.settings import PassageSettings
from platewire.recognition.engine import Engine

FIELDS = {"make": "make", "model": "model", "color": "colour", "type": "type"}
"""Of an event's vehicle, and what the truth calls them."""
OUR_WORD = {"grey": "gray", "suv": "car", "Citroen": "Citroën"}


class Described(Struct):
    known: int = 0
    """Vehicles of which the truth tells it."""
    said: int = 0
    """Of these, whose last event tells it."""
    right: int = 0

    def __add__(self, other: "Described") -> "Described":
        return Described(self.known + other.known, self.said + other.said, self.right + other.right)


class Result(Struct):
    """One clip."""

    name: str
    truth: dict[str, int]
    found: dict[str, int]
    paired: bool
    """Each passage has exactly one new first and one lost last."""
    frames_per_second: float
    described: dict[str, Described]
    """Of what vehicle data tells, for the vehicles whose text was read."""

    @property
    def exact(self) -> bool:
        return self.truth == self.found

    @property
    def right(self) -> int:
        return (Counter(self.truth) & Counter(self.found)).total()

    @property
    def wrong(self) -> int:
        """Passages whose text is no vehicle's, or a vehicle's once more."""
        return (Counter(self.found) - Counter(self.truth)).total()


def measure(engine: Engine, data: Path) -> list[Result]:
    lines = (data / "evaluate/clips.jsonl").read_text("utf-8").splitlines()
    return [measure_clip(engine, data, json.loads(line)) for line in lines]


def measure_clip(engine: Engine, data: Path, clip: dict[str, Any]) -> Result:
    started = time.perf_counter()
    events = asyncio.run(collect(data / "evaluate" / clip["file"], engine))
    spent = time.perf_counter() - started
    last = {event.passage: event.plate.text for event in events}
    return Result(
        name=Path(clip["file"]).stem,
        truth=dict(Counter(vehicle["text"] for vehicle in clip["vehicles"])),
        found=dict(Counter(last.values())),
        paired=all(well_formed(events, passage) for passage in last),
        frames_per_second=clip["frames"] / spent,
        described={field: described(field, clip["vehicles"], events) for field in FIELDS},
    )


def described(field: str, truth: list[dict[str, Any]], events: list[Event]) -> Described:
    last = {event.plate.text: getattr(event.vehicle, field) for event in events}
    known = [
        (vehicle[FIELDS[field]], last[vehicle["text"]])
        for vehicle in truth
        if vehicle[FIELDS[field]] and vehicle["text"] in last
    ]
    told = [(one, found.value) for one, found in known if found]
    return Described(
        len(known), len(told), sum(OUR_WORD.get(one, one) == found for one, found in told)
    )


async def collect(path: Path, engine: Engine) -> list[Event]:
    return [event async for event in events_of(path, engine, PassageSettings())]


def well_formed(events: list[Event], passage: object) -> bool:
    kinds = [event.kind for event in events if event.passage == passage]
    middle = set(kinds[1:-1]) <= {Kind.UPDATED}
    return kinds[0] is Kind.NEW and kinds[-1] is Kind.LOST and len(kinds) > 1 and middle


def said(result: Result) -> str:
    """What was read of a clip that is not exactly right."""
    truth, found = (
        " ".join(sorted(Counter(texts).elements())) or "nothing"
        for texts in (result.truth, result.found)
    )
    return f"{result.name}: {truth} read as {found}"
