"""The plug of this room: a frame in, the plates read in it out.

An engine is one file with a frozen config (tagged by `type`, listed in `BUILTIN`) whose `build`
returns an `Engine`. It is plain blocking code; the pool runs it off the event loop. It keeps
nothing between frames: what belongs together over time is the passage room's to say.

`read` is all that an engine must have. One that can also say what it found and refused, or how
long its stages took, has `examine` too, and its `read` gives `list(self.examine(frame).reads)`.
Everybody outside calls the function `examine` below, which does with either kind.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from platewire.model import Frame, Read
from platewire.recognition.refused import Examined
from platewire.recognition.stopwatch import Stopwatch, stage


class Engine(Protocol):
    def read(self, frame: Frame) -> Sequence[Read]:
        """Reads of this frame, `Read.at` and `Read.frame` taken from it; empty when there is no
        plate. Raises PictureError for a picture that cannot be used."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class ExaminingEngine(Protocol):
    """An engine that says more of a frame than its reads."""

    def examine(self, frame: Frame, watch: Stopwatch | None = None) -> Examined:
        """As `read`, with the candidates that were refused, at most `REFUSED_MAX`. Stages are
        timed on `watch` where there is one."""
        ...


class EngineConfig(Protocol):
    def build(self) -> Engine:
        """Loads the models; ConfigError names a missing or damaged file and the remedy."""
        ...


def examine(engine: Engine, frame: Frame, watch: Stopwatch | None = None) -> Examined:
    """All that the engine says of the frame; of one with `read` alone, its reads and time."""
    if isinstance(engine, ExaminingEngine):
        return engine.examine(frame, watch)
    with stage(watch, "read"):
        return Examined(tuple(engine.read(frame)))
