"""An RTSP camera: opened, decoded and watched for silence on a thread of its own.

Decides when a camera counts as cut off. The waiting itself is FFmpeg's, in real time: it gives up
opening after `open_seconds` and one read after `silence_seconds`, so that the thread always ends.
"""

import errno
from collections.abc import AsyncGenerator, Iterator
from typing import Annotated, Literal

import av
from av.container import InputContainer
from av.stream import Stream
from msgspec import Meta, Struct

from platewire.errors import PictureError, Unavailable
from platewire.model import Frame
from platewire.secret import Secret
from platewire.sources.address import Credentials, checked, credentials, shown, with_credentials
from platewire.sources.arrival import ArrivalTimes
from platewire.sources.handover import Handover, taken_from_thread
from platewire.sources.source import SourceContext
from platewire.sources.tally import Tally
from platewire.sources.thinning import Thinning
from platewire.sources.video import decoded, pixels_of, said, seconds, video_stream


class RtspSource(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="rtsp"
):
    """A camera or recorder that streams over RTSP: H.264, H.265, Motion JPEG and others."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^rtsps?://",
            description="Address without user and password",
            examples=["rtsp://192.168.1.20/stream1"],
        ),
    ]
    username: Annotated[Secret | None, Meta(description="Secret holding the user's name")] = None
    password: Annotated[Secret | None, Meta(description="Secret holding the password")] = None
    transport: Annotated[
        Literal["tcp", "udp"],
        Meta(description="`tcp` loses nothing and passes firewalls; `udp` never falls behind"),
    ] = "tcp"
    open_seconds: Annotated[
        float, Meta(gt=0, le=60, description="How long the camera may take to answer at first")
    ] = 10.0
    silence_seconds: Annotated[
        float, Meta(gt=0, le=60, description="Without a frame for longer the camera is cut off")
    ] = 5.0
    max_fps: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="Frames a second at most; more are dropped evenly and cost less"),
    ] = None

    def build(self, context: SourceContext) -> "RtspFrames":
        """ConfigError when the address holds a password or a secret is not there."""
        url = checked(context.camera, self.url)
        who = credentials(context.camera, self.username, self.password)
        return RtspFrames(self, url, who, context)


class RtspFrames:
    live = True

    def __init__(
        self, settings: RtspSource, url: str, who: Credentials | None, context: SourceContext
    ) -> None:
        self._settings = settings
        self._url = url
        self._who = who
        self._context = context
        self._tally = Tally(context.first_number)

    @property
    def dropped(self) -> int:
        return self._tally.dropped

    @property
    def broken(self) -> int:
        return self._tally.broken

    def frames(self) -> AsyncGenerator[Frame, None]:
        handover = Handover[Frame](newest_wins=True, on_dropped=self._tally.drop)
        return taken_from_thread(f"rtsp-{self._context.camera}", self._read, handover)

    def _read(self, to: Handover[Frame]) -> None:
        with self._opened() as container:
            try:
                self._follow(container, to)
            except av.FFmpegError as error:
                raise self._unavailable(_why_cut_off(error, self._settings)) from None
        raise self._unavailable("ended the stream; trying again")

    def _opened(self) -> InputContainer:
        clock = self._context.clock
        begun = clock.monotonic()
        try:
            return av.open(
                with_credentials(self._url, self._who),
                format="rtsp",
                metadata_errors="replace",
                options={
                    "rtsp_transport": self._settings.transport,
                    "allowed_media_types": "video",
                    "fflags": "nobuffer",
                },
                timeout=(self._settings.open_seconds, self._settings.silence_seconds),
            )
        except av.FFmpegError as error:
            why = _why_not_opened(error, self._settings, clock.monotonic() - begun)
            raise self._unavailable(why) from None

    def _follow(self, container: InputContainer, to: Handover[Frame]) -> None:
        """Gives frames until the stream ends; Unavailable when no picture comes for too long."""
        stream = video_stream(container, low_delay=True)
        if stream is None:
            raise self._unavailable("offers no video; check the path in `url`")
        pictures = _Pictures(self._settings, self._context, self._tally)
        for packet in container.demux():
            if to.closed:
                return
            if packet.stream is stream:
                for frame in pictures.of(packet):
                    to.give(frame)
            # Damaged pictures keep the connection busy, so silence is measured here as well.
            if pictures.overdue:
                raise self._unavailable(
                    f"sent no usable picture for {pictures.patience:g} s{pictures.problem}; "
                    "check its video settings and the network"
                )

    def _unavailable(self, why: str) -> Unavailable:
        """Never chained to FFmpeg's own error, whose text holds the password."""
        return Unavailable(f"camera {self._context.camera} at {shown(self._url)} {why}")


class _Pictures:
    """One connection's packets -> frames: time, number, thinning, pixels."""

    def __init__(self, settings: RtspSource, context: SourceContext, tally: Tally) -> None:
        self._camera = context.camera
        self._clock = context.clock
        self._times = ArrivalTimes(context.camera, context.clock)
        self._thinning = Thinning(settings.max_fps)
        self._tally = tally
        self._silence_seconds = settings.silence_seconds
        self._last = context.clock.monotonic()
        # A stream may begin between two key frames: the first picture may take longer.
        self.patience = max(settings.open_seconds, settings.silence_seconds)
        self.problem = ""
        """Why the last picture was of no use, as the end of a sentence."""

    @property
    def overdue(self) -> bool:
        return self._clock.monotonic() - self._last > self.patience

    def of(self, packet: "av.Packet[Stream]") -> Iterator[Frame]:
        for picture in decoded(packet):
            try:
                yield from self._frame(picture)
            except PictureError as error:
                self._tally.broken += 1
                self.problem = f": {error}"

    def _frame(self, picture: av.VideoFrame | PictureError) -> Iterator[Frame]:
        if isinstance(picture, PictureError):
            raise picture
        self._last, self.patience = self._clock.monotonic(), self._silence_seconds
        moment = self._times.of(seconds(picture.pts, picture.time_base))
        if self._thinning.keeps(moment):
            pixels = pixels_of(picture)
            yield Frame(self._camera, self._tally.number(), moment, pixels)
        else:
            self._tally.number()
            self._tally.drop()


def _why_not_opened(error: av.FFmpegError, settings: RtspSource, waited: float) -> str:
    """What happened and what to do; `waited` is in seconds."""
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return f"refused: {said(error)}; check `username` and `password`"
    if isinstance(error, av.error.HTTPNotFoundError):
        return f"knows no such stream: {said(error)}; check the path in `url`"
    if error.errno == errno.ECONNREFUSED:
        return "refused the connection; check the port in `url` and that RTSP is switched on"
    # FFmpeg names a time-out in several ways, some of them misleading.
    if isinstance(error, av.error.ExitError) or waited >= settings.open_seconds:
        return (
            f"gave no answer within {settings.open_seconds:g} s; check that it is switched on, "
            "that `url` is right and that no firewall stands in between"
        )
    if isinstance(error, av.error.InvalidDataError):
        return "does not speak RTSP or sends what is no video; check `url`"
    return f"cannot be read: {said(error)}; check `url` and the network"


def _why_cut_off(error: av.FFmpegError, settings: RtspSource) -> str:
    if isinstance(error, av.error.ExitError | av.error.TimeoutError):
        return f"sent nothing for {settings.silence_seconds:g} s; check the camera and the network"
    return f"was cut off: {said(error)}; check the camera and the network"
