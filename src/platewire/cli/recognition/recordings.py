"""A file on the command line -> frames: a single picture, or a clip read to its end."""

import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import av

from platewire.decoding.decode import SUFFIXES, is_moving
from platewire.errors import ConfigError, PictureError, Unavailable
from platewire.model import Frame
from platewire.recognition import pictures
from platewire.runtime.clock import SystemClock
from platewire.runtime.file_date import date_of
from platewire.sources.file import AHEAD, FileSettings
from platewire.sources.source import SourceContext


def is_picture(path: Path) -> bool:
    """By its name; a GIF of several pictures is a clip."""
    return path.suffix.lower() in SUFFIXES and not _is_moving_gif(path)


def is_clip(path: Path) -> bool:
    return not is_picture(path)


def _is_moving_gif(path: Path) -> bool:
    if path.suffix.lower() != ".gif":
        return False
    try:
        return is_moving(path.read_bytes())
    except OSError:
        return False


async def frames_of(path: Path, camera: str | None = None) -> AsyncIterator[Frame]:
    """Every frame of the file. PictureError names the file and what is wrong with it."""
    if not path.is_file():
        raise PictureError(f"{path} is not a file")
    name = camera or path.stem
    if not is_clip(path):
        yield Frame(name, 0, _taken_at(path), pictures.load_picture(path))
        return
    context = SourceContext(camera=name, clock=SystemClock(), note=print_note)
    try:
        async for frame in FileSettings(path=path.absolute()).build(context).frames():
            yield frame
    except (Unavailable, ConfigError) as error:
        raise PictureError(str(error)) from error


def _taken_at(path: Path) -> datetime:
    """When the file was written, unless that lies ahead or is no date: then now, with a remark."""
    now, stamp = SystemClock().now(), path.stat().st_mtime
    moment = date_of(stamp)
    if moment is None:
        print_note(f"{path} has no valid date ({stamp:.0f} s after 1970); using the present time")
        return now
    if moment > now + AHEAD:
        print_note(
            f"{path} has the future date {moment:%Y-%m-%d %H:%M} UTC; using the present time"
        )
        return now
    return moment


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
