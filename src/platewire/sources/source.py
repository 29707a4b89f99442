"""The plug of this room: where frames come from.

A source is one file with a frozen config (tagged by `type`, listed in `BUILTIN`) whose `build`
returns a `FrameSource`. The source decodes on a thread of its own and never blocks the event loop.
It does not reconnect, count or report: intake does, once, for all.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from platewire.clock import Clock
from platewire.model import Frame


class FrameSource(Protocol):
    @property
    def live(self) -> bool:
        """True: newest frame wins, older ones are dropped and counted. False: the reader sets
        the pace and every frame is delivered."""
        ...

    @property
    def dropped(self) -> int:
        """Frames decoded but never handed out, since the source was built. Rises only."""
        ...

    @property
    def broken(self) -> int:
        """Frames that could not be decoded, since the source was built. Rises only."""
        ...

    def frames(self) -> AsyncIterator[Frame]:
        """Ends when a recording ends. Raises Unavailable when the camera is cut off, silent for
        longer than its `silence_seconds`, or sends what is no picture; the message names the
        camera and the remedy. Closing the iterator releases the camera. May be called again."""
        ...


@dataclass(frozen=True, slots=True)
class SourceContext:
    camera: str
    clock: Clock
    first_number: int = 0
    """Number of the first frame."""
    note: Callable[[str], None] = lambda message: None
    """Told, on the event loop, what a person should know although the source goes on."""


class SourceConfig(Protocol):
    def build(self, context: SourceContext) -> FrameSource: ...
