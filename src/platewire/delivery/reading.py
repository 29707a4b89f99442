"""Log -> schedule: selected events, without those that are too old or deleted by retention.

Goes back if the receiver has lost events that it had confirmed.
"""

from platewire.delivery.events.window import Window
from platewire.delivery.progress import Progress
from platewire.delivery.records import LOST, Records
from platewire.delivery.schedule import Schedule
from platewire.eventlog.log import EventLog

READ_LIMIT = 256
"""Events read from the log at once, or a batch if that is more: few statements, little memory."""


class Reading:
    def __init__(
        self,
        log: EventLog,
        schedule: Schedule,
        progress: Progress,
        records: Records,
    ) -> None:
        self._log = log
        self._schedule = schedule
        self._progress = progress
        self._records = records
        self._limit = max(READ_LIMIT, schedule.batch)
        self._sound = (0, 0)
        """What the other side held when all up to the second was found to be there."""

    async def read(self) -> None:
        """The next entries, as soon as there are any and there is room for them."""
        await self._progress.room.wait()
        window = self._progress.window
        last = await self._log.wait(window.read_to)
        entries = await self._log.read(window.read_to, self._limit)
        await self._pass_gap(entries[0].event.seq if entries else last + 1)
        selected = await self._progress.selected.live(entries)
        wanted = [each for each in selected if not window.is_known(each.event.seq)]
        aged = [(each, self._records.too_old(each)) for each in wanted]
        expired = [(each, reason) for each, reason in aged if reason]
        await self._records.expired(expired)
        going = {each.event.seq: each for each, reason in aged if not reason}
        for entry in entries:
            seq = entry.event.seq
            window.read(seq, wanted=seq in going)
            if seq in going:
                self._schedule.add(going[seq])
        if window.is_full:
            self._progress.room.clear()
        await self._progress.keep()

    async def _pass_gap(self, first_seq: int) -> None:
        window = self._progress.window
        if first_seq > window.read_to + 1:
            await self._records.gap(window.missing(first_seq - 1))
            window.read(first_seq - 1, wanted=False)
            await self._progress.keep()

    # --- back, where the other side has lost something --------------------------------------------

    async def lost_from(self, held: int) -> int | None:
        """The first event after `held` that was given and can be given again; None where there is
        none. What cannot be given any more is told."""
        progress, log = self._progress, self._log
        known, sound = self._sound
        after = max(held, (progress.selected.began or 1) - 1, sound if held == known else 0)
        floor, above = progress.window.floor, progress.window.above()
        if after >= max(floor, *(last for _, last in above), 0):
            return None
        never_given = Window(after, await progress.dealt_with(after))
        await self._records.gap(never_given.missing(min(floor, log.first_seq - 1)), LOST)
        after = max(after, log.first_seq - 1)
        for first, last in ((after + 1, floor), *above):
            lost = await self._first_given(max(after, first - 1), last, never_given)
            if lost is not None:
                return lost
        self._sound = (held, floor)
        return None

    async def _first_given(self, after: int, last: int, never_given: Window) -> int | None:
        while after < last and (entries := await self._log.read(after, self._limit)):
            for entry in await self._progress.selected.live(entries):
                seq = entry.event.seq
                if seq <= last and not never_given.is_known(seq):
                    return seq
            after = entries[-1].event.seq
        return None

    async def go_back(self, lost: int) -> None:
        """To before that event. `read` may not be going on, and nothing be in flight."""
        self._schedule.forget()
        await self._progress.go_back(min(lost - 1, self._progress.window.floor))
