"""An event log in a process of its own, which can be killed at any moment.

    python -m tests.simulation.log_process FOLDER ELAPSED OFFSET DAYS

It opens the log in FOLDER as a computer would whose clock, right but for OFFSET seconds, has gone
on for ELAPSED seconds, with a retention of DAYS. One command a line comes in, one answer a line
goes out; what an answer tells was acknowledged.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events


class Command(NamedTuple):
    do: str
    value: float = 0


async def main(folder: Path, elapsed: float, offset: float, days: float) -> None:
    clock = FakeClock()
    await clock.advance(elapsed)
    clock.jump(offset)
    settings = LogSettings(folder=folder, retention_days=days)
    log = await SqliteLog.open(settings, clock, Board(clock))
    answer("open", [log.first_seq, log.last_seq])
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            command = Command(*json.loads(line))
            answer(command.do, await done(log, clock, command))
            if command.do == "close":
                break
    finally:
        await log.close()


async def done(log: SqliteLog, clock: FakeClock, command: Command) -> Any:
    match command:
        case Command("append", count):
            return [each for _ in range(int(count)) for each in await passage(log)]
        case Command("jump", seconds):
            clock.jump(seconds)
        case Command("advance", seconds):
            await clock.advance(seconds)
        case Command("synchronize"):
            clock.is_synchronized = True
        case Command("retain"):
            await log.retain([])
            return log.first_seq
    return None


async def passage(log: SqliteLog) -> list[tuple[int, str, int]]:
    """One more vehicle; its events' numbers, ids, and the passage's number."""
    number = log.last_passage_number - FIRST_NUMBER + 1
    events = passage_events(max(number, 1))
    return [
        (entry.event.seq, str(entry.event.id), entry.event.passage_number)
        for entry in await log.append("gate", events)
    ]


FIRST_NUMBER = passage_events(0)[0].passage_number
"""Of the sample passage 0."""


def answer(about: str, told: Any) -> None:
    print(json.dumps([about, told]), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *map(float, sys.argv[2:])))
