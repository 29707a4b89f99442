"""The default engine: platewire's networks detect and read plates; PP-OCR gives a second opinion on
doubtful ones.

The plates of a frame are detected as four corners, rectified and read in one batch. If the reader
is unsure, or its text matches no country, the general text networks read the same plate, and both
results are merged (`opinions`). They are many times slower, so for a plate that stays in place they
run at most once a second of frame time.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from platewire.country import FREE_CHOICE, Understanding
from platewire.model import Frame, Pixels, Read
from platewire.recognition import quality
from platewire.recognition.engine import Engine
from platewire.recognition.engines.second_opinion import RecentRequests, SecondOpinion
from platewire.recognition.engines.state_names import COUNTRIES, StateNames
from platewire.recognition.networks import geometry
from platewire.recognition.networks.plate_detector import PlateBox, PlateDetector
from platewire.recognition.networks.plate_reader import PlateReader, PlateText
from platewire.recognition.networks.text_detector import Quad
from platewire.recognition.networks.text_line import TextLine
from platewire.recognition.pictures import checked
from platewire.recognition.refused import Examined, Reason, Refused, likeliest, refusal
from platewire.recognition.settings import ReadingSettings
from platewire.recognition.stopwatch import Stopwatch, stage
from platewire.recognition.text.opinions import averaged, blended, doubted, merit
from platewire.recognition.text.plausible import of_piece, text_of, understood_plate
from platewire.recognition.text.reading import mean_chance, plate_characters, read_of

MARGIN = 0.06
"""Of a plate's height, added around it before it is cut out."""
RECROPS = ((0.0, 0.0), (0.14, 0.0), (0.06, 0.12), (0.06, -0.12))
"""Further cuts of a doubtful plate: the margin as above, and a shift along the line, in heights."""
DOUBT_MEAN_MIN, DOUBT_CHARACTER_MIN = 0.93, 0.8
"""A text whose characters are less sure than this, all together or any one, is doubtful."""
RECROP_MEAN_MIN, RECROP_CHARACTER_MIN = 0.97, 0.9
"""The same for further cuts, which cost little."""
LOW_SCORE_MAX = 0.3
"""A place less likely a plate than this is one only if a known form is read there surely."""
LOW_SCORE_CONFIDENCE_MIN = 0.9
"""How surely a known form must be read at such a place, 0 to 1: misses against false positives."""
LOW_SCORE_INTERVAL = timedelta(milliseconds=200)
"""Frame time until a place that is unlikely a plate is read again."""
PLATE_MIN = 0.5
"""What is less likely to be a number plate is none."""
STATE_LOOKS = 0.3
"""Chance by the looks that a plate is of a country whose plates name their states, from which on
such a name is looked for whatever the text says."""
LOOKS_LIKELY = 0.5
"""Chance by the looks of a country whose form a text has, from which on another reader's say must
fit some form as well to change the text."""
UNKNOWN_SURE = 0.75
"""A text that is no country's must be surer than this."""


class PlatesSettings(ReadingSettings, frozen=True, kw_only=True, tag="plates"):
    """Finds and reads plates with platewire's own networks, on the CPU."""

    detector_side: Annotated[
        int,
        Meta(
            ge=160,
            le=2560,
            description="Frames are scaled to this many pixels on the longer side for plate "
            "detection. Larger values find smaller plates; the time grows with the "
            "square",
        ),
    ] = 768
    min_score: Annotated[
        float,
        Meta(
            ge=0.05,
            le=1,
            description="Minimum detection confidence; below 0.3, only known plate forms that "
            "are read with high confidence count",
        ),
    ] = 0.1
    second_opinion: Annotated[
        Literal["doubtful", "never"],
        Meta(
            description="Also read doubtful plates with the slower general text networks: better "
            "reads for about 50 ms each, at most once per second and vehicle"
        ),
    ] = "doubtful"

    def build(self) -> "Plates":
        self.check_countries()
        return Plates(self)


class Found(NamedTuple):
    """A plate and its selected text."""

    place: PlateBox
    line: TextLine
    meaning: Understanding | None
    seen: PlateText


