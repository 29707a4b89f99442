"""Log -> schedule: what the transfer asked for, without what is too old or taken by retention."""

from platewire.delivery.place import Place
from platewire.delivery.records import Records
from platewire.delivery.schedule import Schedule
from platewire.eventlog.log import EventLog
from platewire.transfers.transfer import TransferSettings

READ_LIMIT = 256


class Reading:
    def __init__(
        self,
        settings: TransferSettings,
        log: EventLog,
        schedule: Schedule,
        place: Place,
        records: Records,
    ) -> None:
        self._settings = settings
        self._log = log
        self._schedule = schedule
        self._place = place
        self._records = records
        self._limit = max(READ_LIMIT, schedule.batch)

    async def read(self) -> None:
        """The next entries, as soon as there are any and there is room for them."""
        await self._place.room.wait()
        window = self._place.window
        await self._log.wait(window.read_to)
        entries = await self._log.read(window.read_to, self._limit)
        await self._pass_gap(entries[0].event.seq if entries else self._log.first_seq)
        selects = self._settings.selects
        wanted = [each for each in entries if selects(each) and not window.is_known(each.event.seq)]
        aged = [(each, self._records.too_old(each)) for each in wanted]
        expired = [(each, reason) for each, reason in aged if reason]
        await self._records.expired(expired)
        going = {each.event.seq for each, reason in aged if not reason}
        for entry in entries:
            window.read(entry.event.seq, wanted=entry.event.seq in going)
            if entry.event.seq in going:
                self._schedule.add(entry)
        if window.is_full:
            self._place.room.clear()
        await self._place.keep()

    async def _pass_gap(self, first_seq: int) -> None:
        window = self._place.window
        if first_seq > window.read_to + 1:
            await self._records.gap(window.missing(first_seq - 1))
            window.read(first_seq - 1, wanted=False)
            await self._place.keep()
