"""List matches of the plates of a camera's open passages."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from msgspec import structs

from platewire.access import AccessLists
from platewire.camera.passage_record import PassageRecord
from platewire.errors import PlatewireError
from platewire.model import Change, Kind, ListHit, Plate
from platewire.runtime.supervise import describe

diagnostics = logging.getLogger(__name__)

PARTIAL = "-"
"""Marks the text of a partial plate in `PassageRecord.looked_up`; no text has such a character."""


@dataclass(frozen=True, slots=True)
class ListLookup:
    """Looks up a plate whenever the text of a passage changes.

    At frame time, so that a recording gives the same events each time.
    """

    camera: str
    lists: AccessLists | None
    note: Callable[[str], None]
    """Reports a failure to the operator."""

    async def update(self, change: Change, record: PassageRecord) -> Change:
        """Brings the record up to date; gives the change, with `lists` among what changed where
        they did."""
        plate = key_of(change.plate)
        if self.lists is None or record.looked_up == plate:
            return change
        before = record.hits or (), record.withdrawn
        found = await self._look_up(self.lists, change)
        record.hits = hits = found or ()
        # Where the lists could not be read, the next event reads them again.
        record.looked_up = None if found is None else plate
        names = (*record.named, *(hit.name for hit in hits))
        record.named = tuple(dict.fromkeys(names))
        if change.kind is Kind.NEW or (hits, record.withdrawn) == before:
            return change
        return structs.replace(change, changed=(*change.changed, "lists"))

    async def _look_up(self, lists: AccessLists, change: Change) -> tuple[ListHit, ...] | None:
        """An event never waits for lists that cannot be read: the failure is reported, and None."""
        try:
            plate = change.plate
            listed = await lists.look_up(
                plate.text, self.camera, change.last_seen_at, partial=plate.partial
            )
        except Exception as error:
            why = describe(error)
            report = f'camera "{self.camera}": {why}; the event was stored without list matches'
            if not isinstance(error, PlatewireError):
                diagnostics.error("%s", report, exc_info=error)
            self.note(report)
            return None
        return tuple(each.hit for each in listed if not each.refusal)


def key_of(plate: Plate) -> str:
    """What makes a lookup give another result: the text, and whether it is only a part of it."""
    return plate.text + PARTIAL * plate.partial
