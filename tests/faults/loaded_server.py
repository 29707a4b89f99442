"""`platewire serve` whose cameras never rest, as a process of its own.

    python -m tests.faults.loaded_server serve --json --config FILE

Everything is the real server; only beside its cameras stand others that append to its log, as
many events a second as LOADED_RATE says, from when it is ready until it is told to stop: passages
of three events, new, updated, lost, of about 1 kB each. An event is noted in the file LOADED_NOTES
as soon as the log says that it is kept.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import timedelta

from msgspec import structs

from platewire.app import server
from platewire.app.server import Addresses
from platewire.cli.main import main
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Event
from platewire.runtime.clock import SystemClock
from platewire.runtime.identity import Identities
from platewire.testing.sample_events import passage_events

CAMERAS = 20


class Loaded(server.Server):
    async def run(self, stopping: asyncio.Event, ready: Callable[[Addresses], None]) -> None:
        begun = asyncio.Event()

        def say_ready(addresses: Addresses) -> None:
            ready(addresses)
            begun.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(drive(self._log, begun, stopping))
            await super().run(stopping, say_ready)


async def drive(log: SqliteLog, begun: asyncio.Event, stopping: asyncio.Event) -> None:
    rate = float(os.environ.get("LOADED_RATE", "0"))
    if not rate:
        return
    await begun.wait()
    notes = os.open(os.environ["LOADED_NOTES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    identities = Identities(SystemClock(), last_number=log.last_passage_number)
    async with asyncio.TaskGroup() as group:
        for number in range(CAMERAS):
            road = Road(f"road-{number}", log, identities, notes)
            group.create_task(road.drive(CAMERAS / rate, stopping))
    os.close(notes)


class Road:
    """One camera."""

    def __init__(self, name: str, log: SqliteLog, identities: Identities, notes: int) -> None:
        self._name = name
        self._log = log
        self._identities = identities
        self._notes = notes
        self._clock = SystemClock()
        self._pattern = passage_events(1, camera=name)

    async def drive(self, seconds_between: float, stopping: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            passage, number = self._identities.passage()
            for event in self._pattern:
                if stopping.is_set():
                    return
                await self._append(structs.replace(event, passage=passage, passage_number=number))
                due = max(due + seconds_between, loop.time() - 1.0)
                await asyncio.sleep(max(0.0, due - loop.time()))

    async def _append(self, event: Event) -> None:
        now = self._clock.now()
        event = structs.replace(
            event,
            id=self._identities.event(),
            occurred_at=now,
            first_seen_at=now - timedelta(milliseconds=100 * event.revision),
            last_seen_at=now,
        )
        (entry,) = await self._log.append(self._name, [event])
        os.write(self._notes, f"{entry.event.seq} {entry.event.id}\n".encode())


if __name__ == "__main__":
    server.Server = Loaded  # type: ignore[misc]
    sys.exit(main(sys.argv[1:]))
