"""Appends without end and says what was acknowledged; `test_crash` kills it at some moment.

One line per acknowledged append: camera, number of the append, its seqs, its open passages.
"""

import asyncio
import sys
from pathlib import Path

from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Images
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.sample_events import passage_events, picture

CAMERAS = ("gate", "yard", "road")


async def produce(log: SqliteLog, camera: str, first: int) -> None:
    for number in range(first, first + 100_000):
        pictures = [picture("plate", mark=number), picture("frame", mark=number + 50_000_000)]
        images = Images(plate=pictures[0].image, frame=pictures[1].image)
        events = passage_events(number, camera=camera, images=images)
        state = f"{camera} {number}"
        entries = await log.append(camera, events, pictures, state.encode())
        seqs = ",".join(str(entry.event.seq) for entry in entries)
        print(f"{camera} {number} {seqs}", flush=True)
        await log.deliveries.set_cursor("erp", entries[0].event.seq)


async def main(folder: Path, first: int) -> None:
    clock = SystemClock()
    log = await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))
    async with asyncio.TaskGroup() as group:
        for index, camera in enumerate(CAMERAS):
            group.create_task(produce(log, camera, first + index * 10_000_000))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
