"""The whole server but for its network, disk and clock: cameras to receivers, killed at any step.

Intake, passages, ledger, delivery are the real ones. The log is in memory and loses at a kill what
was not committed; the clock is turned; pictures are encoded at once, and ids are drawn by seed (a
passage's id says which lane it takes), so that a seed gives the same history each time.
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

import msgspec

from platewire.camera.intake import Intake, IntakeContext
from platewire.delivery import Delivery
from platewire.errors import Unavailable
from platewire.model import Frame
from platewire.outputs.output import Output, OutputSettings
from platewire.passage.settings import PassageSettings
from platewire.recognition.picture_settings import PictureSettings
from platewire.recognition.refused import Examined
from platewire.runtime.identity import Identities
from platewire.runtime.status import Board
from platewire.sources.source import FrameSource
from platewire.testing.clock import FakeClock
from tests.simulation.crashing_log import CrashingLog
from tests.simulation.receiver import Receiver
from tests.simulation.traffic import Camera


class Source(FrameSource):
    """A live camera's frames, as the simulation puts them; cut off when it says so."""

    live = True

    def __init__(self) -> None:
        self.waiting: deque[Frame | None] = deque()
        self._came = asyncio.Event()

    def put(self, frame: Frame | None) -> None:
        """None: the camera is cut off."""
        self.waiting.append(frame)
        self._came.set()

    async def frames(self) -> AsyncIterator[Frame]:
        while True:
            while self.waiting:
                if (frame := self.waiting.popleft()) is None:
                    raise Unavailable("the camera is cut off")
                yield frame
            self._came.clear()
            await self._came.wait()


class Engine:
    """Reads what the cameras say is there."""

    def __init__(self, cameras: list[Camera]) -> None:
        self._cameras = {camera.name: camera for camera in cameras}

    async def examine(self, frame: Frame) -> Examined:
        return Examined(tuple(self._cameras[frame.camera].reads.get(frame.number, ())))


class Way:
    """One output's settings and the third party behind it."""

    def __init__(self, settings: dict[str, Any], receiver: Receiver) -> None:
        self.settings = msgspec.convert({"start": "beginning", **settings}, OutputSettings)
        self.receiver = receiver


class Delivered(Protocol):
    """What a delivery needs of a `Way`, or of something else that it is to reach."""

    @property
    def settings(self) -> OutputSettings: ...

    @property
    def receiver(self) -> Output: ...


class Server:
    """`running` is one life; leaving it is a kill."""

    def __init__(self, clock: FakeClock, cameras: list[Camera]) -> None:
        self.clock = clock
        self.log = CrashingLog(clock)
        self.cameras = cameras
        self.sources = {camera.name: Source() for camera in cameras}
        self.ways: list[Way] = []
        self.gates: list[Delivered] = []
        self._id_bits = random.Random(2).getrandbits

    @contextlib.asynccontextmanager
    async def running(self, *, watching: bool = True) -> AsyncIterator[None]:
        """Without cameras when nobody is `watching`: time then passes at no cost."""
        self.log.keep()
        board = Board(self.clock)
        context = IntakeContext(
            Engine(self.cameras),
            self.log,
            Identities(
                self.clock,
                last_number=self.log.last_passage_number,
                randbits=self._id_bits,
            ),
            self.clock,
            board,
        )
        self.sources = {camera.name: Source() for camera in self.cameras}
        work = [self._intake(camera, context).run() for camera in self.cameras if watching]
        work += [self._delivery(each, board).run() for each in (*self.ways, *self.gates)]
        tasks = [asyncio.create_task(one) for one in work]
        try:
            await self.clock.settle()
            yield
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await self.clock.settle()
            await self.clock.advance(0.001)
            await asyncio.gather(*tasks, return_exceptions=True)
            self.log.crash()

    def _intake(self, camera: Camera, context: IntakeContext) -> Intake:
        pictures = PictureSettings(vehicle=False)
        source = self.sources[camera.name]
        return Intake(camera.name, source, PassageSettings(), pictures, context)

    def _delivery(self, to: Delivered, board: Board) -> Delivery:
        return Delivery(
            to.settings,
            to.receiver,
            self.log,
            clock=self.clock,
            board=board,
            grace_seconds=0.001,
            uniform=random.Random(1).random,
        )


async def at_once(work: Callable[..., Any], *arguments: Any) -> Any:
    """Stands in for a thread."""
    return work(*arguments)
