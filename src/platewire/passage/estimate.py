"""The published and the current estimate of a passage, and which difference is an event.

An `Estimate` is the part of an event that matters to a receiver; a difference makes `updated`.
Values that merely accompany it (confidence, boxes, candidates, counts, times) never do.
"""

from typing import Any

from msgspec import Struct, structs

from platewire.model import Direction

FIELDS = {
    "text": "plate.text",
    "display": "plate.display",
    "country": "plate.country",
    "region": "plate.region",
    "partial": "plate.partial",
    "zone": "zone",
    "direction": "direction",
    "make": "vehicle.make",
    "model": "vehicle.model",
    "type": "vehicle.type",
    "color": "vehicle.color",
}
"""Field of the answer -> path of the event's field, in the order in which `changed` names them."""

UNITS = (
    ("text", "country", "region", "partial"),
    ("zone",),
    ("make", "model"),
    ("type",),
    ("color",),
)
"""What changes together, and only when two reads in succession agree on it. The direction is not
here, being steady by itself; nor the display form, which follows the text."""


class Estimate(Struct, frozen=True, kw_only=True):
    text: str
    display: str
    country: str | None = None
    region: str | None = None
    partial: bool = False
    zone: str | None = None
    direction: Direction = Direction.UNKNOWN
    make: str | None = None
    model: str | None = None
    type: str | None = None
    color: str | None = None


Values = tuple[str | bool | None, ...]
Pending = dict[str, Values]
"""By a unit's first field: the values that the last read gave and that one more would settle."""


def changed(old: Estimate, new: Estimate) -> tuple[str, ...]:
    """Paths of the event's fields in which the two differ."""
    return tuple(path for name, path in FIELDS.items() if getattr(old, name) != getattr(new, name))


def matters(old: Estimate, new: Estimate) -> bool:
    """Whether the difference makes an event; another display form of the same text does not."""
    return old != structs.replace(new, display=old.display)


def settle(shown: Estimate, found: Estimate, pending: Pending) -> Estimate:
    """`found`, where it is steady enough to be told, else `shown`; `pending` is brought up to date.

    What was not known before is taken at once; what contradicts waits for a second read.
    """
    values: dict[str, Any] = {"direction": found.direction}
    for unit in UNITS:
        values |= zip(unit, _settled(unit, shown, found, pending), strict=True)
    return structs.replace(shown, **values)


def _settled(unit: tuple[str, ...], shown: Estimate, found: Estimate, pending: Pending) -> Values:
    before: Values = tuple(getattr(shown, name) for name in unit)
    now: Values = tuple(getattr(found, name) for name in unit)
    waiting = pending.pop(unit[0], None)
    adds = all(old in (None, new) for old, new in zip(before, now, strict=True))
    if adds or waiting == now:
        return now
    pending[unit[0]] = now
    return before
