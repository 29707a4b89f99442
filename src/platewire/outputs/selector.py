"""Which events an output sends, per passage: a receiver of one event gets all later ones.

A passage is sent from its first event that the filters match (countries, confidence, lists,
directions, zones). All its later events are sent too, even if the filters no longer match, so that
the receiver gets corrections and the `lost`. Kinds and changes are filtered event by event.
Outputs that open something evaluate each event by itself, as nothing may open for a plate that
the filters exclude.

The selection is derived from the log and the settings only, so it is the same after a restart, on a
retry and in a replay: whether an event was sent, expired or was rejected makes no difference. If
retention has deleted the beginning of a passage, the passage begins with what is left.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from platewire.model import Entry, Event, EventReader
from platewire.outputs.output import OutputSettings

PASSAGES_KEPT = 4096
"""Newest passages, about 300 bytes each; others are queried from the log."""
LOOKED_UP_AT_ONCE = 64
"""Passages per query."""

InForce = Sequence[tuple[int, OutputSettings]]
"""Settings and the seq from which they apply, ascending; nothing is selected before the first."""


class Passage(NamedTuple):
    """State of one passage up to and including `revision`."""

    revision: int
    matched: int | None
    """Seq of the first event that the filters matched."""
    sent: int | None
    """Seq of the first event that is sent."""


UNKNOWN = Passage(-1, None, None)


class Selector:
    """Selects from pages of events at any position in the log, each ascending by seq."""

    def __init__(self, log: EventReader, in_force: InForce) -> None:
        self._log = log
        self._in_force = tuple(reversed(in_force))
        self._follows = not all(settings.opens_something for _, settings in in_force)
        self._kept: OrderedDict[UUID, Passage] = OrderedDict()

    async def select(self, entries: Sequence[Entry]) -> list[Entry]:
        """The events to send, the first of each passage marked as `first`."""
        first = await self.judge(entries)
        return [
            entry._replace(first=True) if first[entry.event.seq] else entry
            for entry in entries
            if entry.event.seq in first
        ]

    async def judge(self, entries: Sequence[Entry]) -> Mapping[int, bool]:
        """Maps the seq of each event to send to whether it is the first of its passage."""
        page = await self._known(entries)
        judged = [(entry.event.seq, self._is_first(entry.event, page)) for entry in entries]
        self._keep(page)
        return {seq: first for seq, first in judged if first is not None}

    def _is_first(self, event: Event, page: dict[UUID, Passage]) -> bool | None:
        """None if it is not sent."""
        settings = self._settings_at(event.seq)
        if settings is None:
            return None
        if settings.opens_something:
            return False if settings.selects(event) else None
        passage = self._with(event, page)
        if passage.matched is None or event.seq < passage.matched:
            return None
        first = event.seq == passage.sent
        return first if settings.wants(event, first=first) else None

    def _settings_at(self, seq: int) -> OutputSettings | None:
        return next((settings for start, settings in self._in_force if seq >= start), None)

    # --- what is known of passages ----------------------------------------------------------------

    def _with(self, event: Event, page: dict[UUID, Passage]) -> Passage:
        known = page[event.passage]
        if event.revision > known.revision:
            known = page[event.passage] = self._after(known, event)
        return known

    def _after(self, known: Passage, event: Event) -> Passage:
        _, matched, sent = known
        settings = self._settings_at(event.seq)
        if settings is not None:
            if matched is None and settings.matches(event):
                matched = event.seq
            if sent is None and matched is not None and settings.wants(event, first=True):
                sent = event.seq
        return Passage(event.revision, matched, sent)

    def _keep(self, page: Mapping[UUID, Passage]) -> None:
        for passage, known in page.items():
            self._kept[passage] = known
            self._kept.move_to_end(passage)
        while len(self._kept) > PASSAGES_KEPT:
            self._kept.popitem(last=False)

    async def _known(self, entries: Sequence[Entry]) -> dict[UUID, Passage]:
        """State of these passages, from memory or from the log."""
        page = {each.event.passage: self._kept.get(each.event.passage, UNKNOWN) for each in entries}
        numbers = self._not_remembered(entries, page) if self._follows else []
        last = max((entry.event.seq for entry in entries), default=0)
        found: dict[UUID, Passage] = {}
        for start in range(0, len(numbers), LOOKED_UP_AT_ONCE):
            some = numbers[start : start + LOOKED_UP_AT_ONCE]
            for entry in await self._log.of_passages(some, last):
                event = entry.event
                found[event.passage] = self._after(found.get(event.passage, UNKNOWN), event)
        return page | found

    def _not_remembered(
        self, entries: Sequence[Entry], page: Mapping[UUID, Passage]
    ) -> Sequence[int]:
        """Numbers of the passages of which earlier events are missing."""
        revisions = {passage: known.revision for passage, known in page.items()}
        numbers: dict[int, None] = {}
        for entry in entries:
            event = entry.event
            known = revisions[event.passage]
            if event.revision > known + 1 and page[event.passage].sent is None:
                numbers[event.passage_number] = None
            revisions[event.passage] = max(known, event.revision)
        return list(numbers)
