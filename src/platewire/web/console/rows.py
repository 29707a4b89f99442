"""Display texts of an event, the same as in console.js."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from platewire.model import Attribute, Direction, Event, Image, picture_path

DIRECTIONS = {Direction.IN: "↓ in", Direction.OUT: "↑ out", Direction.UNKNOWN: ""}


class Row(NamedTuple):
    """One passage as a row of the list."""

    event: Event
    direction: str
    way: str
    """Zone and direction."""
    color: str
    vehicle: str
    percent: int
    crop: str


def row(event: Event) -> Row:
    return Row(
        event=event,
        direction=DIRECTIONS[event.direction],
        way=" · ".join(filter(None, (event.zone, DIRECTIONS[event.direction]))),
        color=_value(event.vehicle.color),
        vehicle=vehicle(event),
        percent=round(event.plate.confidence * 100),
        crop=link(event.images.plate),
    )


def vehicle(event: Event) -> str:
    it = event.vehicle
    return " ".join(filter(None, (_value(it.color), _value(it.make), _value(it.model))))


def link(image: Image | None) -> str:
    """Where this server has the picture; empty when there is none."""
    return "" if image is None else picture_path(image.sha256)


class Difference(NamedTuple):
    """A field that an event changed."""

    field: str
    before: str
    after: str


SHOWN: tuple[tuple[str, Callable[[Event], str]], ...] = (
    ("Plate", lambda event: event.plate.display),
    ("Raw text", lambda event: event.plate.raw),
    ("Country", lambda event: event.plate.country or ""),
    ("Region", lambda event: event.plate.region or ""),
    ("Partial", lambda event: "yes" if event.plate.partial else ""),
    ("Confidence", lambda event: f"{event.plate.confidence:.1%}"),
    ("Direction", lambda event: event.direction),
    ("Zone", lambda event: event.zone or ""),
    ("Color", lambda event: _value(event.vehicle.color)),
    ("Make", lambda event: _value(event.vehicle.make)),
    ("Model", lambda event: _value(event.vehicle.model)),
    ("Type", lambda event: _value(event.vehicle.type)),
    ("Lists", lambda event: ", ".join(hit.name for hit in event.lists)),
    ("Reads", lambda event: str(event.reads)),
)


class Step(NamedTuple):
    """One event in the history of its passage."""

    event: Event
    differences: Sequence[Difference]
    crop: str
    """The plate image, if it differs from the previous one."""


def steps(events: Sequence[Event]) -> list[Step]:
    """Each event beside the one before it; the first shows nothing but itself."""
    before = [None, *events[:-1]]
    return [_step(earlier, event) for earlier, event in zip(before, events, strict=True)]


def _step(before: Event | None, event: Event) -> Step:
    crop = link(event.images.plate)
    if before is None:
        return Step(event, (), crop)
    return Step(
        event, differences(before, event), "" if crop == link(before.images.plate) else crop
    )


def differences(before: Event, after: Event) -> list[Difference]:
    pairs = [(name, text(before), text(after)) for name, text in SHOWN]
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def _value(attribute: Attribute | None) -> str:
    return attribute.value if attribute else ""
