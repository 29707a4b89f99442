"""A clip file as a camera: anything that FFmpeg decodes, played once or in a loop.

Sets the time of each frame: the time of the first frame plus the presentation time, ascending also
when the clip is played again. A truncated clip delivers the frames it has, reports it, and ends.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import av
from av.container import InputContainer
from av.video.stream import VideoStream
from msgspec import Meta

from platewire.errors import ConfigError, PictureError, Unavailable
from platewire.model import Frame
from platewire.runtime.file_date import date_of
from platewire.sources.frames.handover import Handover, taken_from_thread
from platewire.sources.frames.presentation import PresentationTimes
from platewire.sources.frames.tally import Tally
from platewire.sources.frames.video import decoded, pixels_of, said, seconds, video_stream
from platewire.sources.source import FrameSource, SourceContext, SourceSettings

TURN_SECONDS = 0.05
"""How often a thread that waits for a frame's time looks at the clock."""
MISSING_SECONDS = 1.0
"""A clip that ends this much before the length it states is called cut off."""
FIRST_CREDIBLE_YEAR = 2000
"""Cameras without a set clock write 1904 or 1970."""
AHEAD = timedelta(days=1)
"""A clip dated further ahead of this computer's clock was dated by a clock that was never set; up
to a day may be a camera that writes its local time as if it were UTC."""


class FileSettings(SourceSettings, frozen=True, kw_only=True, tag="file"):
    """A clip file: MP4, MKV, AVI, TS and whatever else FFmpeg decodes."""

    path: Annotated[
        Path,
        Meta(
            description="Path of the clip, relative to the configuration file",
            examples=["clip.mp4"],
        ),
    ]
    loop: Annotated[bool, Meta(description="Start again at the end, forever")] = False
    pace: Annotated[
        Literal["fastest", "real"],
        Meta(
            description="`fastest`: every frame, as fast as possible; `real`: in real time like "
            "a camera, where the newest frame wins"
        ),
    ] = "fastest"
    start_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(
            description="Time of the first frame, with time zone. Default: now if `pace` is "
            "`real` or `loop` is true; else the creation time in the clip; else the "
            "modification time of the file",
        ),
    ] = None

    def build(self, context: SourceContext) -> "FileFrames":
        return FileFrames(self, context)


class FileFrames(FrameSource):
    def __init__(self, settings: FileSettings, context: SourceContext) -> None:
        self._settings = settings
        self._context = context
        self._tally = Tally(context.first_number)

    @property
    def live(self) -> bool:
        return self._settings.pace == "real"

    @property
    def dropped(self) -> int:
        return self._tally.dropped

    @property
    def broken(self) -> int:
        return self._tally.broken

    def frames(self) -> AsyncGenerator[Frame, None]:
        """Unavailable when the file is not there, ConfigError when it is no video."""
        handover = Handover[Frame](newest_wins=self.live, on_dropped=self._tally.drop)
        loop = asyncio.get_running_loop()

        def read(to: Handover[Frame]) -> None:
            for remark in _Playing(self._settings, self._context, self._tally, to).rounds():
                loop.call_soon_threadsafe(self._context.note, remark)

        return taken_from_thread(f"clip-{self._context.camera}", read, handover)


