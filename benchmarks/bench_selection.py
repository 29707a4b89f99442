"""Cost of sending complete passages: each event by itself, following the log, and starting in the
middle of the log, where the beginning of every open passage is queried."""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from msgspec import structs

from benchmarks.report import Table, spread
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Entry, Event
from platewire.outputs.output import OutputSettings
from platewire.outputs.selector import Selector
from platewire.runtime.clock import SystemClock
from platewire.runtime.identity import Identities
from platewire.runtime.status import Board
from platewire.testing.sample_events import passage_events

ROUNDS = 5
PASSAGES = 10_000
OPEN = 40
"""Concurrent passages, one per camera."""
PAGE = 256
SETTINGS = OutputSettings(name="bench", lists=("staff",), min_confidence=0.5)

Select = Callable[[Sequence[Entry]], Awaitable[object]]


def run() -> Table:
    return asyncio.run(_run())


async def _run() -> Table:
    alone, following, within = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        clock = SystemClock()
        # No memory cache: each unknown passage is read from the file.
        log = await SqliteLog.open(
            LogSettings(folder=Path(folder), memory_bytes=0), clock, Board(clock)
        )
        try:
            entries = await _fill(log)
            for _ in range(ROUNDS):
                alone.append(await _seconds(entries, _each_alone))
                following.append(await _seconds(entries, Selector(log, [(1, SETTINGS)]).select))
                within.append(await _seconds(entries, _beginning_anew(log)))
        finally:
            await log.close()
    each = 1e6 / len(entries)
    pages = len(entries) / PAGE
    table = Table("Event selection", ("selection", "us per event"))
    table.rows = [
        ("each event by itself", spread([seconds * each for seconds in alone])),
        ("complete passages, following the log", spread([s * each for s in following])),
        ("complete passages, each page as after a restart", spread([s * each for s in within])),
        ("ratio: following the log / each by itself", _ratio(following, alone)),
        (
            "query after a restart, ms, once",
            spread([(b - a) * 1e3 / pages for a, b in zip(following, within, strict=True)]),
        ),
    ]
    table.notes = [
        f"{len(entries)} events of {PASSAGES} passages, {OPEN} at a time, in pages of {PAGE}; "
        f"filters by list and confidence; {ROUNDS} rounds, variants alternating. Target: "
        "less than a tenth of a delivery over HTTP (200 us)."
    ]
    return table


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    return spread([a / b for a, b in zip(ours, theirs, strict=True)])


async def _seconds(entries: Sequence[Entry], select: Select) -> float:
    started = time.perf_counter()
    for start in range(0, len(entries), PAGE):
        await select(entries[start : start + PAGE])
    return time.perf_counter() - started


async def _each_alone(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if SETTINGS.selects(entry.event)]


def _beginning_anew(log: SqliteLog) -> Select:
    async def select(entries: Sequence[Entry]) -> list[Entry]:
        return await Selector(log, [(1, SETTINGS)]).select(entries)

    return select


async def _fill(log: SqliteLog) -> Sequence[Entry]:
    chance, identities = random.Random(1), Identities(SystemClock())
    open_passages: list[list[Event]] = []
    events: list[Event] = []
    for number in range(PASSAGES):
        passage, passage_number = identities.passage()
        open_passages.append(
            [
                structs.replace(
                    event, id=identities.event(), passage=passage, passage_number=passage_number
                )
                for event in passage_events(number, updates=2)
            ]
        )
        while len(open_passages) > OPEN:
            events.append(_next(chance, open_passages))
    while open_passages:
        events.append(_next(chance, open_passages))
    entries: list[Entry] = []
    for start in range(0, len(events), PAGE):
        entries += await log.append("gate", events[start : start + PAGE])
    return entries


def _next(chance: random.Random, open_passages: list[list[Event]]) -> Event:
    queue = chance.choice(open_passages)
    event = queue.pop(0)
    if not queue:
        open_passages.remove(queue)
    return event
