"""`platewire bench recognition FILE…`: where the time of reading goes, in milliseconds per frame.

Three passes over the same frames: decoding alone; the engine alone, stage by stage; then the whole
intake as the server runs it, into an event log in a temporary folder (clips only). Times are of
the wall on this machine as it is, so a busy machine shows.
"""

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path

from msgspec import Struct

from platewire.camera.intake import Intake, IntakeContext
from platewire.cli.recognition.read import engine_of
from platewire.cli.recognition.recordings import frames_of, is_clip, print_note
from platewire.cli.terminal.options import add_json, print_json
from platewire.errors import PictureError
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Frame, Read
from platewire.passage.settings import PassageSettings
from platewire.recognition import pictures
from platewire.recognition.engine import Engine
from platewire.recognition.picture_settings import PictureSettings
from platewire.recognition.pool import Pool
from platewire.recognition.refused import Examined
from platewire.recognition.stopwatch import Stopwatch
from platewire.runtime.clock import SystemClock
from platewire.runtime.identity import Identities
from platewire.runtime.status import Board
from platewire.sources.source import FrameSource
from platewire.web.metrics import resident_bytes

WARM_UP = 3
"""Frames before the first that counts: networks take their memory and pages are read in."""
PICTURE_REPEATS = 20
"""Times that one picture is read, at most; a single reading is measured too coarsely."""
CLOCK = SystemClock()


class Stage(Struct, frozen=True):
    """Milliseconds per frame; a stage that comes several times in a frame is added up."""

    median: float
    p95: float


class Figures(Struct, frozen=True, kw_only=True):
    """What one file gave."""

    file: str
    width: int
    height: int
    frames: int
    reads: int
    stages: dict[str, Stage]
    """`decode`, what the engine names, and `engine` for all of it."""
    intake_frames_per_second: float | None
    """Through the whole intake; null for a picture."""
    engine_mebibytes: float | None
    """By how much the process grew with the engine; null where the system does not say."""


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("bench", help="measure the processing speed of this machine")
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    recognition = what.add_parser(
        "recognition",
        help="processing time of each stage from frame to reads, in ms, and frames per second",
    )
    recognition.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="clips or pictures"
    )
    recognition.add_argument(
        "--config", type=Path, metavar="FILE", help="use the engine settings of this file"
    )
    recognition.add_argument(
        "--frames",
        type=int,
        default=300,
        metavar="N",
        help="maximum number of frames (default: 300)",
    )
    add_json(recognition)
    recognition.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """0 when all files were measured, 3 when one cannot be used."""
    before = memory()
    engine = engine_of(options.config).build()
    unusable = 0
    try:
        for path in options.files:
            try:
                figures = asyncio.run(measure(path, engine, options.frames, before))
            except PictureError as error:
                unusable += 1
                print_note(str(error))
                continue
            if options.json:
                print_json(figures)
            else:
                print(in_words(figures), flush=True)
    finally:
        engine.close()
    return 3 if unusable else 0


# --- measuring ----------------------------------------------------------------------------------


async def measure(path: Path, engine: Engine, frames: int, before: float | None = None) -> Figures:
    """PictureError for a file that is no picture and no clip. `before` is the memory in MiB that
    the process had without the engine."""
    decoding, size = await decode_times(path, frames)
    stages, reads = await engine_times(path, engine, frames)
    grown = memory()
    rate = await intake_rate(path, engine, frames) if is_clip(path) else None
    return Figures(
        file=str(path),
        width=size[0],
        height=size[1],
        frames=len(stages["engine"]),
        reads=reads,
        stages={name: stage_of(times) for name, times in {"decode": decoding, **stages}.items()},
        intake_frames_per_second=rate,
        engine_mebibytes=None if before is None or grown is None else round(grown - before, 1),
    )


async def decode_times(path: Path, frames: int) -> tuple[list[float], tuple[int, int]]:
    """Seconds from one decoded frame to the next, and the picture's width and height."""
    times: list[float] = []
    begun = CLOCK.monotonic()
    async for frame in limited_frames(path, frames):
        now = CLOCK.monotonic()
        times.append(now - begun)
        begun, last = now, frame
    if not times:
        raise PictureError(f"{path} contains no frames")
    height, width = last.pixels.shape[:2]
    return times, (width, height)