class _Playing:
    """One playback of the clip, on its own thread; keeps the position in frame time."""

    def __init__(
        self,
        settings: FileSettings,
        context: SourceContext,
        tally: Tally,
        to: Handover[Frame],
    ) -> None:
        self._settings = settings
        self._context = context
        self._tally = tally
        self._to = to
        self._who = f"camera {context.camera}: the clip {settings.path}"
        self._start: datetime | None = settings.start_at
        self._begun = context.clock.monotonic()
        self._next_round = 0.0
        """Seconds since the start at which the first frame of the next round stands."""

    def rounds(self) -> Iterator[str]:
        """Plays the clip once, or for ever; yields what a person should know."""
        while True:
            before = self._next_round
            yield from self._round()
            if self._next_round == before:
                raise ConfigError(
                    f"{self._who} contains no decodable frame; play it in a video player, and "
                    "export it again as H.264 in MP4"
                )
            if not self._settings.loop:
                return

    def _round(self) -> Iterator[str]:
        broken = self._tally.broken
        with self._opened() as container:
            stream = video_stream(container, low_delay=False)
            if stream is None:
                raise ConfigError(
                    f"{self._who} contains no decodable video; export it again as H.264 in MP4"
                )
            if self._start is None:
                self._start, remark = self._default_start(container)
                if remark:
                    yield remark
                # Opening may take long: frame time must not be ahead of the clock by that.
                self._begun = self._context.clock.monotonic()
            end = self._play(container, stream)
            missing = _stated_seconds(container, stream) - end
        if missing > MISSING_SECONDS:
            yield (
                f"{self._who} is truncated: its last {missing:.1f} s could not be read; copy it "
                "again from the original"
            )
        elif damaged := self._tally.broken - broken:
            yield (
                f"{self._who} is corrupted: {damaged} of its frames could not be decoded; copy "
                "it again from the original"
            )

    def _opened(self) -> InputContainer:
        try:
            path = str(self._settings.path.resolve(strict=True))
            return av.open(path, metadata_errors="replace")
        except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
            raise Unavailable(
                f"{self._who} cannot be opened: {error.strerror}; check `path`"
            ) from error
        except (av.FFmpegError, OSError) as error:
            raise ConfigError(
                f"{self._who} is not a readable video file: {said(error)}; use a clip such as an "
                "MP4, or copy it again if it is truncated"
            ) from error

    def _default_start(self, container: InputContainer) -> tuple[datetime, str]:
        """And what to say of a date that is not used because it lies ahead; empty if none does."""
        now = self._context.clock.now()
        if self._settings.loop or self._settings.pace == "real":
            return now, ""
        dates = [date for date in (self._made(container), self._written()) if date is not None]
        ahead = [date for date in dates if date > now + AHEAD]
        credible = (d for d in dates if d not in ahead and d.year >= FIRST_CREDIBLE_YEAR)
        start = next(credible, now)
        if not ahead:
            return start, ""
        return start, (
            f"{self._who} has the future date {ahead[0]:%Y-%m-%d %H:%M} UTC; using "
            f"{start:%Y-%m-%d %H:%M} UTC; set the clock of the camera, or `start_at`"
        )

    def _made(self, container: InputContainer) -> datetime | None:
        """When the clip says it was."""
        try:
            made = datetime.fromisoformat(container.metadata.get("creation_time", ""))
            return made.astimezone(UTC) if made.tzinfo is not None else None
        except (ValueError, OverflowError):
            return None

    def _written(self) -> datetime | None:
        """When its file was."""
        try:
            return date_of(self._settings.path.stat().st_mtime)
        except OSError:
            return None

    def _play(self, container: InputContainer, stream: VideoStream) -> float:
        """Gives all frames; returns how many seconds of the clip they cover."""
        # The average is wrong where stamps are; the guess knows what the codec says.
        times = PresentationTimes(1 / float(stream.guessed_rate or stream.average_rate or 25))
        for picture in self._pictures(container, stream):
            if isinstance(picture, PictureError):
                self._tally.broken += 1
            else:
                at = times.of(seconds(picture.pts, picture.time_base))
                self._give(picture, self._next_round + at)
        self._next_round += times.end
        return times.end

    def _pictures(
        self, container: InputContainer, stream: VideoStream
    ) -> Iterator[av.VideoFrame | PictureError]:
        try:
            for packet in container.demux(stream):
                yield from decoded(packet)
        except av.FFmpegError as error:
            yield PictureError(said(error))  # the file ends in the middle

    def _give(self, picture: av.VideoFrame, at: float) -> None:
        assert self._start is not None  # noqa: S101 - set before the first frame
        try:
            pixels = pixels_of(picture)
        except PictureError:
            self._tally.broken += 1
            return
        if self._settings.pace == "real":
            self._wait_until(at)
        moment = (self._start + timedelta(seconds=at)).astimezone(UTC)
        arrived = self._context.clock.boot()
        self._to.give(Frame(self._context.camera, self._tally.number(), moment, pixels, arrived))

    def _wait_until(self, at: float) -> None:
        clock = self._context.clock
        while (left := self._begun + at - clock.monotonic()) > 0:
            self._to.pause(min(left, TURN_SECONDS))


def _stated_seconds(container: InputContainer, stream: VideoStream) -> float:
    """The length that the clip states; 0 when it states none."""
    if (length := seconds(stream.duration, stream.time_base)) is not None:
        return length
    return (container.duration or 0) / av.time_base
