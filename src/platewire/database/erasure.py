"""What remains of an event whose plate is erased or pseudonymized; the same for both databases.

The event remains with time, camera and direction, so that the log has no gap and counts stay
correct. An erased event has the plate `ERASED` and no vehicle data; a pseudonymized one has a
generated name, the same for all passages of the plate, and keeps the vehicle data. Pictures and
list matches are removed in both cases, because they contain the plate.
"""

import re
import secrets
from collections.abc import Collection, Iterable

from msgspec import Struct, structs

from platewire.database.search.plate_in_text import PlateMatcher
from platewire.errors import ConfigError
from platewire.model import Event, Images, ListHit, Plate, Vehicle

ERASED = "ERASED"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class DatabaseErasure(Struct, frozen=True, kw_only=True):
    """What was erased in the database, and where the plate still is."""

    passages: int
    events: int
    pictures: int
    mentions: int
    left: tuple[str, ...]


def normal(plate: str) -> str:
    """As a person types it, to what events hold; ConfigError where nothing is left."""
    text = re.sub(r"[^A-Z0-9]", "", plate.upper())
    if not text or text == ERASED:
        raise ConfigError(f"{plate!r} is not a plate; use letters A-Z and digits, such as BU 9042")
    return text


def new_pseudonym() -> str:
    """Says nothing of the plate; `X` and nine characters that are not mistaken for each other."""
    return "X" + "".join(secrets.choice(LETTERS) for _ in range(9))


def spellings(events: Iterable[Event], plate: str) -> frozenset[str]:
    """All the ways in which these events write the plate."""
    found = {plate}
    for event in events:
        if event.plate.text == plate:
            found |= {event.plate.display, event.plate.raw, event.plate.unicode}
            # A list may hold a plate that only looks like it.
            found |= {hit.entry for hit in event.lists if hit.entry and normal(hit.entry) == plate}
    return frozenset(each for each in found if each)


def plates_in(event: Event) -> set[str]:
    """All texts in it that are plates, or were taken for one."""
    plate = event.plate
    heard = {each.text for each in plate.candidates} | {hit.entry or "" for hit in event.lists}
    return heard | {plate.text, plate.display, plate.raw, plate.unicode}


def blank(event: Event, name: str) -> Event:
    """The event of the plate itself. `name` is `ERASED` or the pseudonym."""
    plate = Plate(
        text=name,
        display=name,
        raw=name,
        unicode=name,
        country=None if name == ERASED else event.plate.country,
        region=None if name == ERASED else event.plate.region,
        confidence=event.plate.confidence,
        box=event.plate.box,
    )
    return structs.replace(
        event,
        plate=plate,
        vehicle=Vehicle() if name == ERASED else event.vehicle,
        images=Images(),
        lists=(),
    )


def without(event: Event, written: Collection[str], name: str) -> Event:
    """An event of another plate, of which this one was a candidate or a misreading."""
    plate = event.plate
    return structs.replace(
        event,
        plate=structs.replace(
            plate,
            raw=name if plate.raw in written else plate.raw,
            display=plate.text if plate.display in written else plate.display,
            unicode=plate.text if plate.unicode in written else plate.unicode,
            candidates=tuple(each for each in plate.candidates if each.text not in written),
        ),
        lists=tuple(
            _silent(hit, PlateMatcher(written, ()))
            for hit in event.lists
            if hit.entry not in written
        ),
    )


def _silent(hit: ListHit, matcher: PlateMatcher) -> ListHit:
    """Without what a person wrote that names the plate, such as a second car in a note."""
    named = {
        name: None for name in ("holder", "note", "group") if matcher.stands_in(getattr(hit, name))
    }
    return structs.replace(hit, **named)