async def engine_times(
    path: Path, engine: Engine, frames: int
) -> tuple[dict[str, list[float]], int]:
    """Seconds of each stage in each frame, and how many reads there were."""
    taken_by: dict[str, list[float]] = {"engine": []}
    reads, number = 0, -WARM_UP
    async for frame in warmed(path, frames):
        watch = Stopwatch(CLOCK.monotonic)
        begun = CLOCK.monotonic()
        found = await asyncio.to_thread(engine.examine, frame, watch)
        watch.seconds["engine"] = CLOCK.monotonic() - begun
        number += 1
        if number <= 0:
            continue
        reads += len(found.reads)
        for name, seconds in watch.seconds.items():
            taken_by.setdefault(name, []).append(seconds)
    return taken_by, reads


async def warmed(path: Path, frames: int) -> AsyncIterator[Frame]:
    """The frames, the first of them a few times more."""
    async for frame in limited_frames(path, frames):
        if frame.number == 0:
            for _ in range(WARM_UP):
                yield frame
        yield frame


async def limited_frames(path: Path, frames: int) -> AsyncGenerator[Frame, None]:
    """Up to so many frames of a clip; a picture is decoded anew for each of a few."""
    if is_clip(path):
        async for frame in frames_of(path):
            if frame.number >= frames:
                break
            yield frame
        return
    async for first in frames_of(path):
        yield first
    for number in range(1, min(frames, PICTURE_REPEATS)):
        yield Frame(first.camera, number, first.captured_at, pictures.load_picture(path))


class LimitedSource(FrameSource):
    """A source that ends after so many frames of a clip."""

    live = False

    def __init__(self, path: Path, frames: int) -> None:
        self._path = path
        self._frames = frames
        self.given = 0

    async def frames(self) -> AsyncGenerator[Frame, None]:
        async for frame in limited_frames(self._path, self._frames):
            self.given += 1
            yield frame


async def intake_rate(path: Path, engine: Engine, frames: int) -> float:
    """Frames a second from the file to durable events."""
    source, board = LimitedSource(path, frames), Board(CLOCK)
    with tempfile.TemporaryDirectory(prefix="platewire-bench-") as folder:
        log = await SqliteLog.open(LogSettings(folder=Path(folder)), CLOCK, board)
        pool = Pool(UnclosedEngine(engine))
        try:
            context = IntakeContext(pool, log, Identities(CLOCK), CLOCK, board)
            begun = CLOCK.monotonic()
            await Intake("bench", source, PassageSettings(), PictureSettings(), context).run()
            spent = CLOCK.monotonic() - begun
        finally:
            await pool.close()
            await log.close()
    return round(source.given / spent, 2)


class UnclosedEngine(Engine):
    """The engine, left open when the pool that used it closes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.calls_at_once = engine.calls_at_once

    def read(self, frame: Frame) -> Sequence[Read]:
        return self._engine.read(frame)

    def examine(self, frame: Frame, watch: Stopwatch | None = None) -> Examined:
        return self._engine.examine(frame, watch)

    def close(self) -> None:
        """Whoever built the engine closes it."""


def stage_of(times: Sequence[float]) -> Stage:
    ordered = sorted(1000 * seconds for seconds in times)
    return Stage(round(statistics.median(ordered), 2), round(percentile(ordered, 0.95), 2))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]


def memory() -> float | None:
    """MiB that the process holds; None where the system does not say."""
    return next((size / 2**20 for size in resident_bytes()), None)


# --- words --------------------------------------------------------------------------------------


def in_words(figures: Figures) -> str:
    lines = [
        f"{figures.file}: {figures.frames} frames of {figures.width}x{figures.height}, "
        f"{figures.reads} reads",
        f"  {'ms per frame':<12} {'median':>8} {'p95':>8}",
    ]
    lines += [
        f"  {name:<12} {stage.median:>8.2f} {stage.p95:>8.2f}"
        for name, stage in figures.stages.items()
    ]
    if figures.intake_frames_per_second is not None:
        lines.append(f"  whole intake: {figures.intake_frames_per_second:.1f} frames per second")
    if figures.engine_mebibytes is not None:
        lines.append(f"  memory of the engine: {figures.engine_mebibytes:.0f} MiB")
    return "\n".join(lines)
