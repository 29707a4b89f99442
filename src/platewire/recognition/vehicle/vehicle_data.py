"""Vehicle attributes per frame: color and type each time, badges a few times.

Recognition has no passages, so the plate text limits how often badges are searched: a few times for
one text of one camera while it is being read, and a second time only if more is visible than
before. The result is attached to every further read of that text. After a while without a read the
search starts again, and so it does when a recording begins again.
"""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct, structs

from platewire.model import Box, Frame, Vehicle
from platewire.recognition.networks.text_detector import TextDetector
from platewire.recognition.networks.text_reader import TextReader
from platewire.recognition.vehicle.badges import BadgeReader
from platewire.recognition.vehicle.classifier import VehicleClassifier
from platewire.recognition.vehicle.makes import Badges

LOOKS_MAX = 3
"""Searches for badges on one vehicle while it is in the picture."""
FORGOTTEN_AFTER = timedelta(seconds=20)
"""Frame time without a read, after which the same text is another visit."""
LARGER = 1.25
"""A further search needs a plate wider than at the last one by this factor, or else must wait."""
AGAIN_AFTER = timedelta(milliseconds=800)
"""Frame time until the same vehicle is searched again at the same size: the light on a badge, and
how sharp it is, change from frame to frame."""
PAUSE = timedelta(milliseconds=400)
"""Frame time between two searches of one camera, so that a full street is not searched at once."""
PLATE_WIDTH_MIN = 90.0
"""Pixels; the letters of a badge are a twentieth of a plate's width high."""
REMEMBERED = 256
"""Texts, of all cameras together; the one not read for longest is forgotten first."""


class VehicleSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Recognition of the vehicle around a plate."""

    color_and_type: Annotated[
        bool, Meta(description="Recognize color and type of the vehicle; about 3 ms per read")
    ] = True
    make_and_model: Annotated[
        bool,
        Meta(
            description="Read the badges on the vehicle for make and model; about 100 ms, at "
            "most three times per vehicle in view"
        ),
    ] = True

    def build(
        self,
        *,
        threads: int,
        detector: TextDetector | None = None,
        reader: TextReader | None = None,
    ) -> "VehicleData":
        """Opens what is wanted; an engine that has the text networks open lends them."""
        return VehicleData(
            VehicleClassifier() if self.color_and_type else None,
            BadgeReader(threads=threads, detector=detector, reader=reader)
            if self.make_and_model
            else None,
        )


NOTHING = VehicleSettings(color_and_type=False, make_and_model=False)


class Visit(NamedTuple):
    """The searches and results for one text of one camera."""

    read_at: datetime
    looks: int = 0
    looked_at: datetime | None = None
    width: float = 0.0
    found: Badges = Badges()


class VehicleData:
    """Thread-safe."""

    def __init__(self, classifier: VehicleClassifier | None, badges: BadgeReader | None) -> None:
        self._classifier = classifier
        self._badges = badges
        self._looks = Looks()

    def look(self, frame: Frame, plate: Box, text: str) -> Vehicle:
        """The vehicle of a plate read in this frame; null is what is not known for certain."""
        vehicle = self._classifier.look(frame.pixels, plate) if self._classifier else Vehicle()
        badges = self._found(frame, plate, text)
        return structs.replace(vehicle, make=badges.make, model=badges.model)

    def _found(self, frame: Frame, plate: Box, text: str) -> Badges:
        if self._badges is None:
            return Badges()
        known = self._looks.begin(frame.camera, text, frame.captured_at, plate.width)
        if known is not None:
            return known
        seen = self._badges.read(frame.pixels, plate)
        return self._looks.end(frame.camera, text, seen)


class Looks:
    """Decides when to search for badges, and keeps the results."""

    def __init__(self) -> None:
        self._visits: OrderedDict[tuple[str, str], Visit] = OrderedDict()
        self._searched_at: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def begin(self, camera: str, text: str, at: datetime, width: float) -> Badges | None:
        """What is known already, or None: search now, and tell `end`."""
        with self._lock:
            visit = self._visit(camera, text, at)
            due = self._is_due(camera, visit, at, width)
            if due:
                visit = visit._replace(looks=visit.looks + 1, looked_at=at, width=width)
                self._searched_at[camera] = at
            self._keep(camera, text, visit)
            return None if due else visit.found

    def end(self, camera: str, text: str, seen: Badges) -> Badges:
        """Keeps what a search found; gives what all searches of this visit together know."""
        with self._lock:
            visit = self._visits.get((camera, text))
            if visit is None:
                return seen
            found = agreed(visit.found, seen)
            looks = LOOKS_MAX if found is None else visit.looks
            self._visits[camera, text] = visit._replace(found=found or Badges(), looks=looks)
            return found or Badges()

    def _visit(self, camera: str, text: str, at: datetime) -> Visit:
        visit = self._visits.get((camera, text))
        if visit is None or not visit.read_at <= at <= visit.read_at + FORGOTTEN_AFTER:
            return Visit(at)
        return visit._replace(read_at=at)

    def _is_due(self, camera: str, visit: Visit, at: datetime, width: float) -> bool:
        done = visit.looks >= LOOKS_MAX or (visit.found.make and visit.found.model)
        if done or width < PLATE_WIDTH_MIN:
            return False
        waited = visit.looked_at is None or at - visit.looked_at >= AGAIN_AFTER
        if not waited and width < visit.width * LARGER:
            return False
        last = self._searched_at.get(camera)
        return last is None or at < last or at - last >= PAUSE

    def _keep(self, camera: str, text: str, visit: Visit) -> None:
        self._visits[camera, text] = visit
        self._visits.move_to_end((camera, text))
        while len(self._visits) > REMEMBERED:
            self._visits.popitem(last=False)


def agreed(before: Badges, now: Badges) -> Badges | None:
    """Two searches of one vehicle: more is better; None where they say two makes."""
    if before.make is None or now.make is None:
        return now if before.make is None else before
    if before.make.value != now.make.value:
        return None
    surer = max((before, now), key=lambda one: one.make.confidence if one.make else 0.0)
    models = [one.model for one in (now, before) if one.model]
    return Badges(surer.make, max(models, key=lambda one: len(one.value), default=None))
