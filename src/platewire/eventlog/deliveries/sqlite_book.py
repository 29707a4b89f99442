"""The delivery book in the log's SQLite file.

It writes on the log's writer thread, in the same transactions, and reads on the log's reader
thread. Cursors, pauses and which events are parked are in memory as well: retention and the
deliveries ask for them all the time.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

import apsw

from platewire.eventlog.deliveries import statements
from platewire.eventlog.deliveries.pending import PendingDeliveries
from platewire.eventlog.deliveries.records import (
    Attempt,
    DeadGroup,
    DeadLetter,
    DeadQuery,
    Parked,
    Ranges,
    Selection,
)
from platewire.eventlog.deliveries.statements import Stored

T = TypeVar("T")


class Threads(Protocol):
    """The log's two ways to its file."""

    async def write(self, run: Callable[[apsw.Connection], T]) -> T:
        """Runs it on the writer thread; durable before it returns."""
        ...

    def write_pending(self, pending: PendingDeliveries) -> None:
        """With the next commit."""
        ...

    async def read(self, query: Callable[..., T], *arguments: object) -> T:
        """Runs the query on the reader thread."""
        ...


class SqliteDeliveryBook:
    """Implements `DeliveryBook`; `stored` is what the file holds at the start."""

    def __init__(self, threads: Threads, stored: Stored) -> None:
        self._threads = threads
        self._cursors = stored.cursors
        self._parked = stored.parked
        self._paused = stored.paused

    # --- cursor -----------------------------------------------------------------------------------

    async def cursor(self, output: str) -> int | None:
        cursor = self._cursors.get(output)
        return None if cursor is None else cursor[0]

    async def acknowledged(self, output: str) -> Ranges:
        return self._cursors[output][1] if output in self._cursors else ()

    async def set_cursor(self, output: str, seq: int, above: Ranges = ()) -> None:
        if output not in self._cursors:
            row = (output, seq, above)
            await self._threads.write(lambda connection: statements.set_cursors(connection, [row]))
        else:
            self._threads.write_pending(PendingDeliveries(cursors={output: (seq, above)}))
        self._cursors[output] = (seq, above)

    def retention_limits(self, outputs: Collection[str] | None) -> Mapping[str, int]:
        """Up to which seq retention may delete for each of these outputs: its floor, or less where
        an event is parked. Of those that ran; None: of all."""
        names = self._cursors if outputs is None else [*filter(self._cursors.get, outputs)]
        return {
            name: min([self._cursors[name][0], *(seq - 1 for seq in self._parked.get(name, ()))])
            for name in names
        }

    # --- selections -------------------------------------------------------------------------------

    async def add_selection(self, output: str, selection: Selection) -> None:
        await self._threads.write(
            lambda connection: statements.add_selection(connection, output, selection)
        )

    async def selections(self, output: str) -> Sequence[Selection]:
        return await self._threads.read(statements.selections, output)

    # --- parked events ----------------------------------------------------------------------------

    async def park(self, events: Sequence[Parked]) -> None:
        await self._threads.write(lambda connection: statements.park(connection, events))
        for event in events:
            self._parked.setdefault(event.output, set()).add(event.seq)

    async def unpark(self, output: str, seq: int) -> None:
        self._threads.write_pending(PendingDeliveries(unparked=[(output, seq)]))
        self._parked.get(output, set()).discard(seq)

    async def parked(self, output: str) -> Sequence[Parked]:
        return await self._threads.read(statements.parked, output)

    # --- dead letters -----------------------------------------------------------------------------

    async def add_dead_letters(self, dead_letters: Sequence[DeadLetter]) -> None:
        await self._threads.write(
            lambda connection: statements.add_dead_letters(connection, dead_letters)
        )
        for each in dead_letters:
            self._parked.get(each.output, set()).discard(each.seq)

    async def dead_letters(self, output: str, query: DeadQuery, limit: int) -> Sequence[DeadLetter]:
        return await self._threads.read(statements.dead_letters, output, query, limit)

    async def dead_letter_groups(self, output: str) -> Sequence[DeadGroup]:
        return await self._threads.read(statements.dead_letter_groups, output)

    async def requeue(self, output: str, query: DeadQuery, at: datetime) -> Sequence[Parked]:
        parked = await self._threads.write(
            lambda connection: statements.requeue(connection, output, query, at)
        )
        self._parked.setdefault(output, set()).update(row.seq for row in parked)
        return parked

    async def discard(self, output: str, query: DeadQuery, reason: str, at: datetime) -> int:
        return await self._threads.write(
            lambda connection: statements.discard(connection, output, query, reason, at)
        )

    async def resolve(self, output: str, seqs: Sequence[int]) -> None:
        await self._threads.write(lambda connection: statements.resolve(connection, output, seqs))

    # --- attempts ---------------------------------------------------------------------------------

    async def add_attempt(self, attempt: Attempt) -> None:
        self._threads.write_pending(PendingDeliveries(attempts=[attempt]))

    async def attempts(self, output: str, seq: int | None, limit: int) -> Sequence[Attempt]:
        return await self._threads.read(statements.attempts, output, seq, limit)

    # --- pauses -----------------------------------------------------------------------------------

    async def pause(self, output: str, reason: str) -> None:
        await self._threads.write(lambda connection: statements.pause(connection, output, reason))
        self._paused[output] = reason

    async def resume(self, output: str) -> None:
        await self._threads.write(lambda connection: statements.resume(connection, output))
        self._paused.pop(output, None)

    async def pause_reason(self, output: str) -> str | None:
        return self._paused.get(output)
