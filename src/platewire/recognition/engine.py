"""The plug of this room: a frame in, the plates read in it out.

An engine is one file with a frozen config (tagged by `type`, listed in `BUILTIN`) whose `build`
returns an `Engine`. It is plain blocking code; the pool runs it off the event loop. It keeps
nothing between frames: what belongs together over time is the passage room's to say.
"""

from collections.abc import Sequence
from typing import Protocol

from platewire.model import Frame, Read


class Engine(Protocol):
    def read(self, frame: Frame) -> Sequence[Read]:
        """Reads of this frame, `Read.at` and `Read.frame` taken from it; empty when there is no
        plate. Raises PictureError for a picture that cannot be used."""
        ...

    def close(self) -> None: ...


class EngineConfig(Protocol):
    def build(self) -> Engine:
        """Loads the models; ConfigError names a missing or damaged file and the remedy."""
        ...
