"""Values that NumberOk's JSON and TCP formats share, so that they cannot differ.

docs/outputs/numberok_fields.md describes each field in every format.
"""

import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from platewire.model import Event, Plate, Site
from platewire.runtime.clock import milliseconds

_LIVE = timedelta(minutes=1)
"""A source that is further behind its frames plays a recording."""
_OF_A_PLATE = "LNM"
"""Unicode categories of letters, numbers and combining marks."""


class Attempt(NamedTuple):
    """Values of one attempt to send an event, not of the event itself."""

    again: bool = False
    """See `Entry.again`."""
    age_ms: int | None = None
    """Time since the vehicle was last seen, or was declared lost; None if unknown."""


FIRST_ATTEMPT = Attempt()


def own_letters(plate: Plate) -> str:
    """The plate in its original script without separators, which receivers compare."""
    kept = (sign for sign in plate.unicode if unicodedata.category(sign)[0] in _OF_A_PLATE)
    return "".join(kept) or plate.text


def zone_index(event: Event, site: Site) -> int | None:
    """Index of the zone in the configuration, from 0; 0 without a zone. None if the zone is no
    longer configured: a wrong number opens a wrong gate."""
    zones = site.zones.get(event.camera, ())
    if event.zone is None:
        return 0
    return zones.index(event.zone) if event.zone in zones else None


def process_ms(event: Event) -> int:
    """Time from frame to log; 0 if meaningless, as for a recording."""
    if event.recorded_at is None:
        return 0
    span = event.recorded_at - event.occurred_at
    return span // timedelta(milliseconds=1) if timedelta() <= span < _LIVE else 0


def shared_additions(event: Event, attempt: Attempt) -> Iterator[tuple[str, object]]:
    """Fields of platewire that both formats have: JSON's names, which TCP capitalizes."""
    yield "firstSeenMs", milliseconds(event.first_seen_at)
    yield "lastSeenMs", milliseconds(event.last_seen_at)
    yield from _list_entry(event)
    if attempt.age_ms is not None:
        yield "ageMs", attempt.age_ms
    if event.replayed:
        yield "replayed", "true"
    if attempt.again:
        yield "redelivery", "true"


def _list_entry(event: Event) -> Iterator[tuple[str, object]]:
    """Holder and card of the entry in the first matching list, as far as the list's `event_fields`
    allows."""
    for hit in event.lists[:1]:
        said = {
            "owner": hit.holder,
            "group": hit.group,
            "cardFacility": hit.card_facility,
            "cardNumber": hit.card_number,
            "cardBits": hit.card_bits,
        }
        yield from ((name, value) for name, value in said.items() if value is not None)
