"""One camera: source -> recognition -> passage -> event log.

In order: resume the passages that an earlier run left open; tell the ledger what each frame
shows; while a live camera is silent let time pass without frames, so that passages end; when a
recording ends, end its passages.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, cast

from platewire.access import AccessLists
from platewire.camera.ledger import Album, Ledger
from platewire.camera.motion import MotionSettings
from platewire.camera.pace import Pace
from platewire.camera.unconfirmed import Unconfirmed
from platewire.errors import LogError, PlatewireError
from platewire.eventlog.log import EventLog
from platewire.model import Frame
from platewire.passage.passages import Passages
from platewire.passage.settings import PassageSettings
from platewire.recognition.picture_settings import PictureSettings
from platewire.recognition.refused import Examined, counted
from platewire.runtime.backoff import Backoff
from platewire.runtime.clock import Clock
from platewire.runtime.identity import Identities
from platewire.runtime.status import Board, State
from platewire.runtime.supervise import describe, raise_if_all_concerned, run_for_ever
from platewire.sources.source import FrameSource

ROLE = "camera"
NOTHING = Examined(())

diagnostics = logging.getLogger(__name__)


class Reader(Protocol):
    """What the intake requires of recognition."""

    async def examine(self, frame: Frame) -> Examined: ...


@dataclass(frozen=True, slots=True)
class IntakeContext:
    """Parts shared by all cameras."""

    reader: Reader
    log: EventLog
    identities: Identities
    clock: Clock
    board: Board
    lists: AccessLists | None = None

    def ledger(self, camera: str, passage: PassageSettings, kept: PictureSettings) -> Ledger:
        return Ledger(
            camera,
            Passages(passage, self.identities.passage),
            album=Album(kept),
            log=self.log,
            identities=self.identities,
            clock=self.clock,
            board=self.board,
            lists=self.lists,
        )


class Intake:
    """One camera's loop. `latest` is the newest frame that was read."""

    def __init__(
        self,
        camera: str,
        source: FrameSource,
        passage: PassageSettings,
        pictures: PictureSettings,
        context: IntakeContext,
        motion: MotionSettings | None = None,
    ) -> None:
        self.latest: Frame | None = None
        self._camera = camera
        self._source = source
        self._patience = passage.lost_after_seconds
        self._ledger = context.ledger(camera, passage, pictures)
        self._reader = context.reader
        # A still is one of a few: its camera has decided that there is something to read.
        live = source.live and not passage.stills
        self._gate = (motion or MotionSettings(skip_still="never")).gate(
            live=live, lost_after_seconds=passage.lost_after_seconds
        )
        self._unconfirmed = Unconfirmed(camera, passage, context.clock, context.board)
        self._pace = Pace()
        self._clock = context.clock
        self._board = context.board
        self._engine_failure = ""
        self._turn = asyncio.Lock()
        self._frame_time = context.clock.now()
        self._frame_time_at = context.clock.monotonic()

    async def run(self) -> None:
        """Returns when a recording has ended; a live camera is tried for ever."""
        await self._ledger.resume()
        if not self._source.live:
            # A recording starts anew from its first frame: what an earlier run left open is over.
            await self._ledger.keep(self._ledger.passages.end())
        async with asyncio.TaskGroup() as group:
            silence = group.create_task(self._watch_silence(), name=f"{self._camera}-silence")
            await run_for_ever(
                ROLE,
                self._camera,
                self._follow,
                clock=self._clock,
                board=self._board,
                backoff=Backoff(first_seconds=1, longest_seconds=30),
            )
            silence.cancel()

    async def _follow(self) -> None:
        """Until the recording ends, and its passages with it."""
        async with contextlib.aclosing(self._frames()) as frames:
            async for frame in frames:
                found = await self._examine(frame) if self._wants(frame) else None
                async with self._turn:
                    await self._ledger.see(frame, (found or NOTHING).reads)
                    self._frame_time = frame.captured_at
                    self._frame_time_at = self._clock.monotonic()
                self.latest = frame
                self._report(found)
        async with self._turn:
            await self._ledger.keep(self._ledger.passages.end())
            self._unconfirmed.report(self._ledger.passages)

    async def _frames(self) -> AsyncGenerator[Frame, None]:
        """The source's."""
        with of_this_camera_alone():
            frames = cast("AsyncGenerator[Frame, None]", self._source.frames())
            async with contextlib.aclosing(frames):
                async for frame in frames:
                    yield frame

    def _wants(self, frame: Frame) -> bool:
        """Whether to read the frame, or let time pass by it alone."""
        if self._gate is None:
            return True
        seen = (passage.last_seen_at for passage in self._ledger.passages.open)
        return self._gate.wants(frame, min(seen, default=None))

    async def _examine(self, frame: Frame) -> Examined:
        try:
            return await self._reader.examine(frame)
        except PlatewireError as error:
            message = str(error)
        except BaseException as error:
            # A fault in the engine on one odd frame must not end the cameras' work.
            raise_if_all_concerned(error)
            message = f'camera "{self._camera}": the engine failed on a frame: {describe(error)}'
            if message != self._engine_failure:
                diagnostics.error("camera %s: frame %d", self._camera, frame.number, exc_info=error)
                self._engine_failure = message
        self._board.count(ROLE, self._camera, unreadable=1)
        self._board.note(ROLE, self._camera, message)
        return NOTHING

    async def _watch_silence(self) -> None:
        """Lets passages end while a live camera gives no frames.

        What the frame time would be is counted on from the last frame, as wall time may jump.
        """
        while self._source.live:
            await self._clock.sleep(min(1.0, self._patience / 4))
            async with self._turn:
                silent = self._clock.monotonic() - self._frame_time_at
                if silent >= self._patience:
                    frame_time = self._frame_time + timedelta(seconds=silent)
                    await self._ledger.keep(self._ledger.passages.tick(frame_time))
                    self._unconfirmed.report(self._ledger.passages)

    def _report(self, found: Examined | None) -> None:
        """`found` is None for a frame in which nothing moved."""
        dropped = self._source.dropped
        said = self._pace.count(read=found is not None, dropped=dropped, at=self._clock.monotonic())
        self._board.say(ROLE, self._camera, State.RUNNING, said)
        if found is None:
            self._board.count(ROLE, self._camera, still=1)
        else:
            refused = counted(found.refused)
            self._board.count(ROLE, self._camera, frames=1, reads=len(found.reads), **refused)
        unused = {f"unused_{why}": n for why, n in self._ledger.passages.unused.items()}
        broken = self._source.broken
        self._board.gauge(ROLE, self._camera, dropped=dropped, broken=broken, **unused)
        self._unconfirmed.report(self._ledger.passages)