class Plates(Engine):
    def __init__(self, config: PlatesSettings) -> None:
        self._config = config
        self._expected, self._forms = config.expected, config.forms
        self.detector = PlateDetector(
            side=config.detector_side, threads=config.threads, min_score=config.min_score
        )
        self.reader = PlateReader(threads=config.threads)
        second = config.second_opinion != "never"
        self.second = SecondOpinion(threads=config.threads) if second else None
        self._low_score_requests = RecentRequests(LOW_SCORE_INTERVAL)
        self._second_requests, self._state_requests = RecentRequests(), RecentRequests()
        self.states = StateNames(self.second.detector, self.second.reader) if self.second else None
        self._vehicles = config.vehicle.build(
            threads=config.threads,
            detector=self.second.detector if self.second else None,
            reader=self.second.reader if self.second else None,
        )

    def read(self, frame: Frame) -> Sequence[Read]:
        return list(self.examine(frame).reads)

    def examine(self, frame: Frame, watch: Stopwatch | None = None) -> Examined:
        pixels = checked(frame)
        self._begin(frame)
        with stage(watch, "detect"):
            places = [place for place in self.detector.find(pixels) if self._is_due(frame, place)]
        wide = [place for place in places if self._is_wide(place)]
        small = [self._small(pixels, place) for place in places if not self._is_wide(place)]
        found = self._answers(frame, wide, watch)
        signs = [self._sign(pixels, one) for one in found if one.seen.plate < PLATE_MIN]
        found = [one for one in found if one.seen.plate >= PLATE_MIN]
        answers = [(one, self._read_of(frame, one, watch)) for one in found]
        reads = [read for _, read in answers if read]
        sure = [read for read in reads if read.confidence >= self._config.min_confidence]
        unsure = [refusal(Reason.UNSURE, read) for read in reads if read not in sure]
        odd = [self._odd(pixels, one) for one, read in answers if not read]
        sure.sort(key=lambda read: read.box.x)
        return Examined(tuple(sure), likeliest([*unsure, *odd, *small, *signs]))

    def close(self) -> None:
        """Nothing is held but memory."""

    def _begin(self, frame: Frame) -> None:
        for asked in (self._low_score_requests, self._second_requests, self._state_requests):
            asked.begin(frame.camera, frame.captured_at)

    def _is_due(self, frame: Frame, place: PlateBox) -> bool:
        """What is no plate is seen at its place in every frame."""
        return place.score >= LOW_SCORE_MAX or self._may_ask(self._low_score_requests, frame, place)

    def _may_ask(self, asked: RecentRequests, frame: Frame, place: PlateBox) -> bool:
        box = geometry.box_around(place.quad, frame.pixels)
        return asked.may_ask(frame.camera, frame.captured_at, box)

    def _is_wide(self, place: PlateBox) -> bool:
        return geometry.shape_of(place.quad).width >= self._config.min_plate_width

    def _answers(
        self, frame: Frame, places: Sequence[PlateBox], watch: Stopwatch | None
    ) -> list[Found]:
        if not places:
            return []
        with stage(watch, "rectify"):
            crops = [geometry.cut_out(frame.pixels, around(place)) for place in places]
        with stage(watch, "read"):
            seen = self.reader.read(crops)
        own = [self._found(p, text.line, text) for p, text in zip(places, seen, strict=True)]
        with stage(watch, "again"):
            own = self._seen_again(frame, own)
        with stage(watch, "second"):
            own = [self._with_second(frame, one) for one in own]
        with stage(watch, "state"):
            return [self._with_state(frame, one) for one in own]

    def _found(self, place: PlateBox, line: TextLine, seen: PlateText) -> Found:
        meaning = understood_plate(line, self._expected, dict(seen.country), self._forms)
        if place.partial and meaning is not None:
            meaning = of_piece(line, meaning)
        return Found(place, line, meaning, seen)

    def _seen_again(self, frame: Frame, found: list[Found]) -> list[Found]:
        """Doubtful plates are cut out a few times more, wider, tighter and shifted, as the network
        is not equally sure of every cut."""
        doubtful = [one for one in found if is_doubtful(one, RECROP_MEAN_MIN, RECROP_CHARACTER_MIN)]
        cuts = [cut for one in doubtful for cut in again(frame.pixels, one.place)]
        texts = self.reader.read(cuts)
        looks = len(RECROPS)
        better = {
            id(one): self._averaged(one, texts[index * looks : (index + 1) * looks])
            for index, one in enumerate(doubtful)
        }
        return [better.get(id(one), one) for one in found]

    def _averaged(self, own: Found, others: Sequence[PlateText]) -> Found:
        line = averaged([own.line, *(text.line for text in others)])
        return self._found(own.place, line, own.seen)

    def _with_second(self, frame: Frame, own: Found) -> Found:
        if self.second is None or own.place.score < LOW_SCORE_MAX or not is_doubtful(own):
            return own
        if own.place.partial:
            return own  # the form, which often decides between two opinions, is not known
        if not self._may_ask(self._second_requests, frame, own.place):
            return own
        other = self.second.ask(frame.pixels, own.place.quad)
        return self._both(own, other) if other else own

    def _both(self, own: Found, other: TextLine) -> Found:
        joint = blended(own.line, other)
        lines = [joint] if joint else [doubted(own.line), doubted(other)]
        found = [self._found(own.place, line, own.seen) for line in lines]
        best = max(found, key=lambda one: merit(one.line, one.meaning))
        if joint and has_form_of_looks(own) and not is_exact(best):
            return own._replace(line=doubted(own.line))
        return best

    def _with_state(self, frame: Frame, own: Found) -> Found:
        """With the state that a plate names, which tells its country, too."""
        if self.states is None or own.meaning is None or not may_name_state(own):
            return own
        if not self._may_ask(self._state_requests, frame, own.place):
            return own
        state = self.states.read(frame.pixels, own.place.quad)
        if state is None:
            return own
        country, _, region = state.partition("-")
        return own._replace(meaning=own.meaning._replace(country=country, region=region))

    def _read_of(self, frame: Frame, found: Found, watch: Stopwatch | None) -> Read | None:
        """None where the text is no plate's."""
        meaning = found.meaning
        if meaning is None or sureness(found.line) < least_sure(found.place, meaning):
            return None
        box = geometry.box_around(found.place.quad, frame.pixels)
        with stage(watch, "vehicle"):
            vehicle = self._vehicles.look(frame, box, meaning.text)
        with stage(watch, "quality"):
            seen = quality.of_quad(frame.pixels, found.place.quad)
        partial = found.place.partial
        return read_of(frame, found.line, meaning, box, vehicle, seen, partial=partial)

    def _small(self, pixels: Pixels, place: PlateBox) -> Refused:
        box = geometry.box_around(place.quad, pixels)
        return Refused(reason=Reason.SMALL, text="", confidence=round(place.score, 4), box=box)

    def _sign(self, pixels: Pixels, found: Found) -> Refused:
        return Refused(
            reason=Reason.NO_PLATE,
            text=text_of(found.line),
            confidence=round(found.seen.plate, 4),
            box=geometry.box_around(found.place.quad, pixels),
        )

    def _odd(self, pixels: Pixels, found: Found) -> Refused:
        return Refused(
            reason=Reason.FORM,
            text=text_of(found.line),
            confidence=round(sureness(found.line), 4),
            box=geometry.box_around(found.place.quad, pixels),
        )


