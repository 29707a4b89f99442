"""Which old events a replay sends: those that failed, those that were never sent, or all.

failed       dead letters that are not discarded; delivered, they are dead letters no more
never_sent   what the settings of today select and this transfer was never to send: from
             before it first ran, left out by settings it had then, or too old when its turn
             came
all          whatever the settings of today select
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from platewire.delivery.selection import History
from platewire.eventlog.letters import DeadQuery
from platewire.eventlog.log import EventLog
from platewire.model import Entry
from platewire.transfers.transfer import TransferSettings

What = Literal["failed", "never_sent", "all"]
LETTERS_MAX = 1_000_000


class Choice(Struct, frozen=True, kw_only=True):
    """What one replay is to send."""

    what: What
    first_seq: int
    last_seq: int
    wanted: Callable[[Entry], bool]
    seqs: tuple[int, ...] | None = None
    """Exactly these, rising, where they are known beforehand."""

    @property
    def total(self) -> int:
        """How many events will be looked at."""
        if self.seqs is not None:
            return len(self.seqs)
        return max(0, self.last_seq - self.first_seq + 1)


async def choose(
    log: EventLog,
    settings: TransferSettings,
    what: What,
    first_seq: int,
    last_seq: int | None,
    failed_since: datetime | None = None,
) -> Choice:
    """Nothing that the live delivery is still to send, but for `all`, which is what it says."""
    first = max(first_seq, log.first_seq)
    last = log.last_seq if last_seq is None else min(last_seq, log.last_seq)
    if what == "all":
        return Choice(what=what, first_seq=first, last_seq=last, wanted=settings.selects)
    if what == "failed":
        query = DeadQuery(since=failed_since)
        seqs = [
            letter.seq
            for letter in reversed(await log.dead(settings.name, query, LETTERS_MAX))
            if letter.outcome != "gap" and first <= letter.seq <= last
        ]
        return _exactly(what, seqs, first, last)
    floor = await log.cursor(settings.name)
    last = min(last, log.last_seq if floor is None else floor)
    return Choice(
        what=what, first_seq=first, last_seq=last, wanted=await _never_sent(log, settings)
    )


def _exactly(what: What, seqs: Sequence[int], first: int, last: int) -> Choice:
    return Choice(
        what=what, first_seq=first, last_seq=last, wanted=lambda entry: True, seqs=tuple(seqs)
    )


async def _never_sent(log: EventLog, settings: TransferSettings) -> Callable[[Entry], bool]:
    history = History(await log.selections(settings.name))
    letters = await log.dead(settings.name, DeadQuery(group="expired"), LETTERS_MAX)
    expired = {letter.seq for letter in letters if not letter.attempts}

    def wanted(entry: Entry) -> bool:
        asked_for = history.asked_for(entry) and entry.event.seq not in expired
        return not asked_for and settings.selects(entry)

    return wanted
