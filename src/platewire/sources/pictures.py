"""A folder of images as a camera: read once in the order of their names, or watched.

Sets each image's time and, in a watched folder, decides when an image is complete: its size and
modification time are unchanged from one scan to the next. A corrupted image is counted, named and
skipped. Other programs write the files: a link that leads out of the folder is not followed, and a
modification time in the future, or one that is not a valid date, is replaced by the time of arrival
and does not affect other files.
"""

import asyncio
import contextlib
import errno
import glob
import os
import re
import stat
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from platewire.decoding.decode import SUFFIXES, decode, is_moving, moving
from platewire.errors import ConfigError, PictureError, Unavailable
from platewire.model import Frame, Pixels
from platewire.runtime.clock import Clock
from platewire.runtime.file_date import date_of
from platewire.sources.frames.off_loop import OffLoop, off_loop
from platewire.sources.frames.tally import Tally
from platewire.sources.source import FrameSource, SourceContext, SourceSettings

FILE_BYTES_MAX = 256 * 2**20
"""Bytes of a file, at most: above any photo, a bound on memory."""
AHEAD_SECONDS = 60.0
"""Clocks of file servers stray by seconds; a time further ahead than this was never right."""
NOTES_PER_LOOK_MAX = 20
"""Of files that cannot be looked at; each is told once."""


class PicturesSettings(SourceSettings, frozen=True, kw_only=True, tag="pictures"):
    """A folder of images, such as the target of FTP uploads of cameras."""

    path: Annotated[
        Path,
        Meta(
            description="A folder, or a pattern such as `gate/*.jpg` or `gate/**/*.jpg`",
            examples=["pictures"],
        ),
    ]
    interval_seconds: Annotated[
        float, Meta(gt=0, description="Time between images with `times = interval`")
    ] = 1.0
    times: Annotated[
        Literal["interval", "modified"] | None,
        Meta(
            description="Time of an image: a fixed `interval` after the previous one, or the "
            "time its file was `modified`. Default: `modified` with `watch`, else "
            "`interval`"
        ),
    ] = None
    start_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(
            description="Time of the first image with `times = interval`, with time zone. "
            "Default: the modification time of its file",
        ),
    ] = None
    watch: Annotated[bool, Meta(description="Watch for new and rewritten images")] = False
    existing: Annotated[
        bool, Meta(description="With `watch`: also read the images that exist at the start")
    ] = False
    poll_seconds: Annotated[
        float, Meta(ge=0.1, le=3600, description="With `watch`: polling interval")
    ] = 1.0

    @property
    def stills(self) -> bool:
        return True

    def build(self, context: SourceContext) -> "PictureFrames":
        """ConfigError when settings contradict each other."""
        if self.watch and self.times == "interval":
            raise ConfigError(
                f"camera {context.camera}: `watch = true` requires the times of the files; remove "
                '`times = "interval"`'
            )
        return PictureFrames(self, context)


class _File(NamedTuple):
    path: Path
    """As it is named in the folder."""
    real: Path
    """Where that leads, within the folder."""
    modified_ns: int
    changed_ns: int
    """When the file system last saw it change; nobody can set that."""
    size: int

    @property
    def version(self) -> tuple[int, int]:
        """What differs once it is written anew, yet not when only its rights or links change."""
        return self.modified_ns, self.size

    def credible(self, now: datetime) -> bool:
        """Whether it was written before now, as far as clocks agree."""
        return _credible(self.modified_ns, now) is not None

    def moment(self, now: datetime) -> datetime:
        """When it was written; where that cannot be, when it came; where that cannot be, now."""
        return _credible(self.modified_ns, now) or _credible(self.changed_ns, now) or now


def _credible(stamp_ns: int, now: datetime) -> datetime | None:
    """None ahead of this computer's clock, `now` where it is a little ahead."""
    moment = date_of(stamp_ns / 1e9)
    if moment is None or moment > now + timedelta(seconds=AHEAD_SECONDS):
        return None
    return min(moment, now)


