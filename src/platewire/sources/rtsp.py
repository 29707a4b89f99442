"""An RTSP camera: connected, decoded and watched for silence on its own thread.

Decides when a camera counts as cut off. The waiting itself is FFmpeg's, in real time: it gives up
opening after `open_seconds` and one read after `silence_seconds`, so that the thread always ends.
"""

import contextlib
from collections.abc import AsyncGenerator, Iterator
from typing import Annotated, Literal

import av
from av.container import InputContainer
from av.stream import Stream
from msgspec import Meta

from platewire.errors import PictureError, Unavailable
from platewire.model import Frame
from platewire.runtime.secret import Secret
from platewire.sources.frames.arrival import ArrivalTimes
from platewire.sources.frames.handover import Handover, taken_from_thread
from platewire.sources.frames.tally import Tally
from platewire.sources.frames.thinning import Thinning
from platewire.sources.frames.video import decoded, pixels_of, said, seconds, video_stream
from platewire.sources.network.address import Credentials, checked, credentials, without_secrets
from platewire.sources.network.rtsp_relay import RtspRelay, why_not_connected
from platewire.sources.source import FrameSource, SourceContext, SourceSettings


class RtspSettings(SourceSettings, frozen=True, kw_only=True, tag="rtsp"):
    """A camera or recorder that streams over RTSP: H.264, H.265, Motion JPEG and others."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^rtsps?://",
            description="URL without user and password",
            examples=["rtsp://192.0.2.10/stream1"],
        ),
    ]
    username: Annotated[Secret | None, Meta(description="Secret with the user name")] = None
    password: Annotated[Secret | None, Meta(description="Secret with the password")] = None
    transport: Annotated[
        Literal["tcp", "udp"],
        Meta(description="`tcp` loses no data and passes firewalls; `udp` has the lowest latency"),
    ] = "tcp"
    open_seconds: Annotated[
        float, Meta(gt=0, le=60, description="Timeout for the connection and the first response")
    ] = 10.0
    silence_seconds: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description=("A camera without a frame for this long counts as disconnected"),
        ),
    ] = 5.0
    max_fps: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(
            description=(
                "Maximum frames per second; excess frames are dropped evenly and save CPU time"
            )
        ),
    ] = None

    @property
    def camera_url(self) -> str:
        return self.url

    def build(self, context: SourceContext) -> "RtspFrames":
        """ConfigError when the address holds a password or a secret is not there."""
        url = checked(context.camera, self.url)
        who = credentials(context.camera, self.username, self.password)
        return RtspFrames(self, url, who, context)


class RtspFrames(FrameSource):
    live = True

    def __init__(
        self, settings: RtspSettings, url: str, who: Credentials | None, context: SourceContext
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
        with self._relayed() as relay, self._opened(relay) as container:
            try:
                self._follow(container, to)
            except av.FFmpegError as error:
                why = relay.refusal or _why_cut_off(error, self._settings)
                raise self._unavailable(why) from None
            raise self._unavailable(relay.refusal or "ended the stream; reconnecting")

    @contextlib.contextmanager
    def _relayed(self) -> Iterator[RtspRelay]:
        open_seconds = self._settings.open_seconds
        relay = RtspRelay(self._context.camera, self._url, self._who, open_seconds)
        try:
            relay.open()
        except OSError as error:
            raise self._unavailable(why_not_connected(error, open_seconds)) from None
        with contextlib.closing(relay):
            yield relay

    def _opened(self, relay: RtspRelay) -> InputContainer:
        clock = self._context.clock
        begun = clock.monotonic()
        try:
            return av.open(
                relay.url,
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
            waited = clock.monotonic() - begun
            why = relay.refusal or _why_not_opened(error, self._settings, waited)
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
                    f"sent no decodable frame for {pictures.patience:g} s{pictures.problem}; "
                    "check its video settings and the network"
                )

    def _unavailable(self, why: str) -> Unavailable:
        """Never chained to FFmpeg's own error, whose text holds the relay's address."""
        return Unavailable(f"camera {self._context.camera} at {without_secrets(self._url)} {why}")


class _Pictures:
    """Packets of one connection -> frames: time, number, frame rate limit, pixels."""

    def __init__(self, settings: RtspSettings, context: SourceContext, tally: Tally) -> None:
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
            arrived = self._clock.boot()
            pixels = pixels_of(picture)
            yield Frame(self._camera, self._tally.number(), moment, pixels, arrived)
        else:
            self._tally.number()
            self._tally.drop()


def _why_not_opened(error: av.FFmpegError, settings: RtspSettings, waited: float) -> str:
    """What happened and what to do; `waited` is in seconds."""
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return f"rejected the login: {said(error)}; check `username` and `password`"
    if isinstance(error, av.error.HTTPNotFoundError):
        return f"has no such stream: {said(error)}; check the path in `url`"
    # FFmpeg names a time-out in several ways, some of them misleading.
    if isinstance(error, av.error.ExitError) or waited >= settings.open_seconds:
        return (
            f"did not respond within {settings.open_seconds:g} s; check that the camera is on, "
            "that `url` is correct and that no firewall blocks it"
        )
    if isinstance(error, av.error.InvalidDataError):
        return "does not speak RTSP or sends no video; check `url`"
    return f"cannot be read: {said(error)}; check `url` and the network"


def _why_cut_off(error: av.FFmpegError, settings: RtspSettings) -> str:
    if isinstance(error, av.error.ExitError | av.error.TimeoutError):
        return f"sent nothing for {settings.silence_seconds:g} s; check the camera and the network"
    return f"lost the connection: {said(error)}; check the camera and the network"
