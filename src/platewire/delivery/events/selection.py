"""Which events an output sends, and which it never sent, by its settings over time.

The log records the settings that select events whenever they change; `outputs.selector` decides
which events they select.
"""

from collections.abc import Collection, Sequence
from typing import Self

import msgspec

from platewire.eventlog.deliveries.records import Ranges, Selection
from platewire.eventlog.log import EventLog
from platewire.eventlog.upkeep.beside import LogBeside
from platewire.model import Entry, EventReader, entry_at
from platewire.outputs.output import OutputSettings
from platewire.outputs.selector import Selector

NOT_CHOOSING = {
    *("name", "max_age_seconds", "ahead_seconds_max", "picture", "start"),
    *("probe_seconds_max", "order", "order_wait_seconds"),
}
CHOOSING = tuple(name for name in OutputSettings.__struct_fields__ if name not in NOT_CHOOSING)


async def remember_selection(
    log: EventLog, settings: OutputSettings, floor: int, acknowledged: Ranges = ()
) -> None:
    """That these settings choose from after the floor on, but for what was dealt with above it: who
    got a `new` there by those of before is told to the end. Where they did before, nothing is kept.
    """
    known = await log.deliveries.selections(settings.name)
    chosen = recorded_settings(settings)
    if known and known[-1].settings == chosen:
        return
    above = [(first, last) for first, last in acknowledged if last > floor]
    starts = {floor + 1, *(each.from_seq for each in known if each.from_seq > floor)}
    for first, last in above:
        starts |= {first, last + 1}
    for seq in sorted(starts):
        before = [each.settings for each in known if each.from_seq <= seq][-1:]
        dealt_with = any(first <= seq <= last for first, last in above)
        now = before[0] if before and dealt_with else chosen
        await log.deliveries.add_selection(settings.name, Selection(from_seq=seq, settings=now))


def recorded_settings(settings: OutputSettings) -> bytes:
    return msgspec.json.encode({name: getattr(settings, name) for name in CHOOSING})


class Selected:
    """The events of one output, by the settings in force at the time and by the current ones."""

    def __init__(
        self,
        log: EventReader,
        settings: OutputSettings,
        selections: Sequence[Selection],
        floor: int | None = None,
    ) -> None:
        """`floor`: the seq up to which all events were settled when this run began; None: that of
        the last event before the current settings."""
        known = [(each.from_seq, _settings(each.settings, settings)) for each in selections]
        self.began = known[0][0] if known else None
        """The first event that it was to send; None if it never ran."""
        old_to = known[-1][0] - 1 if known else 0
        self._old_to = old_to if floor is None else min(old_to, floor)
        self._then = Selector(log, known)
        self._today = Selector(log, [(0, settings)])

    @classmethod
    async def of(cls, log: EventLog, settings: OutputSettings, floor: int | None = None) -> Self:
        return cls(log, settings, await log.deliveries.selections(settings.name), floor)

    async def live(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those that the output sends, or has sent. Events of earlier settings that the current
        settings exclude are left out, as they are not sent a second time."""
        sent = await self._then.select(entries)
        old = [entry for entry in sent if entry.event.seq <= self._old_to]
        still = await self._today.judge(old) if old else {}
        return [each for each in sent if each.event.seq > self._old_to or each.event.seq in still]

    async def today(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those that the current settings select."""
        return await self.as_sent(await self._today.select(entries))

    async def never(self, entries: Sequence[Entry], expired: Collection[int]) -> list[Entry]:
        """Those of them that were not selected at the time, or had `expired` by then."""
        then = await self._then.judge(entries)
        return [
            entry
            for entry in await self.today(entries)
            if entry.event.seq not in then or entry.event.seq in expired
        ]

    async def as_sent(self, entries: Sequence[Entry]) -> list[Entry]:
        """The same, each marked `first` if it was sent as the first of its passage."""
        then = await self._then.judge(entries)
        return [entry._replace(first=then.get(entry.event.seq, entry.first)) for entry in entries]


def _settings(text: bytes, today: OutputSettings) -> OutputSettings:
    """Recorded settings, as a value of the current type."""
    then = msgspec.convert({"name": "then", **msgspec.json.decode(text)}, OutputSettings)
    return msgspec.structs.replace(today, **{name: getattr(then, name) for name in CHOOSING})


class DeliveredEvents:
    """What an output has given until now, as the file of the log tells it."""

    def __init__(self, log: LogBeside, settings: OutputSettings) -> None:
        self._log = log
        self._selected = Selected(log, settings, log.selections(settings.name))
        self._undelivered = log.undelivered(settings.name)
        self.first_seq = log.first_seq
        self.last_seq = log.cursor(settings.name)
        """The floor: up to here the output has dealt with all."""

    def ids(self, first: int, last: int) -> Sequence[tuple[int, str, int]]:
        return self._log.ids(first, last)

    async def given(self, seqs: Sequence[int]) -> Sequence[int]:
        """Those of them that were to be given, and were not given up."""
        found = [await entry_at(self._log, seq) for seq in seqs if not self._is_left_out(seq)]
        there = [entry for entry in found if entry is not None]
        return [entry.event.seq for entry in await self._selected.live(there)]

    def _is_left_out(self, seq: int) -> bool:
        return any(first <= seq <= last for first, last in self._undelivered)
