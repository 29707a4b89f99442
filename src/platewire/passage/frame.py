"""Frame data that passages need: its time and size."""

from datetime import datetime
from typing import NamedTuple, Self

from platewire.model import BootTime, Box, Frame


class FrameView(NamedTuple):
    captured_at: datetime
    """Aware, UTC."""
    width: int
    """In pixels, as the height."""
    height: int
    arrived: BootTime | None = None
    """When the frame came. It decides nothing: the changes carry it along."""

    @classmethod
    def of(cls, frame: Frame, arrived: BootTime | None = None) -> Self:
        height, width = frame.pixels.shape[:2]
        return cls(frame.captured_at, width, height, arrived)

    def fractions(self, box: Box) -> tuple[float, float]:
        """The center of the box, as fractions of the width and the height."""
        x, y = box.center
        return x / max(self.width, 1), y / max(self.height, 1)