class PictureFrames(FrameSource):
    dropped = 0

    def __init__(self, settings: PicturesSettings, context: SourceContext) -> None:
        self._settings = settings
        self._context = context
        self._tally = Tally(context.first_number)
        self._done: dict[Path, tuple[int, int]] | None = None
        """In a watched folder, what has been read; kept over connections."""
        self._refused: set[Path] = set()
        """What was told not to be followed."""
        self._passed_over: set[str] = set()
        """Kinds of files of which one was named as passed over."""

    @property
    def live(self) -> bool:
        """A watched folder lets time pass without pictures, yet none of them is dropped."""
        return self._settings.watch

    @property
    def broken(self) -> int:
        return self._tally.broken

    async def frames(self) -> AsyncGenerator[Frame, None]:
        """Unavailable when the folder is not there, ConfigError when it holds no picture."""
        camera = self._context.camera
        order = _Order(camera, self._context.clock)
        self._loop = asyncio.get_running_loop()
        with off_loop(f"pictures-{camera}") as call:
            files = self._arriving(call) if self._settings.watch else self._all(call)
            async for file, moment in files:
                try:
                    async for after, pixels in _pictures(call, file):
                        arrived = self._context.clock.boot()
                        at = order.of(moment + timedelta(seconds=after))
                        yield Frame(camera, self._tally.number(), at, pixels, arrived)
                except PictureError as error:
                    self._tally.broken += 1
                    self._note(f"{file.path} is skipped: {error}")

    def _note(self, text: str) -> None:
        self._context.note(f"camera {self._context.camera}: {text}")

    async def _all(self, call: OffLoop) -> AsyncGenerator[tuple[_File, datetime], None]:
        files = await call(self._listed)
        if not files:
            raise ConfigError(
                f"camera {self._context.camera}: {self._settings.path} contains no image; "
                f"supported are {', '.join(sorted(SUFFIXES))}"
            )
        good = self._tally.next_number
        for file, moment in self._moments(files):
            yield file, moment
        if self._tally.next_number == good:
            raise ConfigError(
                f"camera {self._context.camera}: none of the {len(files)} files in "
                f"{self._settings.path} is a decodable image; save or copy them again"
            )

    def _moments(self, files: list[_File]) -> Iterator[tuple[_File, datetime]]:
        """In the order of the names, or, where the files' own times count, in that of the times."""
        now = self._context.clock.now()
        if self._settings.times == "modified":
            by_time = [(file, self._moment(file, now)) for file in files]
            yield from sorted(by_time, key=lambda it: it[1])
            return
        first = next((file for file in files if file.credible(now)), files[0])
        if self._settings.start_at is None:
            self._tell_if_ahead(files[0], now)
        start = (self._settings.start_at or first.moment(now)).astimezone(UTC)
        step = timedelta(seconds=self._settings.interval_seconds)
        yield from ((file, start + index * step) for index, file in enumerate(files))

    def _moment(self, file: _File, now: datetime) -> datetime:
        self._tell_if_ahead(file, now)
        return file.moment(now)

    def _tell_if_ahead(self, file: _File, now: datetime) -> None:
        if not file.credible(now):
            self._note(
                f"{file.path} has the future time {_dated(file)}; using its arrival time "
                f"{file.moment(now):%Y-%m-%d %H:%M} UTC; set the clock of the camera"
            )

    async def _arriving(self, call: OffLoop) -> AsyncGenerator[tuple[_File, datetime], None]:
        """New and rewritten pictures, oldest first, each once it has stopped changing."""
        before: dict[Path, tuple[int, int]] = {}
        while True:
            files = await call(self._listed)
            now = {file.path: file.version for file in files}
            if self._done is None:
                self._done = {} if self._settings.existing else dict(now)
            self._done = {path: done for path, done in self._done.items() if path in now}
            fresh = [file for file in files if self._done.get(file.path) != file.version]
            for file in sorted(fresh, key=lambda file: file.modified_ns):
                if before.get(file.path) == file.version:
                    self._done[file.path] = file.version
                    yield file, self._moment(file, self._context.clock.now())
            before = now
            await self._context.clock.sleep(self._settings.poll_seconds)

    def _listed(self) -> list[_File]:
        path = self._settings.path
        try:
            root, names = _named(path)
            others = [name for name in names if _passed_over(name, path)]
            names = [name for name in names if name not in others]
            found = list(_files(sorted(names, key=_as_a_person_counts), root.resolve(strict=True)))
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before 3.13
            raise Unavailable(
                f"camera {self._context.camera}: cannot read the folder {path}: "
                f"{getattr(error, 'strerror', None) or error}; check `path`"
            ) from error
        self._tell_passed_over(others)
        self._tell_refused({it.path: it.reason for it in found if isinstance(it, _Refused)})
        return [it for it in found if isinstance(it, _File)]

    def _tell_refused(self, refused: dict[Path, str]) -> None:
        """Each once, as long as it is there. Called on the thread that looks."""
        for name in list(refused.keys() - self._refused)[:NOTES_PER_LOOK_MAX]:
            self._tally.broken += 1
            self._loop.call_soon_threadsafe(self._note, f"{name} is skipped: {refused[name]}")
        self._refused = set(refused)

    def _tell_passed_over(self, names: list[Path]) -> None:
        """One of each kind: cameras write a file of data beside each picture."""
        for name in names:
            kind = "folder" if name.is_dir() else name.suffix.lower()
            if kind not in self._passed_over and len(self._passed_over) < NOTES_PER_LOOK_MAX:
                self._passed_over.add(kind)
                text = _why_passed_over(name, kind)
                self._loop.call_soon_threadsafe(self._note, f"{name} is skipped: {text}")


