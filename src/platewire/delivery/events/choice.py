"""Selects the stored events of a replay: failed events, events that were never sent, or all.

failed       dead letters that are not discarded; once delivered, they are no dead letters
never_sent   events that the current settings select and that were not sent: stored before the
             output first ran, filtered out by earlier settings, or too old when their turn came
all          all events that the current settings select
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Literal

from msgspec import Struct

from platewire.delivery.events.selection import Selected
from platewire.eventlog.deliveries.records import DeadQuery
from platewire.eventlog.log import EventLog
from platewire.model import Entry
from platewire.outputs.output import OutputSettings

What = Literal["failed", "never_sent", "all"]
DEAD_LETTERS_MAX = 1_000_000
"""Failed events that one replay sends, at most; more than an output ever leaves, so all of
them."""


class Choice(Struct, frozen=True, kw_only=True):
    """What one replay is to send."""

    what: What
    first_seq: int
    last_seq: int
    wanted: Callable[[Sequence[Entry]], Awaitable[Sequence[Entry]]]
    """Which of them."""
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
    settings: OutputSettings,
    what: What,
    first_seq: int,
    last_seq: int | None,
    failed_since: datetime | None = None,
) -> Choice:
    """Nothing that the live delivery is still to send, but for `all`, which is what it says."""
    first = max(first_seq, log.first_seq)
    last = log.last_seq if last_seq is None else min(last_seq, log.last_seq)
    selected = await Selected.of(log, settings)
    if what == "all":
        return Choice(what=what, first_seq=first, last_seq=last, wanted=selected.today)
    book = log.deliveries
    if what == "failed":
        query = DeadQuery(since=failed_since)
        seqs = [
            each.seq
            for each in reversed(await book.dead_letters(settings.name, query, DEAD_LETTERS_MAX))
            if each.outcome != "gap" and first <= each.seq <= last
        ]
        return Choice(
            what=what, first_seq=first, last_seq=last, wanted=selected.as_sent, seqs=tuple(seqs)
        )
    floor = await book.cursor(settings.name)
    last = min(last, log.last_seq if floor is None else floor)
    query = DeadQuery(group="expired")
    dead_letters = await book.dead_letters(settings.name, query, DEAD_LETTERS_MAX)
    expired = {each.seq for each in dead_letters if not each.attempts}
    never = partial(selected.never, expired=expired)
    return Choice(what=what, first_seq=first, last_seq=last, wanted=never)