class CameraRun:
    """A camera in the server: each run, also after a restart, has its own intake.

    So passages continue from the state in the log, whatever state a failed run left. The source
    stays the same, because it may know what it has read, until `renew` is called.
    """

    def __init__(
        self, build: Callable[[], FrameSource], intake: Callable[[FrameSource], Intake]
    ) -> None:
        self._build = build
        self._make_intake = intake
        self._source: FrameSource | None = None
        self._intake: Intake | None = None
        self.may_restart = True
        """False for a recording: begun again, it would tell of its vehicles twice."""

    @property
    def latest(self) -> Frame | None:
        return None if self._intake is None else self._intake.latest

    def prepare(self) -> None:
        """Builds the source; raises what that raises."""
        with of_this_camera_alone():
            self._source = self._source or self._build()

    async def run(self) -> None:
        self.prepare()
        assert self._source is not None  # noqa: S101 - just built
        with of_this_camera_alone():
            self.may_restart = self._source.live
            self._intake = self._make_intake(self._source)
        await self._intake.run()

    def renew(self) -> None:
        self._source = None
        self.may_restart = True


@contextlib.contextmanager
def of_this_camera_alone() -> Iterator[None]:
    """Around what a source does: an error that concerns all is not a source's to raise."""
    try:
        yield
    except (LogError, SystemExit) as error:
        raise RuntimeError(f"the source raised {error!r}") from error


async def close_passages(camera: str, context: IntakeContext) -> None:
    """Ends the passages that a camera left open in the log: nobody looks any more."""
    ledger = context.ledger(camera, PassageSettings(), PictureSettings())
    await ledger.resume()
    await ledger.keep(ledger.passages.end())


async def close_left_open(configured: Sequence[str], context: IntakeContext) -> None:
    """Ends the passages of cameras that the configuration does not name any more."""
    for camera in await context.log.cameras_with_open_passages():
        if camera not in configured:
            await close_passages(camera, context)
