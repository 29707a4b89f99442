"""Both event logs, the one in memory and the real one, keep the same contract, books included."""

import itertools
from pathlib import Path

import pytest

from platewire.eventlog.log import EventLog
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.runtime.status import Board
from platewire.testing import check_delivery_book, check_eventlog
from platewire.testing.check_eventlog import Make
from platewire.testing.clock import FakeClock
from platewire.testing.memory_log import MemoryLog


def memory() -> Make:
    async def make() -> EventLog:
        return MemoryLog(FakeClock())

    return make


def sqlite(folder: Path, memory_bytes: int) -> Make:
    numbers = itertools.count()

    async def make() -> EventLog:
        settings = LogSettings(folder=folder / f"{next(numbers)}", memory_bytes=memory_bytes)
        clock = FakeClock()
        return await SqliteLog.open(settings, clock, Board(clock))

    return make


CHECKS = (*check_eventlog.CHECKS, *check_delivery_book.CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", ["memory", "sqlite", "sqlite that remembers nothing"])
async def test_contract(kind: str, check: object, tmp_path: Path) -> None:
    make = memory() if kind == "memory" else sqlite(tmp_path, 0 if "nothing" in kind else 10_000)
    log = await make()
    try:
        await check(log)  # type: ignore[operator]
    finally:
        await log.close()


async def test_whole_check_runs_every_part() -> None:
    made = []
    make = memory()

    async def counted() -> EventLog:
        made.append(await make())
        return made[-1]

    await check_eventlog.check_event_log(counted)
    await check_delivery_book.check_delivery_book(counted)
    assert len(made) == len(CHECKS)
