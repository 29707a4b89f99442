"""The lists as the running server has them: asked and changed off the event loop.

Three threads, so that no question waits for a change, and no gate for either: one reads the lists,
one writes them, one keeps the book of decisions. What another process writes holds at once too.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from platewire.lists.csv_import import Import, Manner, Preview
from platewire.lists.decisions import book
from platewire.lists.decisions.book import Book, Numbered
from platewire.lists.entry import ListEntry
from platewire.lists.look_up import Rules, look_up
from platewire.lists.settings import FILE_NAME, ListSettings
from platewire.lists.store import Store
from platewire.model import Decision, Listed

T = TypeVar("T")


class Lists:
    """Made by `open`; used on one event loop. Implements `AccessLists`.

    Everything raises LogError where a file cannot be read or written.
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
        """Blocking. Makes the files that are not there yet."""
        rules = Rules({each.name: each for each in settings}, zone)
        path = folder / FILE_NAME
        stores = Store(path, now), Store(path, now)
        return cls(rules, cameras, *stores, Book(folder / book.FILE_NAME, now))

    async def close(self) -> None:
        for thread in (self._reading, self._writing, self._booking):
            await asyncio.to_thread(thread.shutdown)
        for file in (self._reader, self._writer, self._decisions):
            file.close()

    # --- asking -----------------------------------------------------------------------------------

    async def look_up(self, plate: str, camera: str, at: datetime) -> Sequence[Listed]:
        return await self._on(
            self._reading, lambda: look_up(self._reader, self.rules, plate, camera, at)
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
        self, name: str, path: Path, *, manner: Manner, apply: bool, encoding: str | None
    ) -> Preview:
        """ConfigError for a file that cannot be used."""
        job = Import(self._writer, name, self.cameras, manner=manner)
        return await self._on(self._writing, lambda: job.run(path, apply=apply, encoding=encoding))

    # --- the book of decisions --------------------------------------------------------------------

    async def decide(self, decision: Decision) -> int:
        return await self._on(self._booking, lambda: self._decisions.write(decision))

    async def settle(self, number: int, *, opened: bool, reason: str, detail: str) -> None:
        await self._on(
            self._booking,
            lambda: self._decisions.settle(number, opened=opened, reason=reason, detail=detail),
        )

    async def unsettled(self, transfer: str) -> Sequence[int]:
        return await self._on(self._booking, lambda: self._decisions.unsettled(transfer))

    async def last_opened(
        self, transfer: str, *, passage: UUID | None = None, plate: str | None = None
    ) -> datetime | None:
        return await self._on(
            self._booking,
            lambda: self._decisions.last_opened(transfer, passage=passage, plate=plate),
        )

    async def decisions(
        self, transfer: str, *, before: int | None, limit: int
    ) -> Sequence[Numbered]:
        return await self._on(
            self._booking, lambda: self._decisions.page(transfer, before=before, limit=limit)
        )

    async def _on(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(thread, work)
