"""Motion detection: skips frames that show the same as the last frame read.

A frame is scaled to a tiny gray image and compared with the last frame that was read: without a
changed cell there is no motion. Comparing with the last frame *read*, not the last seen, lets slow
movement add up. These frames are read without motion too: those of `SETTLE_SECONDS` after movement,
when a vehicle has stopped and is seen best; one every `still_seconds`; and all frames while a
passage is open whose plate the last reading did not find, so that a standing vehicle is not lost
because of one misread frame. A change of light changes every cell and so counts as motion.
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal

import cv2
import numpy as np
import numpy.typing as npt
from msgspec import Meta, Struct

from platewire.model import Frame, Pixels

CELLS = (64, 36)
"""Columns and rows. A plate that is 40 pixels wide in a frame of 1280 spans two cells, the vehicle
around it some forty."""
SAMPLES = 512
"""About so many pixels across are looked at; their mean in a cell evens noise out."""
SETTLE_SECONDS = 1.0
"""Frame time."""

Cells = npt.NDArray[np.int16]


class MotionSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Skipping of frames without motion."""

    skip_still: Annotated[
        Literal["live", "always", "never"],
        Meta(
            description="Skip frames without motion: `live` cameras only, so that recordings are "
            "read completely; `always`; or `never`"
        ),
    ] = "live"
    still_seconds: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="A still frame is read again after this time, and at least three times "
            "within `lost_after_seconds`, so that a stopped vehicle is not lost",
        ),
    ] = 1.0
    threshold: Annotated[
        float,
        Meta(ge=1, le=255, description="Minimum change of a small area in gray levels (0 to 255)"),
    ] = 6.0

    def gate(self, *, live: bool, lost_after_seconds: float) -> "MotionGate | None":
        """None where every frame is to be read."""
        if self.skip_still == "never" or (self.skip_still == "live" and not live):
            return None
        return MotionGate(self.threshold, min(self.still_seconds, lost_after_seconds / 3))


class MotionGate:
    """For one camera. Uses frame time, so the result for a recording is reproducible."""

    def __init__(self, threshold: float, still_seconds: float) -> None:
        self._threshold = threshold
        self._patience = timedelta(seconds=still_seconds)
        self._reference: Cells | None = None
        self._read_at: datetime | None = None
        self._moved_at: datetime | None = None

    def wants(self, frame: Frame, last_seen: datetime | None = None) -> bool:
        """Whether to read the frame. `last_seen` is when that open passage was last read which
        has been unread for longest; None when no passage is open."""
        cells = cells_of(frame.pixels)
        moved = self._differs(cells)
        if moved:
            self._moved_at = frame.captured_at
        wanted = moved or self._is_due(frame.captured_at, last_seen)
        if wanted:
            self._reference, self._read_at = cells, frame.captured_at
        return wanted

    def _differs(self, cells: Cells) -> bool:
        reference = self._reference
        if reference is None:
            return True
        return bool(np.abs(cells - reference).max() >= self._threshold)

    def _is_due(self, at: datetime, last_seen: datetime | None) -> bool:
        read_at, moved_at = self._read_at, self._moved_at
        if read_at is None or moved_at is None or at < read_at:
            return True
        settling = at - moved_at <= timedelta(seconds=SETTLE_SECONDS)
        missing = last_seen is not None and last_seen < read_at
        return settling or missing or at - read_at >= self._patience


def cells_of(pixels: Pixels) -> Cells:
    """The picture as `CELLS` gray values."""
    step = max(1, pixels.shape[1] // SAMPLES)
    gray = cv2.cvtColor(np.ascontiguousarray(pixels[::step, ::step]), cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(gray, CELLS, interpolation=cv2.INTER_AREA), np.int16)
