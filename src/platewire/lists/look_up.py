"""Which lists know a plate, how it matches, and whether that holds here and now. Blocking."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from platewire.access import ListMatch
from platewire.lists.entry import ListEntry, refusal
from platewire.lists.matching import how
from platewire.lists.settings import EventField, ListSettings, Mode
from platewire.lists.store import CandidateEntry, Store
from platewire.model import ListHit

ORDER = tuple(Mode)


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings for lookups: the lists in the order of the configuration, and the time zone of
    hours."""

    lists: Mapping[str, ListSettings]
    zone: ZoneInfo

    @property
    def loosest(self) -> Mode:
        return max((each.mode for each in self.lists.values()), key=ORDER.index, default=Mode.EXACT)


def look_up(
    store: Store, rules: Rules, plate: str, camera: str, at: datetime, *, partial: bool = False
) -> list[ListMatch]:
    """One for each list that knows the plate (A-Z0-9), in the order of the configuration.

    What a `partial` plate equals is no exact match, see `matching.how`.

    Of several entries of a list, one that holds goes before one that does not, then a stricter
    match before a looser. Lists that the configuration does not name know nothing.
    """
    best: dict[str, tuple[tuple[bool, int, str], ListMatch]] = {}
    for found in store.candidates(plate, rules.loosest):
        for rank, listed in _matches(found, rules, plate, camera, at, partial):
            if found.list not in best or rank < best[found.list][0]:
                best[found.list] = rank, listed
    return [best[name][1] for name in rules.lists if name in best]


def _matches(
    found: CandidateEntry, rules: Rules, plate: str, camera: str, at: datetime, partial: bool
) -> Iterator[tuple[tuple[bool, int, str], ListMatch]]:
    """With what to compare it by; nothing where the list does not let it match so."""
    settings = rules.lists.get(found.list)
    mode = how(plate, found.entry.text, partial=partial)
    if settings is None or mode is None or ORDER.index(mode) > ORDER.index(settings.mode):
        return
    why = refusal(found.entry, camera, at, rules.zone)
    hit = ListHit(
        *(found.list, mode.value, settings.kind.value, found.entry.plate),
        **_entry_fields(found.entry, settings.event_fields),
    )
    yield (bool(why), ORDER.index(mode), found.entry.text), ListMatch(hit, why)


def _entry_fields(entry: ListEntry, chosen: Collection[EventField]) -> dict[str, Any]:
    """Fields of the entry for a hit, without empty ones."""
    fields: dict[str, Any] = {
        name: text
        for name, text in (("holder", entry.holder), ("note", entry.note), ("group", entry.group))
        if name in chosen and text
    }
    if "card" in chosen and entry.card_bits:
        fields["card_facility"] = int(entry.card_facility) if entry.card_facility else None
        fields["card_number"], fields["card_bits"] = entry.card_number, int(entry.card_bits)
    return fields
