"""Runs an example as anyone would, and hears what it prints; and a log for it to be told from."""

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from platewire.delivery import Delivery
from platewire.model import Event, Images, Picture, Site
from platewire.outputs.output import Output, OutputContext, OutputSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SECONDS = 30.0


class Running:
    """An example that runs."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def line(self) -> str:
        """The next line that it prints; what it says of connections goes to stderr instead."""
        assert self._process.stdout is not None
        async with asyncio.timeout(SECONDS):
            line = await self._process.stdout.readline()
        assert line, "the example ended"
        return line.decode().rstrip("\n")

    async def lines(self, count: int) -> list[str]:
        return [await self.line() for _ in range(count)]

    async def ended(self) -> tuple[int, str]:
        """Exit code and the rest of what it printed."""
        assert self._process.stdout is not None
        async with asyncio.timeout(SECONDS):
            rest = await self._process.stdout.read()
            return await self._process.wait(), rest.decode()

    async def interrupt(self) -> tuple[int, str]:
        """As Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        return await self.ended()


Run = Callable[..., Awaitable[Running]]


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    """`await run("http_receiver.py", ...)`; what still runs at the end is killed."""
    processes: list[Process] = []

    async def start(script: str, *arguments: object) -> Running:
        command = [sys.executable, "-u", str(EXAMPLES / script), *map(str, arguments)]
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        processes.append(process)
        return Running(process)

    yield start
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


class Told:
    """A log in memory and the deliveries that carry it out, as in the server."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[None]] = []
        self._clock = SystemClock()
        self._board = Board(self._clock)
        self._passages = 0
        self.log = MemoryLog(self._clock)
        self.context = OutputContext(
            clock=self._clock,
            log=self.log,
            site=Site(
                name="yard", system_id=1, latitude=0, longitude=0, channels={"gate": 0}, zones={}
            ),
            board=self._board,
        )

    def deliver(self, settings: OutputSettings, output: Output) -> None:
        delivery = Delivery(settings, output, self.log, clock=self._clock, board=self._board)
        self.tasks.append(asyncio.create_task(delivery.run()))

    async def stop(self) -> None:
        """As when the server stops: connections end, the log stays."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()

    async def listen(self, settings: OutputSettings, output: Output) -> str:
        """Delivers, and gives the address once it listens."""
        await output.connect()
        self.deliver(settings, output)
        assert output.address is not None
        host, port = output.address
        return f"{host}:{port}"

    async def passage(
        self, text: str = "BU9042", *, updates: int = 1, with_picture: Picture | None = None
    ) -> list[Event]:
        """A vehicle comes by, now."""
        self._passages += 1
        events = passage_events(
            self._passages,
            text=text,
            updates=updates,
            start=self._clock.now() - timedelta(seconds=self._passages + 1),  # A second a passage.
            images=Images(plate=with_picture.image) if with_picture else None,
        )
        entries = await self.log.append("gate", events, [with_picture] if with_picture else [])
        return [entry.event for entry in entries]


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    world = Told()
    yield world
    await world.stop()
