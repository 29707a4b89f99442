"""The contract of sources, which deliver frames.

A source is one file with a frozen settings class (`SourceSettings`, tagged by its `type` in the
configuration) whose `build` returns a `FrameSource`. It is registered in `sources.builtin.BUILTIN`,
or by another package as an entry point of the group `platewire.sources`.

The source decodes on a thread of its own and never blocks the event loop. It does not reconnect or
report: the intake does that for all.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from msgspec import Struct

from platewire.model import Frame
from platewire.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class SourceContext:
    camera: str
    clock: Clock
    first_number: int = 0
    """Number of the first frame."""
    note: Callable[[str], None] = lambda message: None
    """Told, on the event loop, what a person should know although the source goes on."""


class SourceSettings(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"
):
    """Sources add their own settings, and their tag."""

    def build(self, context: SourceContext) -> "FrameSource":
        """Makes the source; opens nothing yet. Called again for each restart of the camera.

        ConfigError, which names the camera, for a setting or a secret that cannot be used.
        """
        raise NotImplementedError

    @property
    def stills(self) -> bool:
        """Whether a vehicle is usually in one picture only, so that no second read confirms the
        first. A camera's `passage.stills` overrides it."""
        return False

    @property
    def camera_url(self) -> str:
        """URL of the camera itself; empty for a recording. A camera's `ip_address` is taken from
        it where the configuration does not name one."""
        return ""


class FrameSource(ABC):
    """Frames of one camera or recording.

    Unavailable may leave `frames` when the camera is unreachable, disconnects, sends nothing for
    longer than its timeout, or sends what is not a picture; ConfigError when a file or a secret
    cannot be used. Both texts name the camera, what was seen, and what to do. After either,
    `frames` is called again, with jittered exponential backoff. Any other exception is a bug: the
    camera stops with the state `failed`.

    Cancellation, and closing the iterator, end the thread and release the camera. A second
    `aclose` does nothing.
    """

    @property
    @abstractmethod
    def live(self) -> bool:
        """True: the newest frame wins, older ones are dropped and counted. False: the reader sets
        the pace and gets every frame."""

    @property
    def dropped(self) -> int:
        """Frames that were decoded and never handed out, since the source was built. Never
        falls."""
        return 0

    @property
    def broken(self) -> int:
        """Frames that could not be decoded, since the source was built. Never falls."""
        return 0

    @abstractmethod
    def frames(self) -> AsyncIterator[Frame]:
        """Frames with rising numbers, from `SourceContext.first_number` on, over all calls; times
        in UTC, never falling; pixels as BGR, `uint8`, height x width x 3. Ends when a recording
        ends; a live source never ends by itself. May be called again after it has ended."""
