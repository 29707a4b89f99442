"""A camera that a test plays: frames one by one, cut off or ended when the test says so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from msgspec import structs

from platewire.access import AccessLists
from platewire.camera.intake import Intake, IntakeContext
from platewire.camera.motion import MotionSettings
from platewire.errors import LogFull, Unavailable
from platewire.eventlog.log import NOW
from platewire.model import BootTime, Box, Entry, Event, Frame, Kind, Picture, Pixels, Read
from platewire.passage.settings import PassageSettings
from platewire.recognition.picture_settings import PictureSettings
from platewire.recognition.refused import Examined
from platewire.runtime.identity import Identities
from platewire.runtime.status import Board, PartStatus, State
from platewire.sources.source import FrameSource
from platewire.testing.clock import FakeClock
from platewire.testing.memory_log import MemoryLog

CAMERA = "gate"
WIDTH, HEIGHT = 320, 240
END = None
PATIENCE_SECONDS = 10.0

Item = Frame | Exception | None


class PlayedSource(FrameSource):
    """Gives what was put; `idle` once it waits for more, so all before is dealt with."""

    live = True
    dropped = 0

    def __init__(self, *, live: bool = True) -> None:
        self.live = live
        self.opened = 0
        self._items: asyncio.Queue[Item] = asyncio.Queue()

    async def put(self, *items: Item) -> None:
        """Returns when the last of them is dealt with, but for what was raised or ended."""
        self.put_soon(*items)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._items.join()

    def put_soon(self, *items: Item) -> None:
        for item in items:
            self._items.put_nowait(item)

    async def frames(self) -> AsyncIterator[Frame]:
        self.opened += 1
        while True:
            item = await self._items.get()
            try:
                if item is END:
                    return
                if isinstance(item, Exception):
                    raise item
                yield item
            finally:
                self._items.task_done()


class ToldReader:
    """Reads what the test wrote under the frame's number; raises it where it is an error."""

    def __init__(self) -> None:
        self.by_frame: dict[int, Sequence[Read] | Exception] = {}
        self.examined: dict[int, Examined] = {}
        """What is said of a frame in full, before `by_frame` is asked."""

    async def examine(self, frame: Frame) -> Examined:
        if frame.number in self.examined:
            return self.examined[frame.number]
        said = self.by_frame.get(frame.number, ())
        if isinstance(said, Exception):
            raise said
        return Examined(tuple(said))


class DiskLog(MemoryLog):
    """A log in memory whose disk may be full; remembers the pictures of each append."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.full = False
        self.kept: list[Picture] = []

    async def append(
        self,
        camera: str,
        events: Sequence[Event],
        pictures: Sequence[Picture] = (),
        open_passages: bytes | None = None,
        arrived: Mapping[UUID, BootTime | None] = NOW,
    ) -> Sequence[Entry]:
        if self.full:
            raise LogFull("no space is left for the log: free some")
        self.kept += pictures
        return await super().append(camera, events, pictures, open_passages, arrived)


class Road:
    """One camera and all that its intake needs. `run` may be used again: that is a restart."""

    def __init__(self, **passage: object) -> None:
        self.clock = FakeClock()
        self.board = Board(self.clock)
        self.log = DiskLog(self.clock)
        self.reader = ToldReader()
        self.passage = PassageSettings(**passage)  # type: ignore[arg-type]
        self.pictures = PictureSettings()
        self.motion: MotionSettings | None = None
        """None: every frame is read."""
        self.lists: AccessLists | None = None
        self.source = PlayedSource()
        self._number = 0

    @property
    def line(self) -> PartStatus:
        return self.board.line("camera", CAMERA)

    @property
    def context(self) -> IntakeContext:
        identities = Identities(self.clock, last_number=self.log.last_passage_number)
        parts = (self.reader, self.log, identities, self.clock, self.board, self.lists)
        return IntakeContext(*parts)

    def frame(self, *texts: str, at: datetime | None = None, pixels: Pixels | None = None) -> Frame:
        """The next frame, taken now, with these plates in it."""
        at = at or self.clock.now()
        picture = shown(self._number) if pixels is None else pixels
        frame = Frame(CAMERA, self._number, at, picture)
        self.reader.by_frame[frame.number] = [read(text, frame) for text in texts]
        self._number += 1
        return frame

    async def see(self, *texts: str, times: int = 1) -> None:
        """So many frames, a tenth of a second apart, each with these plates."""
        for _ in range(times):
            await self.source.put(self.frame(*texts))
            await self.clock.advance(0.1)

    async def see_apart(self, *texts: str) -> None:
        """One frame with these plates, side by side."""
        frame = self.frame(*texts)
        said = self.reader.by_frame[frame.number]
        assert not isinstance(said, Exception)
        self.reader.by_frame[frame.number] = [
            structs.replace(each, box=each.box._replace(x=90.0 * place))
            for place, each in enumerate(said)
        ]
        await self.source.put(frame)
        await self.clock.advance(0.1)

    @contextlib.asynccontextmanager
    async def run(self, *, live: bool = True) -> AsyncIterator[Intake]:
        self.source = PlayedSource(live=live)
        parts = (self.source, self.passage, self.pictures, self.context, self.motion)
        intake = Intake(CAMERA, *parts)
        task = asyncio.create_task(intake.run())
        try:
            yield intake
            if task.done():
                task.result()
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def logged(self, count: int) -> list[Event]:
        """All events, once there are so many."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.log.last_seq < count:
                await self.log.wait(self.log.last_seq)
        return [entry.event for entry in await self.log.read(0, 1000)]

    async def ended(self) -> list[Event]:
        """All events, once every passage is lost; time passes meanwhile, as pictures are encoded
        in a thread that no clock waits for."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                events = await self.logged(1)
                lost = {event.passage for event in events if event.kind is Kind.LOST}
                if lost == {event.passage for event in events}:
                    return events
                await self.clock.advance(1)
                await asyncio.sleep(0.01)

    async def until_state(self, state: State) -> PartStatus:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.line.state is not state:
                await self.clock.settle()
        return self.line


def shown(number: int) -> Pixels:
    """A picture unlike that of any other frame, the same for the same number."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[:, :, 0] = np.linspace(0, 255, WIDTH, dtype=np.uint8)
    pixels[:, :, 1] = 7 * number % 256
    return pixels


def read(text: str, frame: Frame, *, size: float = 60, confidence: float = 0.9) -> Read:
    return Read(
        at=frame.captured_at,
        frame=frame.number,
        text=text,
        raw=text,
        display=text,
        unicode=text,
        confidence=confidence,
        characters=(confidence,) * len(text),
        box=Box(100.0, 100.0, size, size / 4),
    )


def cut_off() -> Unavailable:
    return Unavailable('camera "gate" is cut off; look at its cable')


def seconds(amount: float) -> timedelta:
    return timedelta(seconds=amount)
