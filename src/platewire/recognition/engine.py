"""The contract of engines: reads the plates in a frame.

An engine is one file with a frozen settings class (`EngineSettings`, tagged by its `type` in the
configuration) whose `build` returns an `Engine`. It is registered in
`recognition.builtin.BUILTIN`, or by another package as an entry point of the group
`platewire.engines`.

An engine is plain blocking code; the pool runs it off the event loop, for all cameras. It keeps
nothing between frames that would change its reads: the passage room combines reads over time.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from msgspec import Struct

from platewire.model import Frame, Read
from platewire.recognition.refused import Examined
from platewire.recognition.stopwatch import Stopwatch, stage


class Engine(ABC):
    """Reads plates in frames.

    PictureError may leave `read` and `examine` for a frame that cannot be used: the next frame
    follows. Unavailable means that the engine cannot read now, such as a remote service that does
    not answer: the frame is not read, and the next one is tried. Any other exception is a bug: the
    frame is not read, and after some in a row the engine stops with the state `failed`.

    A call is never canceled: one that waits for another machine has a timeout.
    """

    calls_at_once: int = 1
    """Frames that may be read side by side, on threads of the pool. 1 is right for networks on the
    CPU, which use all its cores for one frame."""

    @abstractmethod
    def read(self, frame: Frame) -> Sequence[Read]:
        """The plates of this frame; empty if there is none. `Read.at` and `Read.frame` are those of
        the frame, boxes in its pixels."""

    def examine(self, frame: Frame, watch: Stopwatch | None = None) -> Examined:
        """As `read`, with the candidates that were refused, at most `REFUSED_MAX`, and with the
        time of each stage on `watch`. The default calls `read`; an engine that overrides this
        one has a `read` that returns `list(self.examine(frame).reads)`."""
        with stage(watch, "read"):
            return Examined(tuple(self.read(frame)))

    def check(self) -> str:
        """What `platewire check` verifies once the engine is built, for display. Blocking. Raises
        ConfigError or Unavailable, with what to do."""
        return "models loaded"

    @abstractmethod
    def close(self) -> None:
        """Lets go of models and connections. No call of `read` runs. A second call does nothing."""


class EngineSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Engines add their own settings, and their tag."""

    def build(self) -> Engine:
        """Loads the models; blocking. ConfigError names a missing or damaged file and the
        remedy."""
        raise NotImplementedError

    @property
    def kind(self) -> str:
        """Its `type` in the configuration."""
        return str(self.__struct_config__.tag)
