"""The lists in the running server: queried and changed off the event loop.

Three threads, so that no query waits for a change, and no gate for either: one reads the lists, one
writes them, one stores decisions. Changes by other processes apply immediately too.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from platewire.access import Decision, ListMatch, Opening, Outcome
from platewire.database.connection import of_file
from platewire.database.migrate import check_writable
from platewire.lists.decisions import book
from platewire.lists.decisions.book import Book, Numbered
from platewire.lists.entry import ListEntry
from platewire.lists.file_import import Import, Manner, Preview, Reading
from platewire.lists.look_up import Rules, look_up
from platewire.lists.settings import FILE_NAME, ListSettings
from platewire.lists.store import Store
from platewire.model import BootTime

T = TypeVar("T")


class Lists:
    """Created by `open`; used on one event loop. Implements `AccessLists`.

    Every method raises LogError if a file cannot be read or written.
    """

    def __init__(
        self, rules: Rules, cameras: Collection[str], reader: Store, writer: Store, decisions: Book
    ) -> None:
        self.rules = rules
        self.cameras = cameras
        self._reader = reader
        self._writer = writer
        self._decisions = decisions
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="platewire-lists")
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="platewire-lists-writer")
        self._booking = ThreadPoolExecutor(1, thread_name_prefix="platewire-decisions")

    @classmethod
    def open(
        cls,
        folder: Path,
        settings: Iterable[ListSettings],
        *,
        zone: ZoneInfo,
        cameras: Collection[str],
        now: datetime,
    ) -> "Lists":
        """Blocking. Makes the files that are not there yet. Raises LogError, or LogWaits for what
        may be over by itself."""
        rules = Rules({each.name: each for each in settings}, zone)
        try:
            return cls(rules, cameras, *_files(folder, now))
        except OSError as error:
            raise of_file(f"the lists in {folder} cannot be opened", error) from error

    async def close(self) -> None:
        for thread in (self._reading, self._writing, self._booking):
            await asyncio.to_thread(thread.shutdown)
        for file in (self._reader, self._writer, self._decisions):
            file.close()

    # --- asking -----------------------------------------------------------------------------------

    async def look_up(
        self, plate: str, camera: str, at: datetime, *, partial: bool = False
    ) -> Sequence[ListMatch]:
        return await self._on(
            self._reading,
            lambda: look_up(self._reader, self.rules, plate, camera, at, partial=partial),
        )

    async def counts(self) -> dict[str, int]:
        """How many entries each configured list has."""
        return await self._on(
            self._reading, lambda: {name: self._reader.count(name) for name in self.rules.lists}
        )

    async def page(
        self, name: str, *, after: str, limit: int, prefix: str = ""
    ) -> Sequence[ListEntry]:
        return await self._on(
            self._reading,
            lambda: self._reader.page(name, after=after, limit=limit, prefix=prefix),
        )

    # --- changing ---------------------------------------------------------------------------------

    async def put(self, name: str, entries: Sequence[ListEntry]) -> int:
        return await self._on(self._writing, lambda: self._writer.put(name, entries))

    async def remove(self, name: str, plates: Sequence[str]) -> int:
        return await self._on(self._writing, lambda: self._writer.remove(name, plates))

    async def import_file(
        self, name: str, path: Path, *, manner: Manner, apply: bool, reading: Reading
    ) -> Preview:
        """ConfigError for a file that cannot be used."""
        job = Import(self._writer, name, self.cameras, manner=manner)
        return await self._on(self._writing, lambda: job.run(path, apply=apply, reading=reading))

    # --- the book of decisions --------------------------------------------------------------------

    async def decide(self, decision: Decision, made: BootTime) -> int:
        return await self._on(self._booking, lambda: self._decisions.write(decision, made))

    async def settle(self, number: int, *, outcome: Outcome, reason: str, detail: str) -> None:
        await self._on(
            self._booking,
            lambda: self._decisions.settle(number, outcome=outcome, reason=reason, detail=detail),
        )

    async def forget(self, number: int) -> None:
        await self._on(self._booking, lambda: self._decisions.forget(number))

    async def unsettled(self, output: str) -> Sequence[int]:
        return await self._on(self._booking, lambda: self._decisions.unsettled(output))

    async def last_opened(
        self, output: str, *, passage: UUID | None = None, plate: str | None = None
    ) -> Opening | None:
        return await self._on(
            self._booking,
            lambda: self._decisions.last_opened(output, passage=passage, plate=plate),
        )

    async def decisions(self, output: str, *, before: int | None, limit: int) -> Sequence[Numbered]:
        return await self._on(
            self._booking, lambda: self._decisions.page(output, before=before, limit=limit)
        )

    async def _on(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(thread, work)


def _files(folder: Path, now: datetime) -> tuple[Store, Store, Book]:
    """For reading and for changing the lists, and the book of decisions."""
    lists, decisions = folder / FILE_NAME, folder / book.FILE_NAME
    for path in (lists, decisions):
        check_writable(path)
    with ExitStack() as opened:
        reader, writer = (opened.enter_context(closing(Store(lists, now))) for _ in range(2))
        files = reader, writer, opened.enter_context(closing(Book(decisions, now)))
        opened.pop_all()
    return files