def around(place: PlateBox) -> Quad:
    """The plate with a little more, as the reader was trained to see it."""
    return geometry.grown(place.quad, MARGIN)


def again(pixels: Pixels, place: PlateBox) -> list[Pixels]:
    return [
        geometry.cut_out(pixels, geometry.shifted(geometry.grown(place.quad, margin), along))
        for margin, along in RECROPS
    ]


def sureness(line: TextLine) -> float:
    return mean_chance([one.chance for one in plate_characters(line)] or [0.0])


def least_sure(place: PlateBox, meaning: Understanding) -> float:
    """How surely a text must be read to be a plate's; more than 1 is never reached."""
    if place.score < LOW_SCORE_MAX:
        return LOW_SCORE_CONFIDENCE_MIN if meaning.known else 2.0
    return 0.0 if meaning.known else UNKNOWN_SURE


def may_name_state(found: Found) -> bool:
    """Whether its state may stand on it, and is not known by its form."""
    meaning = found.meaning
    if meaning is None or meaning.region or found.seen.plate < PLATE_MIN or found.place.partial:
        return False
    looks = sum(chance for code, chance in found.seen.country if code in COUNTRIES)
    return meaning.country in COUNTRIES or looks >= STATE_LOOKS


def has_form_of_looks(found: Found) -> bool:
    """Whether the text fits, as it stands, a form of the country that the plate looks like; where
    owners choose their texts a form says nothing."""
    meaning = found.meaning
    if meaning is None or not meaning.exact or meaning.country in FREE_CHOICE:
        return False
    return dict(found.seen.country).get(meaning.country or "", 0.0) >= LOOKS_LIKELY


def is_exact(found: Found) -> bool:
    return found.meaning is not None and found.meaning.exact


def is_doubtful(
    found: Found, mean: float = DOUBT_MEAN_MIN, one: float = DOUBT_CHARACTER_MIN
) -> bool:
    if found.seen.plate < PLATE_MIN:
        return False
    if not is_exact(found):
        return True
    chances = [each.chance for each in plate_characters(found.line)]
    return sureness(found.line) < mean or min(chances) < one
