"""A log in a temporary folder, and what tests do with it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock

OpenLog = Callable[..., Awaitable[SqliteLog]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def board(clock: FakeClock) -> Board:
    return Board(clock)


@pytest.fixture
async def open_log(tmp_path: Path, clock: FakeClock, board: Board) -> AsyncIterator[OpenLog]:
    """Opens the log in the test's folder, with settings; closes what the test leaves open."""
    opened: list[SqliteLog] = []

    async def open_log(vfs: str | None = None, **settings: Any) -> SqliteLog:
        folder = settings.pop("folder", tmp_path / "log")
        log = await SqliteLog.open(LogSettings(folder=folder, **settings), clock, board, vfs=vfs)
        opened.append(log)
        return log

    yield open_log
    for log in opened:
        await log.close()


@pytest.fixture
async def log(open_log: OpenLog) -> SqliteLog:
    return await open_log()
