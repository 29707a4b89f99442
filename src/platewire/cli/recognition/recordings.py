"""A file on the command line -> frames: a single picture, or a clip read to its end."""

import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import av

from platewire.errors import ConfigError, PictureError, Unavailable
from platewire.model import Frame
from platewire.recognition import pictures
from platewire.runtime.clock import SystemClock
from platewire.sources.file import FileSettings
from platewire.sources.source import SourceContext

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".jp2"})


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES


def is_clip(path: Path) -> bool:
    return not is_picture(path)


async def frames_of(path: Path, camera: str | None = None) -> AsyncIterator[Frame]:
    """Every frame of the file. PictureError names the file and what is wrong with it."""
    if not path.is_file():
        raise PictureError(f"{path} is not a file")
    name = camera or path.stem
    if not is_clip(path):
        taken = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        yield Frame(name, 0, taken, pictures.load_picture(path))
        return
    context = SourceContext(camera=name, clock=SystemClock(), note=print_note)
    try:
        async for frame in FileSettings(path=path.absolute()).build(context).frames():
            yield frame
    except (Unavailable, ConfigError) as error:
        raise PictureError(str(error)) from error


def print_note(text: str) -> None:
    """What a person should know of a file that is read all the same."""
    print(f"platewire: {text}", file=sys.stderr)


def length_of(path: Path) -> int | None:
    """How many frames the file says it has; None where it does not say."""
    if not is_clip(path):
        return 1
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            if stream.frames:
                return stream.frames
            if stream.duration and stream.time_base and stream.average_rate:
                return int(stream.duration * stream.time_base * stream.average_rate)
    except (av.FFmpegError, OSError, IndexError):
        pass
    return None
