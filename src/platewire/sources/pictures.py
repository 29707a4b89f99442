"""A folder of pictures as a camera: read once in the order of their names, or watched.

Decides each picture's time, and, in a watched folder, when a picture is whole: its size and time
of writing have stayed the same from one look to the next. A broken picture is counted, named and
skipped.
"""

import glob
import re
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from platewire.errors import ConfigError, PictureError, Unavailable
from platewire.model import Frame, Pixels
from platewire.sources.off_loop import OffLoop, off_loop
from platewire.sources.picture import decode_file
from platewire.sources.source import SourceContext
from platewire.sources.tally import Tally

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"))
FILE_BYTES_MAX = 256 * 2**20


class PicturesSource(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="pictures"
):
    """A folder of pictures, such as one into which cameras drop pictures by FTP."""

    path: Annotated[
        Path, Meta(description="A folder, or a pattern such as `gate/*.jpg` or `gate/**/*.jpg`")
    ]
    interval_seconds: Annotated[
        float, Meta(gt=0, description="Time from one picture to the next with `times = interval`")
    ] = 1.0
    times: Annotated[
        Literal["interval", "modified"] | None,
        Meta(
            description="When a picture was taken: a fixed `interval` after the one before it, or "
            "when its file was `modified`. Unless set: `modified` when watching, else `interval`"
        ),
    ] = None
    start_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(
            description="Time of the first picture with `times = interval`, with time zone. "
            "Unless set: when its file was modified",
        ),
    ] = None
    watch: Annotated[bool, Meta(description="Keep looking for new and rewritten pictures")] = False
    existing: Annotated[
        bool, Meta(description="When watching: also read what is there at the start")
    ] = False
    poll_seconds: Annotated[
        float, Meta(ge=0.1, le=3600, description="When watching: time from one look to the next")
    ] = 1.0

    def build(self, context: SourceContext) -> "PictureFrames":
        """ConfigError when settings contradict each other."""
        if self.watch and self.times == "interval":
            raise ConfigError(
                f"camera {context.camera}: `watch = true` needs the pictures' own times; "
                'remove `times = "interval"`'
            )
        return PictureFrames(self, context)


class _File(NamedTuple):
    path: Path
    modified_ns: int
    size: int

    @property
    def modified(self) -> datetime:
        return datetime.fromtimestamp(self.modified_ns / 1e9, UTC)


class PictureFrames:
    dropped = 0

    def __init__(self, settings: PicturesSource, context: SourceContext) -> None:
        self._settings = settings
        self._context = context
        self._tally = Tally(context.first_number)
        self._done: dict[Path, _File] | None = None
        """In a watched folder, what has been read; kept over connections."""

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
        last: datetime | None = None
        with off_loop(f"pictures-{camera}") as call:
            files = self._arriving(call) if self._settings.watch else self._all(call)
            async for file, moment in files:
                try:
                    pixels = await call(_read, file)
                except PictureError as error:
                    self._tally.broken += 1
                    self._context.note(f"camera {camera}: {file.path} is skipped: {error}")
                    continue
                last = max(moment, last or moment)
                yield Frame(camera, self._tally.number(), last, pixels)

    async def _all(self, call: OffLoop) -> AsyncGenerator[tuple[_File, datetime], None]:
        files = await call(self._listed)
        if not files:
            raise ConfigError(
                f"camera {self._context.camera}: there is no picture in {self._settings.path}; "
                f"it may hold {', '.join(sorted(SUFFIXES))}"
            )
        good = self._tally.next_number
        for moment in self._moments(files):
            yield moment
        if self._tally.next_number == good:
            raise ConfigError(
                f"camera {self._context.camera}: none of the {len(files)} files in "
                f"{self._settings.path} is a picture that can be decoded; save or copy them again"
            )

    def _moments(self, files: list[_File]) -> Iterator[tuple[_File, datetime]]:
        if self._settings.times == "modified":
            yield from ((file, file.modified) for file in files)
            return
        start = (self._settings.start_at or files[0].modified).astimezone(UTC)
        step = timedelta(seconds=self._settings.interval_seconds)
        yield from ((file, start + index * step) for index, file in enumerate(files))

    async def _arriving(self, call: OffLoop) -> AsyncGenerator[tuple[_File, datetime], None]:
        """New and rewritten pictures, oldest first, each once it has stopped changing."""
        before: dict[Path, _File] = {}
        while True:
            now = {file.path: file for file in await call(self._listed)}
            if self._done is None:
                self._done = {} if self._settings.existing else dict(now)
            self._done = {path: file for path, file in self._done.items() if path in now}
            fresh = [file for path, file in now.items() if self._done.get(path) != file]
            for file in sorted(fresh, key=lambda file: file.modified_ns):
                if before.get(file.path) == file:
                    self._done[file.path] = file
                    yield file, file.modified
            before = now
            await self._context.clock.sleep(self._settings.poll_seconds)

    def _listed(self) -> list[_File]:
        path = self._settings.path
        try:
            if path.is_dir():
                names = [name for name in path.iterdir() if name.suffix.lower() in SUFFIXES]
            elif glob.has_magic(str(path)):
                # Path.glob takes no pattern that begins at the root.
                names = [Path(name) for name in glob.iglob(str(path), recursive=True)]  # noqa: PTH207
            else:
                raise FileNotFoundError("no such folder")
            return list(_files(sorted(names, key=_as_a_person_counts)))
        except OSError as error:
            raise Unavailable(
                f"camera {self._context.camera}: the folder {path} cannot be read: "
                f"{error.strerror or error}; check `path`"
            ) from error


def _files(names: list[Path]) -> Iterator[_File]:
    for name in names:
        try:
            status = name.stat()
        except FileNotFoundError:
            continue  # taken away since it was listed
        if name.is_file():
            yield _File(name, status.st_mtime_ns, status.st_size)


def _as_a_person_counts(name: Path) -> list[tuple[int, str]]:
    """Sorts frame2 before frame10."""
    parts = re.findall(r"([0-9]+)|([^0-9]+)", str(name))
    return [(int(digits), "") if digits else (-1, text) for digits, text in parts]


def _read(file: _File) -> Pixels:
    if file.size > FILE_BYTES_MAX:
        raise PictureError(f"its {file.size:,} bytes are more than {FILE_BYTES_MAX:,}")
    try:
        return decode_file(file.path.read_bytes())
    except OSError as error:
        raise PictureError(f"cannot be read: {error.strerror or error}") from error