class _Order:
    """Frame time never goes back, unless the clock of this computer did."""

    def __init__(self, camera: str, clock: Clock) -> None:
        self._camera = camera
        self._clock = clock
        self._last: datetime | None = None

    def of(self, moment: datetime) -> datetime:
        """Unavailable when the clock was set back: a new connection starts afresh."""
        last = self._last or moment
        if last > self._clock.now() + timedelta(seconds=AHEAD_SECONDS) and moment < last:
            raise Unavailable(
                f"camera {self._camera}: the clock of this computer was set back; scanning again "
                "to restart frame times"
            )
        self._last = max(moment, last)
        return self._last


class _Refused(NamedTuple):
    path: Path
    reason: str


def _named(path: Path) -> tuple[Path, list[Path]]:
    """The folder that nothing may lead out of, and what in it may be a picture."""
    if path.is_dir():
        return path, [name for name in path.iterdir() if not name.name.startswith(".")]
    if not glob.has_magic(str(path)):
        raise FileNotFoundError("no such folder")
    fixed = next(index for index, part in enumerate(path.parts) if glob.has_magic(part))
    root, pattern = Path(*path.parts[:fixed]), str(Path(*path.parts[fixed:]))
    # Unlike the module `glob`, `Path.glob` goes through no link below `**`, which may be a loop.
    # That names which begin with a dot are left out it shares with the shell only if we see to it.
    names = root.glob(pattern)
    return root, [name for name in names if not _hidden(name.relative_to(root), pattern)]


def _passed_over(name: Path, path: Path) -> bool:
    """Of a folder, only files that are named as pictures are read; of a pattern, all."""
    return name.suffix.lower() not in SUFFIXES and name.parent == path


def _why_passed_over(name: Path, kind: str) -> str:
    if kind == "folder":
        return f'a folder; to read it too, set `path` to "{name.parent}/**/*"'
    named = f"names that end in {kind}" if kind else "names without an ending"
    return (
        f"{named} are not read as pictures; supported are {', '.join(sorted(SUFFIXES))}; a clip "
        'needs a camera with `type = "file"`'
    )


def _hidden(name: Path, pattern: str) -> bool:
    """FTP servers write uploads under such names until they are whole."""
    return any(part.startswith(".") for part in name.parts) and "/." not in f"/{pattern}"


def _files(names: list[Path], root: Path) -> Iterator[_File | _Refused]:
    for name in names:
        try:
            real = name.resolve(strict=True)
            status = real.stat()
        except FileNotFoundError:
            if name.is_symlink():
                yield _Refused(name, "a dangling link")
            continue  # else taken away since it was listed
        except (OSError, RuntimeError) as error:
            yield _Refused(name, _why(error))
            continue
        if not real.is_relative_to(root):
            yield _Refused(name, f"a link outside of the folder {root}")
        elif stat.S_ISREG(status.st_mode):
            yield _File(name, real, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


def _why(error: Exception) -> str:
    if isinstance(error, RuntimeError) or getattr(error, "errno", None) == errno.ELOOP:
        return "a circular link"
    return f"cannot be accessed: {getattr(error, 'strerror', None) or error}"


def _dated(file: _File) -> str:
    stamp = file.modified_ns / 1e9
    date = date_of(stamp)
    return f"{stamp:.0f} s after 1970" if date is None else f"{date:%Y-%m-%d %H:%M} UTC"


def _as_a_person_counts(name: Path) -> list[tuple[int, str]]:
    """Sorts frame2 before frame10."""
    parts = re.findall(r"([0-9]+)|([^0-9]+)", str(name))
    return [(int(digits), "") if digits else (-1, text) for digits, text in parts]


async def _pictures(call: OffLoop, file: _File) -> AsyncGenerator[tuple[float, Pixels], None]:
    """One picture; or those of an animated GIF, with their seconds since the first one."""
    data = await call(_read, file)
    if not await call(is_moving, data):
        yield 0.0, await call(_decoded, data)
        return
    clip = moving(data)
    while (picture := await call(_following, clip)) is not None:
        yield picture


def _read(file: _File) -> bytes:
    """PictureError for whatever is wrong with this file: it alone is skipped."""
    if file.size > FILE_BYTES_MAX:
        raise PictureError(f"its {file.size:,} bytes exceed {FILE_BYTES_MAX:,}")
    try:
        return _bytes_of(file.real)
    except OSError as error:
        raise PictureError(f"cannot be read: {error.strerror or error}") from error


def _decoded(data: bytes) -> Pixels:
    with _decoders_errors():
        return decode(data)


def _following(clip: Iterator[tuple[float, Pixels]]) -> tuple[float, Pixels] | None:
    with _decoders_errors():
        return next(clip, None)


@contextlib.contextmanager
def _decoders_errors() -> Iterator[None]:
    try:
        yield
    except PictureError:
        raise
    except Exception as error:  # Decoders raise what they like of a damaged file.
        raise PictureError(f"cannot be decoded: {type(error).__name__}: {error}") from error


def _bytes_of(real: Path) -> bytes:
    """What was put in its place since it was looked at, a link or a pipe, is not followed."""
    number = os.open(
        real, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    )
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise PictureError("not a regular file")
        return file.read(FILE_BYTES_MAX + 1)
