"""The second opinion: general text networks read a detected plate; limits how often they run."""

from datetime import datetime, timedelta
from typing import NamedTuple

from platewire.model import Box, Pixels
from platewire.recognition.engines.rapidocr import RapidOcr, RapidOcrSettings
from platewire.recognition.networks import geometry
from platewire.recognition.networks.text_detector import Quad
from platewire.recognition.networks.text_line import TextLine
from platewire.recognition.vehicle.vehicle_data import NOTHING

SIDE = 320
"""Pixels of the longer side in which lines of text are sought; the plate fills it."""
MARGIN = 0.25
"""Of a plate's height, looked at around it."""
APART = timedelta(seconds=1)
"""Frame time between two questions about one place."""
REMEMBERED = 32
"""Places of one camera; the oldest are forgotten first."""


class SecondOpinion:
    def __init__(self, *, threads: int) -> None:
        config = RapidOcrSettings(
            detector_side=SIDE, threads=threads, min_plate_width=8, vehicle=NOTHING
        )
        self._engine = RapidOcr(config)
        self.detector, self.reader = self._engine.detector, self._engine.reader

    def ask(self, pixels: Pixels, quad: Quad) -> TextLine | None:
        """The line that is likeliest the plate's; None where nothing like a plate is read."""
        crop = geometry.cut_out(pixels, geometry.grown(quad, MARGIN))
        found = self._engine.plates(crop)
        if found:
            return max(found, key=lambda one: one.merit).line
        whole = self._engine.reader.read([geometry.cut_out(pixels, quad)])
        return whole[0] if whole and whole[0].characters else None


class Question(NamedTuple):
    at: datetime
    box: Box


class RecentRequests:
    """Remembers where and when it ran, for each camera; `apart` is frame time.

    A recording that begins again is a new one, so that it is read as it was the first time."""

    def __init__(self, apart: timedelta = APART) -> None:
        self._apart = apart
        self._by_camera: dict[str, list[Question]] = {}
        self._newest: dict[str, datetime] = {}

    def begin(self, camera: str, at: datetime) -> None:
        """To be called once for each frame, before its questions."""
        newest = self._newest.get(camera)
        if newest is None or at <= newest:
            self._by_camera[camera] = []
        self._newest[camera] = at

    def may_ask(self, camera: str, at: datetime, box: Box) -> bool:
        """Whether a question about this place is due; if so it counts as asked."""
        asked = self._by_camera.setdefault(camera, [])
        if any(at - one.at < self._apart and near(one.box, box) for one in asked):
            return False
        asked.append(Question(at, box))
        del asked[:-REMEMBERED]
        return True


def near(one: Box, other: Box) -> bool:
    """Whether the middles are closer than the plates are wide: a vehicle moves within a second."""
    across, down = one.center[0] - other.center[0], one.center[1] - other.center[1]
    reach = max(one.width, other.width)
    return abs(across) < reach and abs(down) < reach
